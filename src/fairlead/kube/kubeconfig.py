"""Reads an entry of a kubeconfig file: where the API server is and who we are."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from fairlead.model.access import ClientCertificate, InlineCertificate, KubeAccess, StaticToken, TokenSource
from fairlead.model.cluster import KubeconfigPlace
from fairlead.model.errors import UsageError

_OTHER_WAYS = "use a client certificate, a token or a token file, or leave `kubeconfig` out to use GKE's endpoint"


@dataclass(frozen=True)
class TokenFile:
    """A token that somebody else keeps fresh in a file; read each time it is needed."""

    path: Path

    async def token(self, refused: str = "") -> str:
        try:
            return self.path.read_text().strip()
        except OSError as error:
            raise UsageError(f"the token file cannot be read: {error}", place=str(self.path)) from error


def access_from(place: KubeconfigPlace) -> KubeAccess:
    """Blocks on small files; UsageError says what in the file cannot be used."""
    path = Path(place.path).expanduser()
    entry = _entry(path, place.context)
    if entry.cluster.insecure:
        raise UsageError(
            "`insecure-skip-tls-verify` is not accepted: it would send our credentials to whoever answers",
            place=str(path),
            hint="give the cluster its `certificate-authority-data`",
        )
    if not entry.cluster.server.startswith("https://"):
        raise UsageError(f"`{entry.cluster.server}` is not an https address", place=str(path))
    return KubeAccess(entry.cluster.server.rstrip("/"), _ca(path, entry), _credentials(path, entry))


def _entry(path: Path, context: str | None) -> SingleConfig:
    try:
        entry = KubeConfig.from_file(path).get(context)
    except KeyError as error:
        raise UsageError(f"the kubeconfig has no {error}", place=str(path)) from error
    except (ConfigError, OSError, TypeError, AttributeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise UsageError(
            f"the kubeconfig cannot be used: {error}",
            place=str(path),
            hint="`kubectl config get-contexts --kubeconfig FILE` lists what it has",
        ) from error
    assert entry is not None  # only where a default is given
    return entry


def _ca(path: Path, entry: SingleConfig) -> str | None:
    if entry.cluster.certificate_auth_data:
        return _inline(path, "certificate-authority-data", entry.cluster.certificate_auth_data)
    if entry.cluster.certificate_auth:
        return _text(path, Path(entry.abs_file(entry.cluster.certificate_auth)))
    return None


def _credentials(path: Path, entry: SingleConfig) -> TokenSource | ClientCertificate | InlineCertificate | None:
    user = entry.user
    if user is None:
        return None
    if user.token_file:
        return TokenFile(Path(entry.abs_file(user.token_file)))
    if user.token:
        return StaticToken(user.token)
    if user.client_cert_data and user.client_key_data:
        return InlineCertificate(
            _inline(path, "client-certificate-data", user.client_cert_data),
            _inline(path, "client-key-data", user.client_key_data),
        )
    if user.client_cert and user.client_key:
        return ClientCertificate(Path(entry.abs_file(user.client_cert)), Path(entry.abs_file(user.client_key)))
    return _nothing_usable(path, user)


def _nothing_usable(path: Path, user: User) -> None:
    if user.exec is not None:
        what = f"the credential plugin `{user.exec.command}`"
    elif user.auth_provider is not None:
        what = "an `auth-provider`"
    elif user.username is not None:
        what = "a user name and password"
    elif user.client_cert or user.client_cert_data or user.client_key or user.client_key_data:
        what = "a client certificate and its key from different kinds of place"
    else:
        return
    raise UsageError(f"the user entry asks for {what}, which is not supported yet", place=str(path), hint=_OTHER_WAYS)


def _inline(path: Path, field: str, text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UsageError(f"`{field}` is not base64 of PEM", place=str(path)) from error


def _text(path: Path, file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"`certificate-authority` cannot be read: {error}", place=str(path)) from error
