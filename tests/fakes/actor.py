"""A cluster in memory for the GKE emulator to act on: nodes, pods and budgets, without an API server."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from fairlead.model.version import Version
from fairlead.twin.gke.actor import Eviction, Node, NodeSpec, Pod
from fairlead.twin.gke.errors import ClusterAwayError


@dataclass
class FakeActor:
    """
    Nodes get Ready when looked at for the second time. Evicted pods are gone at once and nowhere made again; those in
    `guarded` are refused. `most_nodes` by pool and zone is the highest number ever seen.
    """

    version: Version
    made: dict[str, NodeSpec] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    cordoned: set[str] = field(default_factory=set)
    pods_on: dict[str, list[Pod]] = field(default_factory=dict)
    guarded: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    forced: list[str] = field(default_factory=list)
    evicted: list[str] = field(default_factory=list)
    control_planes: list[Version] = field(default_factory=list)
    most_nodes: dict[tuple[str, str], int] = field(default_factory=dict)
    away: int = 0
    _serial: Iterator[int] = field(default_factory=itertools.count)

    def add_pool(self, pool: str, zones: tuple[str, ...], nodes: int, pods: int = 1) -> None:
        """Nodes of the cluster's version, zone by zone in turn, each with some pods."""
        for index in range(nodes):
            name = f"{pool}-{index}"
            self.made[name] = NodeSpec(name, pool, "app", zones[index % len(zones)], self.version)
            self.looks[name] = 1
            self.pods_on[name] = [self._pod() for _ in range(pods)]
        self._count()

    def versions(self, pool: str) -> list[str]:
        return sorted(str(node.version) for node in self.made.values() if node.pool == pool)

    async def nodes(self, pool: str) -> list[Node]:
        self._maybe_away()
        seen = [self._seen(node) for node in self.made.values() if node.pool == pool]
        for node in seen:
            self.looks[node.name] += 1
        return seen

    async def create_node(self, node: NodeSpec) -> None:
        self._maybe_away()
        self.made.setdefault(node.name, node)
        self.looks.setdefault(node.name, 0)
        self._count()

    async def cordon(self, node: str, *, on: bool) -> None:
        self._maybe_away()
        (self.cordoned.add if on else self.cordoned.discard)(node)

    async def delete_node(self, node: str) -> None:
        self._maybe_away()
        assert not self.pods_on.get(node), f"{node} still had pods"
        self.made.pop(node, None)
        self.looks.pop(node, None)
        self.cordoned.discard(node)
        self.broken.discard(node)

    async def pods(self, node: str) -> list[Pod]:
        self._maybe_away()
        return list(self.pods_on.get(node, []))

    async def evict(self, pod: Pod) -> Eviction:
        self._maybe_away()
        if pod.name in self.guarded:
            return Eviction.REFUSED
        self._drop(pod)
        self.evicted.append(pod.name)
        return Eviction.ACCEPTED

    async def delete_pod(self, pod: Pod) -> None:
        self._maybe_away()
        self._drop(pod)
        self.forced.append(pod.name)

    async def set_control_plane(self, version: Version) -> None:
        self._maybe_away()
        self.version = version
        self.control_planes.append(version)

    def _pod(self) -> Pod:
        name = f"pod-{next(self._serial)}"
        return Pod("shop", name, f"uid-{name}")

    def _drop(self, pod: Pod) -> None:
        for pods in self.pods_on.values():
            if pod in pods:
                pods.remove(pod)

    def _seen(self, node: NodeSpec) -> Node:
        ready = self.looks[node.name] > 0 and not node.never_ready and node.name not in self.broken
        return Node(node.name, node.zone, node.version, ready=ready, cordoned=node.name in self.cordoned)

    def _count(self) -> None:
        for node in self.made.values():
            key = (node.pool, node.zone)
            now = sum((other.pool, other.zone) == key for other in self.made.values())
            self.most_nodes[key] = max(self.most_nodes.get(key, 0), now)

    def _maybe_away(self) -> None:
        if self.away > 0:
            self.away -= 1
            raise ClusterAwayError("not now")
