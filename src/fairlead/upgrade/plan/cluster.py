"""The planner of one cluster: a picture in, the next step out, or why there is none."""

from collections.abc import Iterable

from fairlead.fleet.file import DrainMode
from fairlead.snapshot.cluster import ClusterSnapshot, Pool
from fairlead.upgrade.plan.blockers import blockers_of, missing_evidence
from fairlead.upgrade.plan.steps import (
    Bake,
    Blocked,
    Change,
    Done,
    Goal,
    Memory,
    NextStep,
    ParkPool,
    Plan,
    RestorePool,
    ReturnToBalancer,
    RollPool,
    TakeOutOfBalancer,
    UpgradeControlPlane,
    Verify,
    WaitForOperation,
)
from fairlead.upgrade.plan.surge import surge_of
from fairlead.upgrade.plan.versions import (
    falls_too_far_behind,
    next_control_plane,
    node_version,
    wants_to_follow,
)


def plan_cluster(snapshot: ClusterSnapshot, goal: Goal, memory: Memory) -> Plan:
    """
    Choose the next step towards the goal, or say why there is none.

    One step, not a list: the cluster is looked at again after each step, so a plan is never older than the picture
    it was made from. Whatever blocks is judged before every change.
    """
    if blind := missing_evidence(snapshot, balanced=goal.balanced):
        return blind
    change = next_change(snapshot, goal)
    if isinstance(change, Blocked):
        return change
    if change is not None and not _under_way(snapshot, change):
        pools = _pools_at_stake(snapshot, goal, memory, change)
        if blocked := blockers_of(snapshot, pools, goal.policy, touched=memory.touched):
            return blocked
    return step_towards(change, snapshot, goal, memory)


def first_memory(snapshot: ClusterSnapshot, goal: Goal) -> Memory:
    """What is to be remembered of the cluster as it was found; one to be returned is ours to keep out until then."""
    found_out = goal.balanced and _is_out(snapshot)
    return Memory(out=found_out and goal.return_drained, found_out=found_out)


def next_change(snapshot: ClusterSnapshot, goal: Goal) -> Change | Blocked | None:
    """The next thing that changes the cluster, whatever has to come before it; None where nothing has to change."""
    control_plane = snapshot.provider_control_plane
    policy = goal.policy.version
    if control_plane < goal.target:
        to = next_control_plane(snapshot, goal.target, policy.exclude)
        if isinstance(to, Blocked):
            return to
        # Nodes roll on the way only where the skew forces them to: each roll moves every pod once.
        late = [pool for pool in snapshot.pools if falls_too_far_behind(pool, to)]
        return _roll(snapshot, goal, late) if late else UpgradeControlPlane(to)
    return _roll(snapshot, goal, pools_to_follow(snapshot, goal))


def pools_to_follow(snapshot: ClusterSnapshot, goal: Goal) -> list[Pool]:
    """Pools that are not whole on the version the policy wants beside the present control plane."""
    policy = goal.policy.version
    return [
        pool
        for pool in snapshot.pools
        if wants_to_follow(pool, snapshot.provider_control_plane, policy) or _mixed(snapshot, pool)
    ]


def step_towards(change: Change | None, snapshot: ClusterSnapshot, goal: Goal, memory: Memory) -> Plan:
    """What has to come before `change`, or the change itself; after the last change, what makes an end."""
    if change is None and not memory.touched and not _to_be_returned(goal, memory):
        return Done()
    if foreign := _foreign(snapshot, change):
        return NextStep(foreign)
    rolling = change.pool if isinstance(change, RollPool) else None
    for pool in memory.parked:
        if pool != rolling:
            return NextStep(RestorePool(pool))
    if change is None:
        return _make_an_end(goal, memory)
    return NextStep(_before(change, snapshot, goal, memory) or change)


def _before(
    change: Change, snapshot: ClusterSnapshot, goal: Goal, memory: Memory
) -> TakeOutOfBalancer | Bake | ParkPool | None:
    drain_first = goal.policy.drain.mode is DrainMode.DRAIN_FIRST
    if goal.balanced and (drain_first or memory.out) and not (memory.taken_out and _is_out(snapshot)):
        return TakeOutOfBalancer()
    if memory.unbaked is not None:
        return Bake(memory.unbaked, goal.policy.bake)
    if isinstance(change, RollPool) and change.pool not in memory.parked:
        return ParkPool(change.pool, change.max_surge, change.max_unavailable)
    return None


def _make_an_end(goal: Goal, memory: Memory) -> Plan:
    if memory.unbaked is not None:
        return NextStep(Bake(memory.unbaked, goal.policy.bake))
    if not memory.verified:
        return NextStep(Verify())
    if _to_be_returned(goal, memory):
        return NextStep(ReturnToBalancer())
    return Done()


def _to_be_returned(goal: Goal, memory: Memory) -> bool:
    """What was out before the run stays out, unless the run was told otherwise."""
    return memory.out and (goal.return_drained or not memory.found_out)


def _roll(snapshot: ClusterSnapshot, goal: Goal, pools: list[Pool]) -> RollPool | Blocked | None:
    if not pools:
        return None
    # The one under way first, so that it is followed to its end; then in the order of their names.
    running = {each.target for each in snapshot.operations}
    pool = min(pools, key=lambda each: (each.name not in running, each.name))
    to = node_version(snapshot, goal.policy.version)
    if isinstance(to, Blocked):
        return to
    surge = surge_of(goal.policy.surge, pool)
    # A pool that is on its version but not whole is rolled to that version once more.
    to = max(to, pool.version)
    return RollPool(pool.name, to, pool.nodes, len(pool.zones), surge.max_surge, surge.max_unavailable)


def _mixed(snapshot: ClusterSnapshot, pool: Pool) -> bool:
    """A cancelled or failed roll leaves nodes of an older version than the pool's."""
    return any(node.version is not None and node.version < pool.version for node in snapshot.nodes_of(pool.name))


def _pools_at_stake(snapshot: ClusterSnapshot, goal: Goal, memory: Memory, change: Change) -> list[str]:
    """Before anything is touched, all pools that will be rolled; later only the one at hand."""
    if isinstance(change, RollPool):
        return [change.pool] if memory.touched else [pool.name for pool in _ever_rolled(snapshot, goal)]
    return [] if memory.touched else [pool.name for pool in _ever_rolled(snapshot, goal)]


def _ever_rolled(snapshot: ClusterSnapshot, goal: Goal) -> Iterable[Pool]:
    policy = goal.policy.version
    return [pool for pool in snapshot.pools if wants_to_follow(pool, goal.target, policy) or _mixed(snapshot, pool)]


def _is_out(snapshot: ClusterSnapshot) -> bool:
    return snapshot.traffic is not None and snapshot.traffic.out_of_balancer


def _matches(kind: str, target: str, change: Change | None) -> bool:
    match change:
        case UpgradeControlPlane():
            return kind == "upgrade-control-plane"
        case RollPool(pool=pool):
            return kind == "upgrade-pool" and target == pool
        case None:
            return False


def _under_way(snapshot: ClusterSnapshot, change: Change) -> bool:
    return any(_matches(each.kind, each.target, change) for each in snapshot.operations)


def _foreign(snapshot: ClusterSnapshot, change: Change | None) -> WaitForOperation | None:
    """The first operation that is not the very change we are about to make (that one is found and followed)."""
    for each in snapshot.operations:
        if not _matches(each.kind, each.target, change):
            return WaitForOperation(each.id, f"{each.kind} {each.target}".strip())
    return None
