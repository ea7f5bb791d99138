"""Eyes on fake clusters: pictures made from what the fake cloud says, as a cluster in order would show itself."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fairlead.fleet.file import FleetCluster
from fairlead.model.errors import UnreachableError
from fairlead.snapshot.cluster import Budget, ClusterSnapshot, Node, Pod, Pool, RunningOperation, Workload
from fairlead.snapshot.traffic import TrafficReading
from fairlead.traffic.port import Balancer
from fairlead.traffic.reading import reading
from fakes.cloud import FakeCloud


@dataclass
class FakeEyes:
    """
    `dark`: clusters whose API server does not answer. `closed`: clusters that are looked at in vain, from the moment
    `closes_when` says so until `open_again`; `waiting` counts those looks. `budgets`, `pods`, `workloads` by
    cluster name.
    """

    cloud: FakeCloud
    balancers: Mapping[str, Balancer] = field(default_factory=dict)
    dark: set[str] = field(default_factory=set)
    never_ready: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    closes_when: Callable[[], bool] = lambda: True
    waiting: int = 0
    budgets: dict[str, tuple[Budget, ...]] = field(default_factory=dict)
    pods: dict[str, tuple[Pod, ...]] = field(default_factory=dict)
    workloads: dict[str, tuple[Workload, ...]] = field(default_factory=dict)
    _opened: asyncio.Event = field(default_factory=asyncio.Event)

    def open_again(self) -> None:
        self.closed.clear()
        self._opened.set()

    async def take(self, cluster: FleetCluster) -> ClusterSnapshot:
        if cluster.name in self.closed and self.closes_when():
            self.waiting += 1
            await self._opened.wait()
        seen = await self.cloud.cluster(cluster.ref)
        offered = await self.cloud.offered_versions(cluster.ref)
        dark = cluster.name in self.dark
        return ClusterSnapshot(
            ref=cluster.ref,
            taken=datetime.now(UTC),
            provider_control_plane=seen.control_plane,
            control_plane=None if dark else seen.control_plane,
            channel=seen.channel,
            state=seen.state,
            pools=tuple(
                Pool(
                    pool.name,
                    pool.version,
                    pool.nodes,
                    pool.zones,
                    pool.surge.max_surge,
                    pool.surge.max_unavailable,
                    pool.surge.original,
                    pool.auto_repair,
                    pool.auto_upgrade,
                    pool.state,
                    pool.surge.blue_green,
                )
                for pool in seen.pools
            ),
            nodes=() if dark else await self.nodes(cluster),
            pods=self.pods.get(cluster.name, ()),
            workloads=self.workloads.get(cluster.name, ()),
            budgets=self.budgets.get(cluster.name, ()),
            apis=frozenset({"apps/v1/Deployment", f"example/v1beta{seen.control_plane.minor}/Thing"}),
            operations=tuple(
                RunningOperation(each.ref.id, str(each.kind), each.target, each.began)
                for each in await self.cloud.running_operations(cluster.ref)
            ),
            offered_control_plane=offered.control_plane,
            offered_nodes=offered.nodes,
            channel_defaults=offered.channel_defaults,
            traffic=await self._traffic(cluster),
        )

    async def nodes(self, cluster: FleetCluster) -> tuple[Node, ...]:
        if cluster.name in self.dark:
            raise UnreachableError(f"the API server of {cluster.name} does not answer")
        seen = await self.cloud.cluster(cluster.ref)
        return tuple(
            Node(
                f"{pool.name}-{pool.version}-{number}",
                pool.name,
                pool.zones[number % len(pool.zones)],
                pool.version,
                ready=cluster.name not in self.never_ready,
                unschedulable=False,
            )
            for pool in seen.pools
            for number in range(pool.nodes)
        )

    async def ready(self, cluster: FleetCluster) -> bool:
        return cluster.name not in self.dark

    async def _traffic(self, cluster: FleetCluster) -> TrafficReading | None:
        entries = [
            entry for each in cluster.traffic for entry in await self.balancers[each.balancer].entries([each.server])
        ]
        return reading(entries, datetime.now(UTC), cluster.capacity) if entries else None
