"""Reads a cluster: versions, health, discovery, and lists of objects page by page."""

from collections.abc import AsyncIterator, Mapping
from typing import Generic, TypeVar

import msgspec

from fairlead.kube import objects
from fairlead.kube.connection import Connection
from fairlead.kube.errors import KubeUnavailableError

# A page of this many pods is about 3 MB: large enough to be fast, small enough to be held.
_PAGE = 1000
_DISCOVERY = "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList"

T = TypeVar("T")


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
    """All reads of one cluster. Every method raises KubeUnavailableError or KubeRefusedError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def close(self) -> None:
        await self._connection.close()

    async def version(self) -> str:
        """`gitVersion` of `/version`, such as `v1.36.3-gke.1000`."""
        body = await self._connection.get("/version")
        return msgspec.json.decode(body, type=objects.ServerVersion).git_version

    async def ready(self) -> bool:
        """Whether `/readyz` says ok; False also where the server does not answer."""
        try:
            return (await self._connection.get("/readyz")).strip() == b"ok"
        except KubeUnavailableError:
            return False

    async def apis(self) -> frozenset[str]:
        """`group/version/kind` of everything served; the core group is `core`."""
        found: set[str] = set()
        for path in ("/api", "/apis"):
            body = await self._connection.get(path, accept=_DISCOVERY)
            for group in msgspec.json.decode(body, type=objects.Discovery).items or []:
                found.update(_kinds(group))
        return frozenset(found)

    def nodes(self) -> AsyncIterator[objects.Node]:
        return self._list("/api/v1/nodes", objects.Node)

    def pods(self) -> AsyncIterator[objects.Pod]:
        return self._list("/api/v1/pods", objects.Pod)

    def budgets(self) -> AsyncIterator[objects.Budget]:
        return self._list("/apis/policy/v1/poddisruptionbudgets", objects.Budget)

    async def workloads(self) -> AsyncIterator[tuple[str, objects.Workload]]:
        """Deployments, StatefulSets, DaemonSets and Jobs, with their kind."""
        for kind, path in _WORKLOADS.items():
            async for workload in self._list(path, objects.Workload):
                yield kind, workload

    async def webhooks(self) -> AsyncIterator[tuple[str, objects.WebhookConfiguration]]:
        """Validating and mutating webhook configurations, with their kind."""
        for kind, path in _WEBHOOKS.items():
            async for configuration in self._list(path, objects.WebhookConfiguration):
                yield kind, configuration

    async def _list(self, path: str, kind: type[T]) -> AsyncIterator[T]:
        """
        All objects of a list. The server keeps a list's pages consistent while its etcd has that revision; when it
        answers 410 in the middle, KubeUnavailableError is raised and the whole picture has to be taken again.
        """
        decoder = msgspec.json.Decoder(_Page[kind])  # type: ignore[valid-type]
        query = {"limit": str(_PAGE)}
        while True:
            page = decoder.decode(await self._connection.get(path, **query))
            for item in page.items or []:
                yield item
            if not page.metadata.next:
                return
            query = {"limit": str(_PAGE), "continue": page.metadata.next}


def _kinds(group: objects.DiscoveredGroup) -> set[str]:
    return {
        f"{group.metadata.name or 'core'}/{version.version}/{resource.response_kind.kind}"
        for version in group.versions or []
        for resource in version.resources or []
        if resource.response_kind is not None
    }
