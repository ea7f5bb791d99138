"""The picture of one cluster: what the provider says, what its own API server says, and when we looked."""

from datetime import datetime

import msgspec

from fairlead.model.cluster import ClusterRef
from fairlead.model.version import Version
from fairlead.snapshot.traffic import TrafficReading


class Pool(msgspec.Struct, frozen=True):
    """
    A node pool. `version` is what the provider says it should run, `nodes` its size over all zones; `surge_original`
    is the provider's own form of the surge settings, for restoring them whole. `blue_green`: it does not roll by surge.
    """

    name: str
    version: Version
    nodes: int
    zones: tuple[str, ...]
    max_surge: int
    max_unavailable: int
    surge_original: str
    auto_repair: bool
    auto_upgrade: bool
    state: str
    blue_green: bool = False


class Node(msgspec.Struct, frozen=True):
    """A node as the cluster sees it. `pool` is empty where no label tells; `version` is the kubelet's."""

    name: str
    pool: str
    zone: str
    version: Version | None
    ready: bool
    unschedulable: bool


class Workload(msgspec.Struct, frozen=True):
    """A Deployment, StatefulSet, DaemonSet or Job and how many of its pods are wanted and ready."""

    kind: str
    namespace: str
    name: str
    wanted: int
    ready: int

    @property
    def ref(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Pod(msgspec.Struct, frozen=True):
    """A pod, as little of it as decisions need. `owner` is `Kind/name` of its controller, or empty."""

    namespace: str
    name: str
    node: str
    phase: str
    ready: bool
    owner: str
    labels: dict[str, str] = {}


class Budget(msgspec.Struct, frozen=True):
    """A PodDisruptionBudget and its status: `pods` it guards, evictions it allows now."""

    namespace: str
    name: str
    pods: int
    healthy: int
    desired_healthy: int
    evictions_allowed: int
    min_available: str = ""
    max_unavailable: str = ""
    pod_labels: dict[str, str] = {}

    @property
    def ref(self) -> str:
        return f"PodDisruptionBudget {self.namespace}/{self.name}"


class Webhook(msgspec.Struct, frozen=True):
    """An admission webhook: `fails_closed` when the API server refuses what it cannot ask the webhook about."""

    kind: str
    configuration: str
    name: str
    fails_closed: bool
    timeout_seconds: int
    target: str


class RunningOperation(msgspec.Struct, frozen=True):
    """An operation of the provider that has not ended."""

    id: str
    kind: str
    target: str
    began: str


class ClusterSnapshot(msgspec.Struct, frozen=True):
    """
    One cluster at `taken`. `provider_control_plane` is what the provider says, `control_plane` what `/version` said
    (None: the API server did not answer; then the lists read from it are empty). `apis` are `group/version/kind`.
    `missing`: what could not be read, and why.
    """

    ref: ClusterRef
    taken: datetime
    provider_control_plane: Version
    control_plane: Version | None
    channel: str
    state: str
    pools: tuple[Pool, ...]
    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    workloads: tuple[Workload, ...] = ()
    budgets: tuple[Budget, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    apis: frozenset[str] = frozenset()
    operations: tuple[RunningOperation, ...] = ()
    offered_control_plane: tuple[Version, ...] = ()
    offered_nodes: tuple[Version, ...] = ()
    channel_defaults: dict[str, Version] = {}
    traffic: TrafficReading | None = None
    missing: tuple[str, ...] = ()

    def pool(self, name: str) -> Pool:
        """KeyError where there is none of that name."""
        for pool in self.pools:
            if pool.name == name:
                return pool
        raise KeyError(name)

    def nodes_of(self, pool: str) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.pool == pool)
