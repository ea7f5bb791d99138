"""Reads a cluster: version, health, APIs, and lists of objects page by page."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Generic, TypeVar

import msgspec

from fairlead.kube import discovery, objects, templates
from fairlead.kube.connection import Connection
from fairlead.kube.decoding import decode, decode_with
from fairlead.kube.errors import KubeUnavailableError, ListExpiredError

# A page of this many pods is about 3 MB: large enough to be fast, small enough to be held.
_PAGE = 1000
# A list that expires in the middle so often is read slower than the server forgets (etcd compacts every 5 minutes).
_BEGINNINGS = 3

T = TypeVar("T")
R = TypeVar("R")


class _ListMeta(msgspec.Struct):
    next: str = msgspec.field(name="continue", default="")


class _Page(msgspec.Struct, Generic[T]):
    items: list[T] | None = None
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


_WORKLOADS: Mapping[str, str] = {
    "Deployment": "/apis/apps/v1/deployments",
    "StatefulSet": "/apis/apps/v1/statefulsets",
    "DaemonSet": "/apis/apps/v1/daemonsets",
    "Job": "/apis/batch/v1/jobs",
}
_WEBHOOKS: Mapping[str, str] = {
    "ValidatingWebhookConfiguration": "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "MutatingWebhookConfiguration": "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
}


class KubeReader:
    """
    All reads of one cluster. Every method raises KubeUnavailableError or KubeRefusedError.

    Lists take the function that turns an object into what the caller keeps: no more than a page of objects as the
    server sends them is ever held.
    """

    def __init__(self, connection: Connection, page: int = _PAGE) -> None:
        self._connection = connection
        self._page = page

    async def close(self) -> None:
        await self._connection.close()

    async def version(self) -> str:
        """`gitVersion` of `/version`, such as `v1.36.3-gke.1000`."""
        return decode(await self._connection.get("/version"), objects.ServerVersion, "/version").git_version

    async def ready(self) -> bool:
        """Whether `/readyz` says ok; False also where the server does not answer."""
        try:
            return (await self._connection.get("/readyz")).strip() == b"ok"
        except KubeUnavailableError:
            return False

    async def apis(self) -> discovery.Apis:
        """Everything served, by discovery."""
        return await discovery.apis(self._connection)

    async def served(self) -> discovery.Served:
        """The same, with what it takes to list them."""
        return await discovery.served(self._connection)

    async def pod_makers(self) -> frozenset[str]:
        """Kinds of other groups that hold a pod template, as `KubeObject.key`, by the schemas of their definitions."""
        found = await self._list(templates.PATH, _Page[templates.Definition], templates.pod_maker, templates.PAGE)
        return frozenset(filter(None, found))

    async def everything(
        self,
        path: str,
        turn: Callable[[msgspec.Raw], R],
        *,
        page: int = 500,
        query: Mapping[str, str] = MappingProxyType({}),
        accept: str = "application/json",
    ) -> list[R]:
        """The objects of any list, as the server sent them. What `turn` keeps of one must not refer to it."""
        return await self._list(path, _Page[msgspec.Raw], turn, page, query, accept)

    async def nodes(self, turn: Callable[[objects.Node], R]) -> list[R]:
        return await self._list("/api/v1/nodes", _Page[objects.Node], turn)

    async def pods(self, turn: Callable[[objects.Pod], R]) -> list[R]:
        return await self._list("/api/v1/pods", _Page[objects.Pod], turn)

    async def budgets(self, turn: Callable[[objects.Budget], R]) -> list[R]:
        return await self._list("/apis/policy/v1/poddisruptionbudgets", _Page[objects.Budget], turn)

    async def workloads(self, turn: Callable[[str, objects.Workload], R]) -> list[R]:
        """Deployments, StatefulSets, DaemonSets and Jobs; `turn` is given their kind too."""
        return await self._lists(_WORKLOADS, _Page[objects.Workload], turn)

    async def webhooks(self, turn: Callable[[str, objects.WebhookConfiguration], R]) -> list[R]:
        """Validating and mutating webhook configurations; `turn` is given their kind too."""
        return await self._lists(_WEBHOOKS, _Page[objects.WebhookConfiguration], turn)

    async def _lists(self, paths: Mapping[str, str], page: type[_Page[T]], turn: Callable[[str, T], R]) -> list[R]:
        found: list[R] = []
        for name, path in paths.items():
            found += await self._list(path, page, partial(turn, name))
        return found

    async def _list(
        self,
        path: str,
        page: type[_Page[T]],
        turn: Callable[[T], R],
        size: int = 0,
        query: Mapping[str, str] = MappingProxyType({}),
        accept: str = "application/json",
    ) -> list[R]:
        """
        All objects of a list, as of one moment. The server keeps a list's pages while its etcd has that revision; when
        it answers 410 in the middle, the list is begun again.
        https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
        """
        asked = {"limit": str(min(size or self._page, self._page)), **query}
        for _ in range(_BEGINNINGS - 1):
            try:
                return await self._pages(path, page, turn, asked, accept)
            except ListExpiredError:
                continue
        return await self._pages(path, page, turn, asked, accept)

    async def _pages(
        self, path: str, page: type[_Page[T]], turn: Callable[[T], R], query: Mapping[str, str], accept: str
    ) -> list[R]:
        decoder = msgspec.json.Decoder(page)
        found: list[R] = []
        asked = dict(query)
        while True:
            part = decode_with(decoder, await self._connection.get(path, accept=accept, **asked), path)
            found += map(turn, part.items or ())
            if not part.metadata.next:
                return found
            asked["continue"] = part.metadata.next
