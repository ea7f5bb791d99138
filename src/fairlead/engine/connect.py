"""The connection to Temporal: which server, and how we prove who we are; secrets come by file or environment only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.service import TLSConfig

from fairlead.engine.converter import DATA_CONVERTER
from fairlead.model.errors import UnreachableError, UsageError

TASK_QUEUE = "fairlead"
_ADDRESS = re.compile(r"[^\s/:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")


@dataclass(frozen=True)
class Server:
    """A Temporal frontend. `tls`: encrypted, checked against the public CAs unless `tls_ca` names another."""

    address: str
    namespace: str = "default"
    tls: bool = False
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    api_key: str | None = field(default=None, repr=False)


def named_by(environment: Mapping[str, str]) -> Server | None:
    """
    The server that the environment names, or None where it names none and the embedded one is meant.

    `FAIRLEAD_TEMPORAL_ADDRESS` (`host:port`), `_NAMESPACE`, `_TLS` (`true`), `_TLS_CA`, `_TLS_CERTIFICATE`, `_TLS_KEY`
    (PEM files), `_API_KEY` or better `_API_KEY_FILE`. UsageError where the address is none.
    """

    def value(name: str) -> str | None:
        return environment.get(f"FAIRLEAD_TEMPORAL_{name}") or None

    def path(name: str) -> Path | None:
        named = value(name)
        return Path(named) if named else None

    address = value("ADDRESS")
    if address is None:
        return None
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"`{address}` is not `HOST:PORT`", place="FAIRLEAD_TEMPORAL_ADDRESS")
    key_file = path("API_KEY_FILE")
    api_key = _read(key_file).decode().strip() if key_file else value("API_KEY")
    encrypted = (value("TLS") or "").lower() in {"1", "true", "yes"} or bool(api_key or path("TLS_CA"))
    return Server(
        address,
        value("NAMESPACE") or "default",
        encrypted,
        path("TLS_CA"),
        path("TLS_CERTIFICATE"),
        path("TLS_KEY"),
        api_key,
    )


async def connect(server: Server, timeout: timedelta = timedelta(seconds=5)) -> Client:
    """UnreachableError where nobody answers there, or not as we need."""
    try:
        return await Client.connect(
            server.address,
            namespace=server.namespace,
            tls=_tls(server),
            api_key=server.api_key,
            data_converter=DATA_CONVERTER,
            connect_timeout=timeout,
        )
    except (RuntimeError, ValueError) as error:
        raise UnreachableError(
            f"Temporal does not answer at `{server.address}`: {_said(error)}",
            hint="`fairlead worker status` shows the embedded server; `FAIRLEAD_TEMPORAL_ADDRESS` names another",
        ) from error


def _said(error: Exception) -> str:
    """The words within what Rust prints for its programmers."""
    quoted = re.findall(r'"([^"]+)"', str(error))
    return quoted[-1] if quoted else str(error)


def _tls(server: Server) -> TLSConfig | bool:
    if not server.tls and server.tls_certificate is None:
        return False
    return TLSConfig(
        server_root_ca_cert=_read(server.tls_ca) if server.tls_ca else None,
        client_cert=_read(server.tls_certificate) if server.tls_certificate else None,
        client_private_key=_read(server.tls_key) if server.tls_key else None,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=str(path)) from error
