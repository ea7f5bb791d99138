"""The way to GKE: the client over its own transport, or over a channel to a twin's emulator on this machine."""

import asyncio
import ipaddress
from typing import Protocol

import grpc
from google.auth.credentials import Credentials
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request
from google.cloud.container_v1 import ClusterManagerAsyncClient
from google.cloud.container_v1.services.cluster_manager.transports import ClusterManagerGrpcAsyncIOTransport

from fairlead.clouds.gke.credentials import GoogleTokens, load_credentials
from fairlead.fleet.file import GkeSettings
from fairlead.model.access import TokenSource
from fairlead.model.errors import UsageError

# Behind one address there is one process, not a load balancer: when it is restarted it is to be found at once, not
# after gRPC's back-off of up to two minutes.
_BACK_SOON = (("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 1000))


class GkeLink(Protocol):
    """A client and a source of tokens, made when they are first needed."""

    async def client(self) -> ClusterManagerAsyncClient: ...

    async def tokens(self) -> TokenSource: ...

    async def close(self) -> None: ...


class GoogleLink:
    """As `settings` say. Credentials are looked for in a thread: finding them may ask the metadata server."""

    def __init__(self, settings: GkeSettings) -> None:
        if settings.emulator is not None:
            _check_loopback(settings.emulator)
        self._settings = settings
        self._opening = asyncio.Lock()
        self._client: ClusterManagerAsyncClient | None = None
        self._tokens: GoogleTokens | None = None

    async def client(self) -> ClusterManagerAsyncClient:
        await self._open()
        assert self._client is not None
        return self._client

    async def tokens(self) -> TokenSource:
        await self._open()
        assert self._tokens is not None
        return self._tokens

    async def close(self) -> None:
        if self._client is not None:
            await self._client.transport.close()
        self._client = None

    async def _open(self) -> None:
        async with self._opening:
            if self._client is None:
                credentials = await asyncio.to_thread(load_credentials, self._settings.credentials_file)
                self._tokens = GoogleTokens(credentials)
                self._client = _client(self._settings.emulator, credentials)


def _client(emulator: str | None, credentials: Credentials) -> ClusterManagerAsyncClient:
    if emulator is None:
        return ClusterManagerAsyncClient(credentials=credentials)
    # Local credentials let tokens travel without TLS, and only over loopback.
    tokens = grpc.metadata_call_credentials(AuthMetadataPlugin(credentials, Request()))
    both = grpc.composite_channel_credentials(grpc.local_channel_credentials(), tokens)
    channel = grpc.aio.secure_channel(emulator, both, options=_BACK_SOON)
    return ClusterManagerAsyncClient(transport=ClusterManagerGrpcAsyncIOTransport(channel=channel))


def _check_loopback(emulator: str) -> None:
    host, _, port = emulator.rpartition(":")
    try:
        inside = ipaddress.ip_address(host.strip("[]")).is_loopback and 0 < int(port) < 65536
    except ValueError:
        inside = False
    if not inside:
        raise UsageError(
            f"`{emulator}` is not `ADDRESS:PORT` on this machine",
            place="spec.gke.emulator",
            hint="the emulator is spoken to without TLS; leave the field out to reach GKE itself",
        )
