"""Reads a kubeconfig entry: server, CA, and a client certificate or token."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fairlead.model.access import ClientCertificate, ClientCertificateText, KubeAccess, TokenSource
from fairlead.model.cluster import KubeconfigPlace
from fairlead.model.errors import UsageError


class _Cluster(msgspec.Struct, rename="kebab"):
    server: str
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool = False


class _User(msgspec.Struct, rename={"token_file": "tokenFile"}):
    client_certificate: str | None = msgspec.field(name="client-certificate", default=None)
    client_key: str | None = msgspec.field(name="client-key", default=None)
    client_certificate_data: str | None = msgspec.field(name="client-certificate-data", default=None)
    client_key_data: str | None = msgspec.field(name="client-key-data", default=None)
    token: str | None = None
    token_file: str | None = None
    exec: Any = None


class _Context(msgspec.Struct):
    cluster: str
    user: str


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: _Cluster


class _NamedUser(msgspec.Struct):
    name: str
    user: _User


class _NamedContext(msgspec.Struct):
    name: str
    context: _Context


class _Kubeconfig(msgspec.Struct, rename="kebab"):
    clusters: list[_NamedCluster] = []
    users: list[_NamedUser] = []
    contexts: list[_NamedContext] = []
    current_context: str = ""


class _Fixed(NamedTuple):
    """A token written into the file."""

    value: str

    async def token(self, *, rejected: str | None = None) -> str:
        return self.value


class _FromFile(NamedTuple):
    """A token in a file of its own, read again each time: whoever writes it may rotate it."""

    path: Path

    async def token(self, *, rejected: str | None = None) -> str:
        return (await asyncio.to_thread(self.path.read_text)).strip()


N = TypeVar("N", _NamedCluster, _NamedUser, _NamedContext)


def access(place: KubeconfigPlace) -> KubeAccess:
    """How to reach the cluster of a kubeconfig's context; UsageError says what the file lacks."""
    path = Path(place.path).expanduser()
    config = _read(path)
    context = _named(config.contexts, place.context or config.current_context, path, "context").context
    cluster = _named(config.clusters, context.cluster, path, "cluster").cluster
    user = _named(config.users, context.user, path, "user").user
    if cluster.insecure_skip_tls_verify:
        raise UsageError("`insecure-skip-tls-verify` is not supported", place=str(path), hint="give the CA instead")
    authority = _text(cluster.certificate_authority_data, cluster.certificate_authority, path)
    return KubeAccess(cluster.server, authority, _credentials(user, path))


def _read(path: Path) -> _Kubeconfig:
    try:
        return msgspec.convert(YAML(typ="safe").load(path.read_text()), _Kubeconfig)
    except (OSError, YAMLError, msgspec.ValidationError) as error:
        raise UsageError(f"the kubeconfig cannot be read: {error}", place=str(path)) from error


def _named(entries: Sequence[N], name: str, path: Path, what: str) -> N:
    for entry in entries:
        if entry.name == name:
            return entry
    known = ", ".join(f"`{entry.name}`" for entry in entries) or "none"
    raise UsageError(f"there is no {what} `{name}`", place=str(path), hint=f"it has {known}")


def _text(data: str | None, file: str | None, path: Path) -> str | None:
    if data is not None:
        try:
            return base64.b64decode(data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UsageError(f"data is not base64 of PEM: {error}", place=str(path)) from error
    return (path.parent / file).read_text() if file else None


def _credentials(user: _User, path: Path) -> TokenSource | ClientCertificate | ClientCertificateText | None:
    if user.exec is not None:
        raise UsageError(
            "exec credential plugins are not supported yet", place=str(path), hint="use a token file or a certificate"
        )
    if user.token is not None:
        return _Fixed(user.token)
    if user.token_file is not None:
        return _FromFile(path.parent / user.token_file)
    if user.client_certificate is not None and user.client_key is not None:
        return ClientCertificate(path.parent / user.client_certificate, path.parent / user.client_key)
    certificate, key = _text(user.client_certificate_data, None, path), _text(user.client_key_data, None, path)
    return ClientCertificateText(certificate, key) if certificate and key else None
