"""Which pods stand behind a Service, as the cluster's EndpointSlices say, for as long as we care to watch."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Protocol

import httpx
import msgspec
import structlog

_log = structlog.get_logger()


class PodSource(Protocol):
    """Tells the names of the pods that may be given requests, each time they change; ends never."""

    def changes(self) -> AsyncIterator[frozenset[str]]: ...


class _Conditions(msgspec.Struct):
    ready: bool | None = None
    terminating: bool | None = None


class _Target(msgspec.Struct):
    name: str = ""


class _Endpoint(msgspec.Struct):
    addresses: list[str] = []
    conditions: _Conditions = msgspec.field(default_factory=_Conditions)
    target: _Target | None = msgspec.field(default=None, name="targetRef")

    @property
    def name(self) -> str:
        return self.target.name if self.target and self.target.name else ",".join(self.addresses)

    @property
    def usable(self) -> bool:
        # "A nil value should be interpreted as true" (discovery/v1); a terminating pod is never ready unless the
        # Service publishes what is not ready.
        return self.conditions.ready is not False and not self.conditions.terminating


class _Metadata(msgspec.Struct):
    name: str = ""
    version: str = msgspec.field(default="", name="resourceVersion")


class _Slice(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    endpoints: list[_Endpoint] | None = None

    @property
    def usable(self) -> frozenset[str]:
        return frozenset(endpoint.name for endpoint in self.endpoints or () if endpoint.usable)


class _Slices(msgspec.Struct):
    metadata: _Metadata
    items: list[_Slice]


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _WatchEndedError(Exception):
    """The API server wants us to list again."""


class EndpointSlices:
    """
    The EndpointSlices of one Service, listed and then watched.

    While the API server is away the last that it said still holds: pods go on serving without it, so must we. After
    any break the list is read anew, for a watch may have missed what happened meanwhile.
    """

    # A server that is paused keeps its connections and says nothing; so watches are short and silence is not trusted.
    _WATCH_SECONDS = 20

    def __init__(
        self, server: str, tls: ssl.SSLContext | bool, *, namespace: str, service: str, patience: float = 2.0
    ) -> None:
        self._path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        self._selector = {"labelSelector": f"kubernetes.io/service-name={service}"}
        self._server, self._tls = server, tls
        self._patience = patience
        self._slices: dict[str, frozenset[str]] = {}
        self._wait = 0.0

    async def changes(self) -> AsyncGenerator[frozenset[str], None]:
        while True:
            async with aclosing(self._until_broken()) as found:
                async for pods in found:
                    yield pods
            await asyncio.sleep(self._wait)

    async def _until_broken(self) -> AsyncGenerator[frozenset[str], None]:
        try:
            async with self._client() as client:
                async for _ in self._follow(client):
                    self._wait = 0.0
                    yield frozenset().union(*self._slices.values())
        except _WatchEndedError:
            self._wait = 0.0
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            _log.warning("the API server is away; the pods we know keep serving", error=str(error) or repr(error))
            self._wait = min(self._patience, max(0.1, self._wait * 2))

    def _client(self) -> httpx.AsyncClient:
        timeout = httpx.Timeout(5.0, read=self._WATCH_SECONDS + 5.0)
        return httpx.AsyncClient(base_url=self._server, verify=self._tls, timeout=timeout, trust_env=False)

    async def _follow(self, client: httpx.AsyncClient) -> AsyncIterator[None]:
        answer = await client.get(self._path, params=self._selector)
        answer.raise_for_status()
        listed = msgspec.json.decode(answer.content, type=_Slices)
        self._slices = {each.metadata.name: each.usable for each in listed.items}
        yield
        version = listed.metadata.version
        while True:
            async for event in self._watch(client, version):
                version = self._apply(event)
                yield

    async def _watch(self, client: httpx.AsyncClient, version: str) -> AsyncIterator[_Event]:
        wanted = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(self._WATCH_SECONDS)}
        async with client.stream("GET", self._path, params=self._selector | wanted) as answer:
            if answer.status_code == httpx.codes.GONE:
                raise _WatchEndedError
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line:
                    yield msgspec.json.decode(line, type=_Event)

    def _apply(self, event: _Event) -> str:
        """The version to watch on from."""
        if event.type == "ERROR":
            raise _WatchEndedError
        changed = msgspec.json.decode(event.object, type=_Slice)
        if event.type == "DELETED":
            self._slices.pop(changed.metadata.name, None)
        elif event.type != "BOOKMARK":
            self._slices[changed.metadata.name] = changed.usable
        return changed.metadata.version
