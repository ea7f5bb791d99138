"""The emulator's hands on a real API server of the twin."""

import ssl
from typing import Any

import httpx
import msgspec

from fairlead.model.errors import UnreachableError
from fairlead.model.version import Version
from fairlead.twin.control import Control
from fairlead.twin.gke.actor import Eviction, Node, NodeSpec, Pod
from fairlead.twin.gke.errors import ClusterAwayError
from fairlead.twin.nodes import NEVER_READY_LABEL, POOL_LABEL, ZONE_LABEL, node_manifest
from fairlead.twin.state import TwinState

_TIMEOUT = 10.0
_MERGE = {"content-type": "application/merge-patch+json"}


class _Owner(msgspec.Struct, frozen=True):
    kind: str
    controller: bool = False


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[_Owner] = []
    deletion_timestamp: str | None = None


class _Condition(msgspec.Struct, frozen=True):
    type: str
    status: str


class _NodeInfo(msgspec.Struct, frozen=True, rename="camel"):
    kubelet_version: str


class _NodeStatus(msgspec.Struct, frozen=True, rename="camel"):
    node_info: _NodeInfo
    conditions: list[_Condition] = []


class _NodeSpec(msgspec.Struct, frozen=True):
    unschedulable: bool = False


class _Node(msgspec.Struct, frozen=True):
    metadata: _Meta
    status: _NodeStatus
    spec: _NodeSpec = _NodeSpec()

    def seen(self) -> Node:
        return Node(
            name=self.metadata.name,
            zone=self.metadata.labels.get(ZONE_LABEL, ""),
            version=Version(self.status.node_info.kubelet_version),
            ready=any((c.type, c.status) == ("Ready", "True") for c in self.status.conditions),
            cordoned=self.spec.unschedulable,
        )


class _Nodes(msgspec.Struct, frozen=True):
    items: list[_Node]


class _Pod(msgspec.Struct, frozen=True):
    metadata: _Meta

    @property
    def stays(self) -> bool:
        """Whether it goes with its node: a DaemonSet's pod or a static one."""
        if "kubernetes.io/config.mirror" in self.metadata.annotations:
            return True
        return any(owner.controller and owner.kind == "DaemonSet" for owner in self.metadata.owner_references)

    def seen(self) -> Pod:
        meta = self.metadata
        return Pod(meta.namespace, meta.name, meta.uid, leaving=meta.deletion_timestamp is not None)


class _Pods(msgspec.Struct, frozen=True):
    items: list[_Pod]


class KubeActor:
    """A ClusterActor by the admin's client certificate; the supervisor changes the control plane's version."""

    def __init__(self, state: TwinState, cluster: str) -> None:
        context = ssl.create_default_context(cafile=str(state.pki / "ca.crt"))
        context.load_cert_chain(state.pki / "admin.crt", state.pki / "admin.key")
        server = f"https://127.0.0.1:{state.clusters[cluster].endpoint}"
        self._http = httpx.AsyncClient(base_url=server, verify=context, timeout=_TIMEOUT, trust_env=False)
        self._control = Control(state.control_socket)
        self._cluster = cluster

    async def close(self) -> None:
        await self._http.aclose()

    async def nodes(self, pool: str) -> list[Node]:
        answer = await self._ask("GET", "/api/v1/nodes", params={"labelSelector": f"{POOL_LABEL}={pool}"})
        return [node.seen() for node in msgspec.json.decode(answer.content, type=_Nodes).items]

    async def create_node(self, node: NodeSpec) -> None:
        manifest = node_manifest(self._cluster, node.pool, node.kind, node.zone, node.name, node.version)
        if node.never_ready:
            manifest["metadata"]["labels"][NEVER_READY_LABEL] = "true"
        await self._ask("POST", "/api/v1/nodes", json=manifest, fine=(201, 409))

    async def cordon(self, node: str, *, on: bool) -> None:
        patch = {"spec": {"unschedulable": on or None}}
        await self._ask("PATCH", f"/api/v1/nodes/{node}", json=patch, headers=_MERGE, fine=(200, 404))

    async def delete_node(self, node: str) -> None:
        await self._ask("DELETE", f"/api/v1/nodes/{node}", fine=(200, 404))

    async def pods(self, node: str) -> list[Pod]:
        answer = await self._ask("GET", "/api/v1/pods", params={"fieldSelector": f"spec.nodeName={node}"})
        return [pod.seen() for pod in msgspec.json.decode(answer.content, type=_Pods).items if not pod.stays]

    async def evict(self, pod: Pod) -> Eviction:
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": pod.namespace},
            # A StatefulSet's next pod has the same name: it is not the one that was asked to leave.
            "deleteOptions": {"preconditions": {"uid": pod.uid}},
        }
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
        # 429: a budget; 500: two budgets on one pod; 403: the namespace is being deleted.
        answer = await self._ask("POST", path, json=body, fine=(200, 201, 403, 404, 409, 429, 500))
        return Eviction.REFUSED if answer.status_code in {403, 429, 500} else Eviction.ACCEPTED

    async def delete_pod(self, pod: Pod) -> None:
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        await self._ask("DELETE", path, json={"preconditions": {"uid": pod.uid}}, fine=(200, 202, 404, 409))

    async def set_control_plane(self, version: Version) -> None:
        try:
            await self._control.set_control_plane(self._cluster, version)
        except UnreachableError as error:
            raise ClusterAwayError(str(error)) from error

    async def _ask(self, method: str, path: str, *, fine: tuple[int, ...] = (200,), **rest: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **rest)
        except httpx.HTTPError as error:
            raise ClusterAwayError(f"{self._cluster}: {error!r}") from error
        if answer.status_code not in fine:
            raise ClusterAwayError(f"{self._cluster}: {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer
