"""The plan of a whole fleet: look at every cluster, choose targets, order and waves, and freeze it all into a run."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from fairlead.fleet.file import Fleet, FleetCluster
from fairlead.model.errors import UsageError
from fairlead.model.finding import Finding
from fairlead.model.version import Version
from fairlead.snapshot.cluster import ClusterSnapshot
from fairlead.upgrade.entries import ClusterEntries
from fairlead.upgrade.plan.forecast import forecast_of
from fairlead.upgrade.plan.headroom import lacking_headroom
from fairlead.upgrade.plan.preview import ClusterPreview, preview
from fairlead.upgrade.plan.steps import Blocked, Goal, TakeOutOfBalancer
from fairlead.upgrade.plan.versions import choose_target
from fairlead.upgrade.plan.waves import Lineup, in_order, line_up
from fairlead.upgrade.ports import Ports
from fairlead.upgrade.state import Access, ClusterOrder, FleetOrder


class FleetPlan(msgspec.Struct, frozen=True):
    """
    What a run would do now. `minutes`: forecast in all, waves after each other, clusters side by side as allowed;
    `return_drained`: clusters that are out of the balancer before are returned too.
    """

    fleet: str
    lineup: Lineup
    clusters: dict[str, ClusterPreview]
    minutes: float
    return_drained: bool = False

    @property
    def blocked(self) -> bool:
        return any(each.blockers for each in self.clusters.values())

    @property
    def empty(self) -> bool:
        """Nothing to do anywhere."""
        return not any(each.steps or each.blockers for each in self.clusters.values())


def access_of(fleet: Fleet) -> Access:
    """How the fleet is reached, as a run stores it."""
    return Access(fleet.spec.gke, fleet.spec.balancers)


async def plan_fleet(
    fleet: Fleet,
    ports: Ports,
    only: Sequence[str] = (),
    *,
    return_drained: bool = False,
    load_seconds: float = 2.0,
) -> FleetPlan:
    """
    Look at every cluster (`only`: of these) and say what a run would do; UnreachableError where one is silent.

    The load of the balancers is measured over `load_seconds`.
    """
    members = members_of(fleet, only)
    pictures = await asyncio.gather(*(ports.eyes.take(each) for each in members))
    by_name = {each.name: picture for each, picture in zip(members, pictures, strict=True)}
    lineup = _lineup(fleet, members, by_name)
    begun = {
        each.name: preview(by_name[each.name], goal_for(fleet, each, by_name[each.name], return_drained=return_drained))
        for each in members
    }
    lacking = await asyncio.gather(
        *(_lacking_headroom(begun[each.name], fleet, each, ports, load_seconds) for each in members)
    )
    previews = {
        name: msgspec.structs.replace(each, blockers=(*each.blockers, *found))
        for (name, each), found in zip(begun.items(), lacking, strict=True)
    }
    return FleetPlan(fleet.metadata.name, lineup, previews, _minutes(lineup, previews), return_drained)


def freeze(fleet: Fleet, plan: FleetPlan, run: str, started_by: str) -> FleetOrder:
    """The run as it is stored: members, order, waves and versions explicit; later edits of the file do not touch it."""
    capacities = declared_capacities(fleet)
    targets = {name: each.target for name, each in plan.clusters.items() if each.target is not None}
    return FleetOrder(
        run=run,
        fleet=fleet.metadata.name,
        waves=plan.lineup.waves,
        clusters={
            name: ClusterOrder(
                run,
                access_of(fleet),
                fleet.cluster(name),
                target,
                fleet.spec.upgrade,
                capacities,
                plan.return_drained,
            )
            for name, target in targets.items()
        },
        left_out=plan.lineup.left_out,
        started_by=started_by,
        forecasts={
            name: forecast_of([each.step for each in cluster.steps], fleet.spec.upgrade)
            for name, cluster in plan.clusters.items()
        },
    )


def members_of(fleet: Fleet, only: Sequence[str]) -> tuple[FleetCluster, ...]:
    """UsageError for a name that is not in the fleet."""
    known = {each.name: each for each in fleet.spec.clusters}
    for name in only:
        if name not in known:
            raise UsageError(f"there is no cluster `{name}` in fleet `{fleet.metadata.name}`", hint=_names(known))
    return tuple(each for each in fleet.spec.clusters if not only or each.name in only)


def goal_for(
    fleet: Fleet, cluster: FleetCluster, snapshot: ClusterSnapshot, *, return_drained: bool = False
) -> Goal | Blocked:
    """Where the version policy sends this cluster, or why it cannot say."""
    target = choose_target(fleet.spec.upgrade.version, snapshot)
    if isinstance(target, Version):
        return Goal(target, fleet.spec.upgrade, balanced=bool(cluster.traffic), return_drained=return_drained)
    return target


def declared_capacities(fleet: Fleet) -> dict[str, float]:
    """By server name, of clusters that declare one."""
    return {
        entry.server: cluster.capacity
        for cluster in fleet.spec.clusters
        if cluster.capacity is not None
        for entry in cluster.traffic
    }


def _lineup(fleet: Fleet, members: Sequence[FleetCluster], pictures: Mapping[str, ClusterSnapshot]) -> Lineup:
    rates = {name: picture.traffic.rate for name, picture in pictures.items() if picture.traffic is not None}
    return line_up(in_order(members, fleet.spec.upgrade.order, rates), fleet.spec.upgrade.waves)


async def _lacking_headroom(
    before: ClusterPreview, fleet: Fleet, cluster: FleetCluster, ports: Ports, load_seconds: float
) -> tuple[Finding, ...]:
    """Why the cluster could not leave the balancer now, if its plan has that step and its traffic is known."""
    if before.rate is None or not any(isinstance(each.step, TakeOutOfBalancer) for each in before.steps):
        return ()
    entries = ClusterEntries(ports.balancers, cluster, declared_capacities(fleet))
    if (await entries.reading()).out_of_balancer:
        return ()
    loads = await entries.shared_loads(load_seconds)
    return lacking_headroom(cluster.name, loads, fleet.spec.upgrade.drain.headroom)


def _minutes(lineup: Lineup, previews: Mapping[str, ClusterPreview]) -> float:
    total = 0.0
    for number, wave in enumerate(lineup.waves):
        lanes = [0.0] * wave.concurrency
        for name in wave.clusters:
            lanes[lanes.index(min(lanes))] += previews[name].minutes
        total += max(lanes)
        if number < len(lineup.waves) - 1:
            total += wave.soak.total_seconds() / 60
    return total


def _names(known: Mapping[str, FleetCluster]) -> str:
    return "clusters are " + ", ".join(f"`{name}`" for name in known)
