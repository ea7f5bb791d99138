"""Reads a kubeconfig entry: server, CA, and a client certificate, token or plugin."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fairlead.kube.errors import KubeRefusedError
from fairlead.kube.plugin import Plugin, PluginTokens
from fairlead.model.access import ClientCertificateText, Credentials, KubeAccess
from fairlead.model.cluster import KubeconfigPlace
from fairlead.model.errors import UsageError


class _Cluster(msgspec.Struct, rename="kebab"):
    server: str
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool = False


class _User(msgspec.Struct, rename="kebab"):
    client_certificate: str | None = None
    client_key: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    token: str | None = None
    token_file: str | None = msgspec.field(name="tokenFile", default=None)
    exec: Plugin | None = None
    auth_provider: Any = None
    username: str | None = None


class _Context(msgspec.Struct):
    cluster: str
    user: str = ""


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: _Cluster


class _NamedUser(msgspec.Struct):
    name: str
    user: _User


class _NamedContext(msgspec.Struct):
    name: str
    context: _Context


class Kubeconfig(msgspec.Struct, rename="kebab"):
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str = ""


class _Fixed:
    """A token written into the file."""

    def __init__(self, value: str) -> None:
        self._value = value

    async def token(self, *, rejected: str | None = None) -> str:
        return self._value


class TokenFile:
    """A token in a file of its own, read again each time: whoever writes it may rotate it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self, *, rejected: str | None = None) -> str:
        try:
            return (await asyncio.to_thread(self._path.read_text)).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise KubeRefusedError(f"the token cannot be read: {error}", place=str(self._path)) from error


N = TypeVar("N", _NamedCluster, _NamedUser, _NamedContext)


def access(place: KubeconfigPlace) -> KubeAccess:
    """How to reach the cluster of a kubeconfig's context; UsageError says what the file lacks."""
    path = Path(place.path).expanduser()
    config = read(path)
    context = _named(config.contexts, place.context or config.current_context, path, "context").context
    cluster = _named(config.clusters, context.cluster, path, "cluster").cluster
    if cluster.insecure_skip_tls_verify:
        raise UsageError(
            "`insecure-skip-tls-verify` is not supported",
            place=str(path),
            hint="give the CA instead, as `certificate-authority-data`",
        )
    user = _named(config.users, context.user, path, "user").user if context.user else _User()
    authority = _text(cluster.certificate_authority_data, cluster.certificate_authority, path)
    return KubeAccess(cluster.server, authority, _credentials(user, path, cluster))


def read(path: Path) -> Kubeconfig:
    """UsageError where it is none."""
    try:
        return msgspec.convert(YAML(typ="safe").load(path.read_text()), Kubeconfig)
    except (OSError, UnicodeDecodeError, YAMLError, msgspec.ValidationError) as error:
        raise UsageError(f"the kubeconfig cannot be read: {error}", place=str(path)) from error


def _named(entries: Sequence[N] | None, name: str, path: Path, what: str) -> N:
    for entry in entries or ():
        if entry.name == name:
            return entry
    known = ", ".join(f"`{entry.name}`" for entry in entries or ()) or "none"
    if not name:
        raise UsageError(f"it has no current {what}", place=str(path), hint=f"name one of {known}")
    raise UsageError(f"there is no {what} `{name}`", place=str(path), hint=f"it has {known}")


def _text(data: str | None, file: str | None, path: Path) -> str | None:
    """What stands in the file itself wins over a file it names, as in client-go."""
    try:
        if data:
            return base64.b64decode(data, validate=True).decode()
        return (path.parent / file).read_text() if file else None
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UsageError("a certificate or key is not base64 of PEM", place=str(path)) from error
    except OSError as error:
        raise UsageError(f"a certificate it names cannot be read: {error}", place=str(path)) from error


def _credentials(user: _User, path: Path, cluster: _Cluster) -> Credentials | None:
    unsupported = {"auth-provider": user.auth_provider, "username": user.username}
    for name, value in unsupported.items():
        if value is not None:
            raise UsageError(
                f"credentials by `{name}` are not supported",
                place=str(path),
                hint="use a token, a `tokenFile`, a client certificate or a plugin (`exec`)",
            )
    # The order of client-go: a file may be rotated, so it wins over the token that stands beside it.
    if user.token_file:
        return TokenFile(path.parent / user.token_file)
    if user.token:
        return _Fixed(user.token)
    certificate = _text(user.client_certificate_data, user.client_certificate, path)
    key = _text(user.client_key_data, user.client_key, path)
    if certificate and key:
        return ClientCertificateText(certificate, key)
    return PluginTokens(user.exec, path.parent, _told(cluster)) if user.exec else None


def _told(cluster: _Cluster) -> dict[str, str]:
    """What a plugin may be told of the cluster."""
    told = {"server": cluster.server, "certificate-authority-data": cluster.certificate_authority_data}
    return {name: value for name, value in told.items() if value}
