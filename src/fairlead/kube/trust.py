"""Whom we trust as a cluster's API server, and the certificate we show it."""

import ssl
import tempfile
from pathlib import Path

from fairlead.kube.errors import KubeRefusedError
from fairlead.model.access import ClientCertificate, ClientCertificateText, KubeAccess


def trust(name: str, access: KubeAccess) -> ssl.SSLContext:
    """That CA alone, or the public ones where there is none. KubeRefusedError where something cannot be used."""
    if not access.server.startswith("https://"):
        raise KubeRefusedError(f"`{access.server}` is not HTTPS, so nothing is sent there", place=name)
    try:
        context = ssl.create_default_context(cadata=access.ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise KubeRefusedError(f"its CA certificate cannot be read: {error}", place=name) from error
    try:
        _show(context, access)
    except (ssl.SSLError, OSError) as error:
        raise KubeRefusedError(f"the client certificate cannot be used: {error}", place=name) from error
    return context


def _show(context: ssl.SSLContext, access: KubeAccess) -> None:
    match access.credentials:
        case ClientCertificate(certificate, key):
            context.load_cert_chain(certificate, key)
        case ClientCertificateText(certificate_pem, key_pem):
            # Python's TLS reads keys only from files; the folder is ours alone and gone at the end of the block.
            with tempfile.TemporaryDirectory(prefix="fairlead-") as folder:
                both = Path(folder) / "client.pem"
                both.touch(mode=0o600)
                both.write_text(f"{certificate_pem}\n{key_pem}\n")
                context.load_cert_chain(both)
