"""The plan on the screen: the planner followed on a simulated cluster until it is done."""

from collections.abc import Iterator

import msgspec

from fairlead.model.finding import Finding
from fairlead.model.version import Version
from fairlead.snapshot.cluster import ClusterSnapshot, RunningOperation
from fairlead.snapshot.traffic import TrafficReading
from fairlead.upgrade.plan.blockers import (
    blockers_of,
    forced_by_provider,
    missing_evidence,
    standing_out,
    warnings_of,
)
from fairlead.upgrade.plan.cluster import first_memory, next_change, step_towards
from fairlead.upgrade.plan.forecast import minutes_of
from fairlead.upgrade.plan.steps import (
    Blocked,
    Goal,
    NextStep,
    ReturnToBalancer,
    RollPool,
    Step,
    TakeOutOfBalancer,
    UpgradeControlPlane,
    WaitForOperation,
    remember,
    words_of,
)
from fairlead.upgrade.plan.versions import wants_to_follow

# No cluster needs as many; a planner that goes round in circles is a defect and must not hang the screen.
_MOST_STEPS = 1000


class PlannedStep(msgspec.Struct, frozen=True):
    """A step as it is expected now, its name and its forecast."""

    step: Step
    name: str
    minutes: float


class PoolPreview(msgspec.Struct, frozen=True):
    """A pool from version to version; `max_surge` is None where it does not roll, or rolls `blue_green`."""

    name: str
    nodes: int
    before: Version
    after: Version
    max_surge: int | None
    max_unavailable: int | None
    blue_green: bool = False


class ClusterPreview(msgspec.Struct, frozen=True):
    """
    One cluster's plan: `target` None where the version policy cannot be met (then `blockers` say why). `forced`: what
    the provider would do by force if we let it.
    """

    cluster: str
    rate: float | None
    before: Version
    target: Version | None
    pools: tuple[PoolPreview, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    blockers: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    forced: tuple[str, ...] = ()

    @property
    def minutes(self) -> float:
        return sum(step.minutes for step in self.steps)


def preview(snapshot: ClusterSnapshot, goal: Goal | Blocked) -> ClusterPreview:
    """What the run would do now with this cluster, and what stands against it."""
    rate = snapshot.traffic.rate if snapshot.traffic else None
    before = snapshot.provider_control_plane
    if isinstance(goal, Blocked):
        return ClusterPreview(str(snapshot.ref), rate, before, None, blockers=goal.because)
    steps, stuck = follow(snapshot, goal)
    rolled = [pool.name for pool in snapshot.pools if wants_to_follow(pool, goal.target, goal.policy.version)]
    blockers = [*stuck]
    if (steps or stuck) and (blind := missing_evidence(snapshot, balanced=goal.balanced)):
        blockers += blind.because
    changes = stuck or any(isinstance(step, UpgradeControlPlane | RollPool) for step in steps)
    if changes and (blocked := blockers_of(snapshot, rolled, goal.policy, touched=False)):
        blockers += blocked.because
    return ClusterPreview(
        str(snapshot.ref),
        rate,
        before,
        goal.target,
        tuple(_pools(snapshot, steps)),
        tuple(PlannedStep(step, words_of(step), minutes_of(step, goal.policy)) for step in steps),
        tuple(blockers),
        (
            *standing_out(snapshot, will_return=any(isinstance(step, ReturnToBalancer) for step in steps)),
            *(warnings_of(snapshot) if steps else ()),
        ),
        forced_by_provider(snapshot, rolled),
    )


def follow(snapshot: ClusterSnapshot, goal: Goal) -> tuple[list[Step], tuple[Finding, ...]]:
    """All steps to the end, blockers left aside; the findings are those without which no next step could be named."""
    memory = first_memory(snapshot, goal)
    steps: list[Step] = []
    while len(steps) < _MOST_STEPS:
        change = next_change(snapshot, goal)
        if isinstance(change, Blocked):
            return steps, change.because
        plan = step_towards(change, snapshot, goal, memory)
        if not isinstance(plan, NextStep):
            return steps, ()
        steps.append(plan.step)
        snapshot, memory = simulate(snapshot, plan.step), remember(memory, plan.step)
    raise RuntimeError(f"the plan of {snapshot.ref} has no end")


def simulate(snapshot: ClusterSnapshot, step: Step) -> ClusterSnapshot:
    """The picture after the step has gone well."""
    match step:
        case UpgradeControlPlane(to=to):
            return msgspec.structs.replace(
                snapshot, provider_control_plane=to, control_plane=to, operations=_without(snapshot, "")
            )
        case RollPool():
            return _rolled(snapshot, step)
        case WaitForOperation(operation=operation):
            left = tuple(each for each in snapshot.operations if each.id != operation)
            return msgspec.structs.replace(snapshot, operations=left)
        case TakeOutOfBalancer():
            # Also where the balancers do not answer now: this is the picture of a step that has gone well.
            traffic = snapshot.traffic or TrafficReading(snapshot.taken, "", 0, 0, 0.0, 0, 0, 0.0, 0, False, True)
            out = msgspec.structs.replace(traffic, in_balancer=False, out_of_balancer=True)
            return msgspec.structs.replace(snapshot, traffic=out)
        case ReturnToBalancer() if snapshot.traffic is not None:
            back = msgspec.structs.replace(snapshot.traffic, in_balancer=True, out_of_balancer=False)
            return msgspec.structs.replace(snapshot, traffic=back)
        case _:
            return snapshot


def _rolled(snapshot: ClusterSnapshot, step: RollPool) -> ClusterSnapshot:
    return msgspec.structs.replace(
        snapshot,
        pools=tuple(
            msgspec.structs.replace(pool, version=step.to) if pool.name == step.pool else pool
            for pool in snapshot.pools
        ),
        nodes=tuple(
            msgspec.structs.replace(node, version=step.to, ready=True) if node.pool == step.pool else node
            for node in snapshot.nodes
        ),
        operations=_without(snapshot, step.pool),
    )


def _without(snapshot: ClusterSnapshot, target: str) -> tuple[RunningOperation, ...]:
    return tuple(each for each in snapshot.operations if each.target != target)


def _pools(snapshot: ClusterSnapshot, steps: list[Step]) -> Iterator[PoolPreview]:
    rolls = {step.pool: step for step in steps if isinstance(step, RollPool)}
    for pool in snapshot.pools:
        roll = rolls.get(pool.name)
        after = roll.to if roll else pool.version
        surge = None if pool.blue_green else roll
        yield PoolPreview(
            pool.name,
            pool.nodes,
            pool.version,
            after,
            surge.max_surge if surge else None,
            surge.max_unavailable if surge else None,
            pool.blue_green,
        )
