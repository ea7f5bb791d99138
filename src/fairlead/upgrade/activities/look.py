"""Looking: the first picture, the next step, the cluster's APIs, and whether it is whole."""

import asyncio
import time

from temporalio import activity

from fairlead.engine.retries import NOT_WHOLE
from fairlead.fleet.file import FleetCluster
from fairlead.model.errors import UnreachableError
from fairlead.snapshot.cluster import ClusterSnapshot, Workload
from fairlead.snapshot.traffic import between
from fairlead.upgrade.activities.doors import beating, for_a_person
from fairlead.upgrade.entries import ClusterEntries
from fairlead.upgrade.plan.cluster import first_memory, plan_cluster
from fairlead.upgrade.plan.forecast import minutes_of
from fairlead.upgrade.plan.returning import Baseline
from fairlead.upgrade.plan.steps import Goal, NextStep
from fairlead.upgrade.ports import Ports, PortsOf
from fairlead.upgrade.state import (
    ApiChanges,
    ClusterOrder,
    CompareApis,
    FirstLook,
    Planned,
    PlanRequest,
    PoolRecord,
    Progress,
    VerifyOrder,
)


class LookActivities:
    """
    `baseline_seconds`: over how long the normal traffic is measured; `settle`: how long a cluster may take to be whole
    after its last change; `pause` between looks.
    """

    def __init__(
        self, ports_of: PortsOf, *, baseline_seconds: float = 5.0, settle: float = 300.0, pause: float = 1.0
    ) -> None:
        self._ports_of = ports_of
        self._baseline_seconds = baseline_seconds
        self._settle = settle
        self._pause = pause

    @activity.defn
    async def look_first(self, order: ClusterOrder) -> FirstLook:
        """The cluster before anything is touched, and its normal traffic."""
        async with beating():
            ports = self._ports_of(order.access)
            baseline = await self._baseline(ports, order)
            snapshot = await ports.eyes.take(order.cluster)
            if order.cluster.traffic and snapshot.traffic is None:
                raise UnreachableError(f"where {order.cluster.name} is in its balancers could not be read")
            return FirstLook(
                snapshot.provider_control_plane,
                tuple(PoolRecord(pool.name, pool.version, pool.version, pool.nodes) for pool in snapshot.pools),
                tuple(workload.ref for workload in _unready(snapshot)),
                baseline,
                first_memory(snapshot, goal_of(order)),
            )

    @activity.defn
    async def plan_next_step(self, request: PlanRequest) -> Planned:
        """Look, and let the planner choose."""
        async with beating():
            order = request.order
            snapshot = await self._ports_of(order.access).eyes.take(order.cluster)
            plan = plan_cluster(snapshot, goal_of(order), request.memory)
            return Planned(
                plan,
                snapshot.provider_control_plane,
                {pool.name: pool.version for pool in snapshot.pools},
                minutes_of(plan.step, order.policy) if isinstance(plan, NextStep) else 0.0,
            )

    @activity.defn
    async def read_apis(self, order: ClusterOrder) -> frozenset[str]:
        """Every `group/version/kind` the API server serves."""
        async with beating():
            return (await self._answering(order)).apis

    @activity.defn
    async def compare_apis(self, order: CompareApis) -> ApiChanges:
        """What the API server serves no more, and what is new."""
        async with beating():
            now = (await self._answering(order.order)).apis
            return ApiChanges(tuple(sorted(order.before - now)), tuple(sorted(now - order.before)))

    @activity.defn
    async def verify(self, order: VerifyOrder) -> str:
        """The cluster's own word that it is whole: versions, nodes, workloads. Says what was seen."""
        async with beating() as beat:
            ports = self._ports_of(order.order.access)
            until = time.monotonic() + self._settle
            while True:
                snapshot = await ports.eyes.take(order.order.cluster)
                ready = await _is_ready(ports, order.order.cluster)
                missing = what_is_missing(snapshot, order.order, order.unready_before, ready=ready)
                if not missing:
                    return f"{len(snapshot.nodes)} nodes Ready, {len(snapshot.workloads)} workloads as before"
                if time.monotonic() > until:
                    raise for_a_person("; ".join(missing[:5]), NOT_WHOLE)
                beat.tell(Progress(waits_for=missing[0]))
                await asyncio.sleep(self._pause)

    async def _answering(self, order: ClusterOrder) -> ClusterSnapshot:
        snapshot = await self._ports_of(order.access).eyes.take(order.cluster)
        if snapshot.control_plane is None:
            raise UnreachableError(f"the API server of {order.cluster.name} does not answer")
        return snapshot

    async def _baseline(self, ports: Ports, order: ClusterOrder) -> Baseline | None:
        """None where the cluster has no traffic of its own now: there is nothing normal to compare with."""
        if not order.cluster.traffic:
            return None
        entries = ClusterEntries(ports.balancers, order.cluster, order.capacities)
        before = await entries.reading()
        await asyncio.sleep(self._baseline_seconds)
        after = await entries.reading()
        span = between(before, after)
        if span is None or not after.in_balancer or not span.requests:
            return None
        return Baseline(span.rate, span.error_ratio, span.mean_ms)


def goal_of(order: ClusterOrder) -> Goal:
    """Where the order sends its cluster."""
    return Goal(order.target, order.policy, balanced=bool(order.cluster.traffic), return_drained=order.return_drained)


def what_is_missing(
    snapshot: ClusterSnapshot, order: ClusterOrder, unready_before: tuple[str, ...], *, ready: bool
) -> list[str]:
    """What keeps the cluster from being whole, each in a few words; empty where nothing does."""
    missing = []
    if snapshot.control_plane is None or not ready:
        missing.append("the API server is not ready")
    elif snapshot.control_plane != snapshot.provider_control_plane:
        missing.append(f"`/version` says {snapshot.control_plane}, not {snapshot.provider_control_plane}")
    if snapshot.provider_control_plane < order.target:
        missing.append(f"the provider says {snapshot.provider_control_plane}, not {order.target}")
    for pool in snapshot.pools:
        nodes = snapshot.nodes_of(pool.name)
        whole = [node for node in nodes if node.ready and node.version == pool.version]
        if len(whole) < len(nodes):
            missing.append(f"pool {pool.name}: {len(whole)} of {len(nodes)} nodes Ready on {pool.version}")
    missing += [
        f"{workload.ref}: {workload.ready} of {workload.wanted} pods ready"
        for workload in _unready(snapshot)
        if workload.ref not in unready_before
    ]
    return missing


def _unready(snapshot: ClusterSnapshot) -> list[Workload]:
    return [each for each in snapshot.workloads if each.kind != "Job" and each.ready < each.wanted]


async def _is_ready(ports: Ports, cluster: FleetCluster) -> bool:
    try:
        return await ports.eyes.ready(cluster)
    except UnreachableError:
        # Not reachable is not ready; `verify` says so and looks again until its time is up.
        return False
