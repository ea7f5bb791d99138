"""TLS to an API server: always verified, with a client certificate where that is who we are."""

import ssl
import tempfile
from pathlib import Path

import httpx

from fairlead.kube.port import KubeRefusedError
from fairlead.model.access import ClientCertificate, InlineCertificate, KubeAccess


def context_of(access: KubeAccess) -> ssl.SSLContext:
    """KubeRefusedError where a certificate, key or CA is not what it should be."""
    try:
        # httpx's own context knows the public CAs; one with a CA of its own must know no other.
        context = httpx.create_ssl_context() if access.ca_pem is None else _with_ca(access.ca_pem)
        if isinstance(access.credentials, ClientCertificate):
            context.load_cert_chain(access.credentials.certificate, access.credentials.key)
        elif isinstance(access.credentials, InlineCertificate):
            _load_inline(context, access.credentials)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise KubeRefusedError(
            f"the certificates for {access.server} cannot be used: {error}",
            hint="CA, client certificate and key must be PEM, and the key must belong to the certificate",
        ) from error
    return context


def _with_ca(pem: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=pem)


def _load_inline(context: ssl.SSLContext, pair: InlineCertificate) -> None:
    # OpenSSL reads certificates of our own from files only; this one is ours alone and gone when it was read.
    with tempfile.TemporaryDirectory(prefix="fairlead-") as folder:
        file = Path(folder) / "pair.pem"
        file.touch(mode=0o600)
        file.write_text(f"{pair.certificate_pem}\n{pair.key_pem}\n")
        context.load_cert_chain(file)
