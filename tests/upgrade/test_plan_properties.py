"""What the planner promises whatever the fleet: invariants 1-4, 6 and 7 of the design."""

from collections.abc import Iterator
from random import Random

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fairlead.fleet.file import DrainMode, FleetCluster, UpgradePolicy, Wave
from fairlead.model.cluster import GkePlace
from fairlead.model.version import Version
from fairlead.snapshot.cluster import Budget, ClusterSnapshot, Pod
from fairlead.upgrade.plan.cluster import first_memory, plan_cluster
from fairlead.upgrade.plan.headroom import SharedLoad, lacking_headroom
from fairlead.upgrade.plan.preview import simulate
from fairlead.upgrade.plan.steps import (
    Blocked,
    Done,
    Goal,
    Memory,
    NextStep,
    ParkPool,
    RestorePool,
    ReturnToBalancer,
    RollPool,
    Step,
    TakeOutOfBalancer,
    UpgradeControlPlane,
    Verify,
    remember,
)
from fairlead.upgrade.plan.versions import choose_target
from fairlead.upgrade.plan.waves import line_up, may_start
from fakes.pictures import a_reading, a_snapshot, policies, snapshots


def taken(snapshot: ClusterSnapshot, goal: Goal) -> Iterator[tuple[Step, ClusterSnapshot, Memory]]:
    """Follow the plan to its end; each step with the picture and the memory before it."""
    memory = first_memory(snapshot, goal)
    for _ in range(300):
        match plan_cluster(snapshot, goal, memory):
            case NextStep(step=step):
                yield step, snapshot, memory
                snapshot, memory = simulate(snapshot, step), remember(memory, step)
            case Done():
                return
            case Blocked(because=because):
                raise AssertionError(f"blocked: {because}")
    raise AssertionError("the plan has no end")


def goal_of(snapshot: ClusterSnapshot, policy: UpgradePolicy) -> Goal:
    target = choose_target(policy.version, snapshot)
    assume(isinstance(target, Version))
    assert isinstance(target, Version)
    return Goal(target, policy)


def at_the_end(snapshot: ClusterSnapshot, goal: Goal) -> ClusterSnapshot:
    for step, before, _ in taken(snapshot, goal):
        snapshot = simulate(before, step)
    return snapshot


@given(snapshots(), policies())
@settings(max_examples=300, deadline=None)
def test_the_plan_reaches_the_target_and_then_plans_nothing(snapshot: ClusterSnapshot, policy: UpgradePolicy) -> None:
    goal = goal_of(snapshot, policy)
    end = at_the_end(snapshot, goal)
    assert end.provider_control_plane == max(goal.target, snapshot.provider_control_plane)
    assert plan_cluster(end, goal, Memory()) == Done()
    for pool in end.pools:
        assert end.provider_control_plane.minors_ahead_of(pool.version) == 0


@given(snapshots(), policies())
@settings(max_examples=300, deadline=None)
def test_no_minor_is_skipped_nothing_goes_back_and_nodes_stay_within_the_skew(
    snapshot: ClusterSnapshot, policy: UpgradePolicy
) -> None:
    for step, before, _ in taken(snapshot, goal_of(snapshot, policy)):
        if isinstance(step, UpgradeControlPlane):
            assert step.to > before.provider_control_plane
            assert step.to.minors_ahead_of(before.provider_control_plane) <= 1
            assert all(step.to.minors_ahead_of(pool.version) <= 3 for pool in before.pools)
        if isinstance(step, RollPool):
            assert before.pool(step.pool).version <= step.to <= before.provider_control_plane


@given(snapshots(), policies())
@settings(max_examples=200, deadline=None)
def test_nodes_roll_no_more_often_than_the_skew_asks(snapshot: ClusterSnapshot, policy: UpgradePolicy) -> None:
    assume(policy.version.nodes == "follow-minor")
    goal = goal_of(snapshot, policy)
    steps = [step for step, _, _ in taken(snapshot, goal)]
    for pool in snapshot.pools:
        behind = goal.target.minors_ahead_of(pool.version)
        assert sum(isinstance(each, RollPool) and each.pool == pool.name for each in steps) <= -(-behind // 3)


@given(snapshots(), policies())
@settings(max_examples=200, deadline=None)
def test_nothing_of_ours_starts_beside_another_operation(snapshot: ClusterSnapshot, policy: UpgradePolicy) -> None:
    for step, before, _ in taken(snapshot, goal_of(snapshot, policy)):
        if isinstance(step, UpgradeControlPlane):
            assert all(each.kind == "upgrade-control-plane" for each in before.operations)
        if isinstance(step, RollPool):
            assert all((each.kind, each.target) == ("upgrade-pool", step.pool) for each in before.operations)


@given(snapshots(), policies())
@settings(max_examples=200, deadline=None)
def test_a_cluster_gets_no_traffic_before_it_is_verified(snapshot: ClusterSnapshot, policy: UpgradePolicy) -> None:
    steps = [step for step, _, _ in taken(snapshot, goal_of(snapshot, policy))]
    changes = [number for number, step in enumerate(steps) if isinstance(step, UpgradeControlPlane | RollPool)]
    for number, step in enumerate(steps):
        if isinstance(step, ReturnToBalancer):
            assert isinstance(steps[number - 1], Verify)
            assert all(change < number - 1 for change in changes)
    if policy.drain.mode is DrainMode.DRAIN_FIRST and changes:
        out = [number for number, step in enumerate(steps) if isinstance(step, TakeOutOfBalancer)]
        assert out
        assert out[0] < changes[0]


@given(snapshots(), policies(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_was_out_before_is_returned_only_where_that_was_asked_for(
    snapshot: ClusterSnapshot, policy: UpgradePolicy, asked: bool
) -> None:
    goal = msgspec.structs.replace(goal_of(snapshot, policy), return_drained=asked)
    out = msgspec.structs.replace(snapshot, traffic=a_reading(in_balancer=False, out_of_balancer=True))
    returns = [isinstance(step, ReturnToBalancer) for step, _, _ in taken(out, goal)]
    assert sum(returns) == asked
    end = at_the_end(out, goal)
    assert end.traffic is not None
    assert end.traffic.in_balancer == asked
    assert plan_cluster(end, goal, first_memory(end, goal)) == Done()


@given(snapshots(), policies())
@settings(max_examples=200, deadline=None)
def test_what_is_parked_is_restored_before_the_end(snapshot: ClusterSnapshot, policy: UpgradePolicy) -> None:
    parked: list[str] = []
    for step, _, _ in taken(snapshot, goal_of(snapshot, policy)):
        match step:
            case ParkPool(pool=pool):
                parked.append(pool)
            case RestorePool(pool=pool):
                parked.remove(pool)
            case RollPool(pool=pool):
                assert parked == [pool]
            case ReturnToBalancer():
                assert not parked
            case _:
                pass
    assert not parked


@given(snapshots(), policies())
@settings(max_examples=200, deadline=None)
def test_a_roll_takes_at_least_one_and_at_most_twenty_nodes(snapshot: ClusterSnapshot, policy: UpgradePolicy) -> None:
    for step, _, _ in taken(snapshot, goal_of(snapshot, policy)):
        if isinstance(step, RollPool | ParkPool):
            assert step.max_surge >= 1
            assert step.max_surge + step.max_unavailable <= 20


@given(snapshots(), policies(), st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_a_budget_that_allows_nothing_stops_us_before_anything_is_touched(
    snapshot: ClusterSnapshot, policy: UpgradePolicy, pods: int
) -> None:
    goal = goal_of(snapshot, policy)
    rolled = {step.pool for step, _, _ in taken(snapshot, goal) if isinstance(step, RollPool)}
    nodes = [node for node in snapshot.nodes if node.pool in rolled]
    assume(nodes)
    guarded = tuple(Pod("shop", f"db-{n}", nodes[0].name, "Running", True, "StatefulSet/db") for n in range(pods))
    stuck = msgspec.structs.replace(
        snapshot, operations=(), pods=guarded, budgets=(Budget("shop", "db", pods, pods, pods, 0),)
    )
    plan = plan_cluster(stuck, goal, Memory())
    assert isinstance(plan, Blocked)
    assert "db-0" in plan.because[0].message


@given(
    st.floats(0, 1e6),
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.lists(st.sampled_from(["osaka", "taipei"]), max_size=2),
    st.integers(0, 200),
)
def test_nobody_leaves_without_headroom(
    load: float, capacity: float | None, siblings: list[str], headroom: int
) -> None:
    shared = SharedLoad("global/shop", load, tuple(siblings), capacity)
    enough = bool(siblings) and capacity is not None and capacity >= load * (1 + headroom / 100)
    assert enough == (not lacking_headroom("tokyo", [shared], headroom))


NAMES = [f"c{number}" for number in range(9)]


@given(
    st.lists(st.sampled_from(NAMES), unique=True, min_size=1),
    st.lists(
        st.builds(
            lambda number, count, concurrency: Wave(name=f"w{number}", count=count, concurrency=concurrency),
            st.integers(0, 99),
            st.one_of(st.none(), st.integers(1, 4)),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(),
)
@settings(max_examples=200, deadline=None)
def test_one_wave_is_open_and_no_more_in_flight_than_allowed(names: list[str], waves: list[Wave], seed: int) -> None:
    random = Random(seed)
    clusters = [FleetCluster(name=name, gke=GkePlace("p", "l", name)) for name in names]
    lineup = line_up(clusters, waves)
    placed = [name for wave in lineup.waves for name in wave.clusters]
    assert sorted([*placed, *lineup.left_out]) == sorted(names)
    for wave in lineup.waves:
        started: list[str] = []
        in_flight: list[str] = []
        while len(started) < len(wave.clusters) or in_flight:
            hold = random.random() < 0.2
            new = may_start(wave, started, in_flight, hold=hold)
            assert not (hold and new)
            started += new
            in_flight += new
            assert len(in_flight) <= wave.concurrency
            if in_flight and random.random() < 0.7:
                in_flight.remove(random.choice(in_flight))
        assert sorted(started) == sorted(wave.clusters)


def test_four_minors_are_four_control_planes_and_two_rolls() -> None:
    snapshot = a_snapshot(version="1.29.2-gke.1000")
    policy = UpgradePolicy()
    steps = [step for step, _, _ in taken(snapshot, Goal(Version("1.33.4-gke.1000"), policy))]
    assert [step.to.minor for step in steps if isinstance(step, UpgradeControlPlane)] == [30, 31, 32, 33]
    assert [step.to.minor for step in steps if isinstance(step, RollPool)] == [32, 33]
