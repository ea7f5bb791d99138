"""Upgrades on a real fleet under traffic: one in which all is well, and one for each thing that goes wrong."""

import time
from datetime import datetime

import pytest

from fairlead.twin import traffic
from fairlead.twin.gke import audit
from fairlead.twin.gke.faults import FailOperation, GoogleOperation, NeverReady, StallOperation, StockOut
from fairlead.upgrade.plan.steps import RollPool, UpgradeControlPlane, WaitForOperation
from fairlead.upgrade.state import ClusterState, FleetState, Phase, StepState
from scenarios.budgets import allow_evictions
from scenarios.invariants import Invariants
from scenarios.story import Story, names_of, wait_until

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

# Each upgrades one cluster by one version; who was left half-way by a skip or an abort is finished by the next story.


async def test_a_fleet_is_upgraded_wave_after_wave_least_traffic_first(story: Story, invariants: Invariants) -> None:
    await story.start(waves=[{"name": "canary", "count": 1, "soak": "1s"}, {"name": "rest", "concurrency": 2}])
    run = await story.until_over(within=280)
    assert run.phase is Phase.DONE, [story.tale(name) for name in story.names]
    assert [wave.clusters for wave in run.waves] == [("taipei",), ("osaka", "tokyo")]
    assert [name for name, state in run.clusters.items() if state.steps[0].began < _begin_of(run, "rest")] == ["taipei"]
    assert run.traffic is not None
    assert run.traffic.requests > 1000
    assert run.traffic.failed == 0
    await invariants.hold(run)


async def test_a_skipped_cluster_gets_its_settings_back_and_stays_out(story: Story, invariants: Invariants) -> None:
    story.inject(FailOperation("UPGRADE_NODES", "tokyo", "app", after_nodes=1))
    await story.start("tokyo")
    await story.until_phase("tokyo", Phase.HELD)
    await story.fairlead("skip", "--cluster", "tokyo", "--reason", "not today")
    run = await story.until_over()
    tokyo = run.clusters["tokyo"]
    assert (run.phase, tokyo.phase) == (Phase.SKIPPED, Phase.SKIPPED)
    assert "not today" in tokyo.reason
    assert [(each.pool, each.restored) for each in tokyo.parked] == [("app", True)]
    await invariants.hold(run, out=["tokyo"], finished=False)
    await story.put_back("tokyo")


async def test_a_node_that_never_gets_ready_is_named_and_holds_its_cluster(
    story: Story, invariants: Invariants
) -> None:
    to = await story.next_version("tokyo")
    pool = (await story.pools_behind("tokyo", to))[-1]
    story.inject(NeverReady("tokyo", pool))
    await story.start("tokyo", to=to)
    held = await story.until_phase("tokyo", Phase.HELD)
    assert f"roll pool {pool}" in _why(held)
    assert f"node gke-tokyo-{pool}-" in _why(held)
    assert await story.is_out("tokyo")
    await _retry(story, "tokyo")
    run = await story.until_over()
    await invariants.hold(run, repeated={f"tokyo/{pool}": 2})


async def test_a_cluster_whose_budget_allows_nothing_is_not_touched(story: Story, invariants: Invariants) -> None:
    await allow_evictions(story.twin, "tokyo", "shop", "db", 0)
    asked = len(audit.read(story.twin.root))
    await story.start("tokyo")
    held = await story.until_phase("tokyo", Phase.HELD)
    assert "shop/db" in _why(held)
    assert "allows no eviction" in _why(held)
    assert held.steps == []
    assert held.before == held.after
    assert await story.is_back("tokyo")
    assert len(audit.read(story.twin.root)) == asked
    await allow_evictions(story.twin, "tokyo", "shop", "db", 1)
    await _retry(story, "tokyo")
    run = await story.until_over()
    await invariants.hold(run)


async def test_an_abort_in_the_middle_of_a_roll_restores_and_stays_out(story: Story, invariants: Invariants) -> None:
    # The roll ends only after the word was given, however long that took.
    story.inject(StallOperation("UPGRADE_NODES", "osaka"))
    await story.start("osaka")
    await story.until_step("osaka", RollPool)
    await _until_an_operation_runs(story, "osaka")
    await story.fairlead("abort", "--reason", "stop the line")
    story.clear_faults()
    run = await story.until_over()
    osaka = run.clusters["osaka"]
    assert (run.phase, osaka.phase) == (Phase.ABORTED, Phase.ABORTED)
    assert osaka.steps[-1].state is StepState.STOPPED
    assert [each.restored for each in osaka.parked] == [True]
    await invariants.hold(run, out=["osaka"], finished=False)
    await story.put_back("osaka")


async def test_an_operation_that_is_done_with_an_error_holds_its_cluster(story: Story, invariants: Invariants) -> None:
    to = await story.next_version("osaka")
    pool = (await story.pools_behind("osaka", to))[-1]
    story.inject(FailOperation("UPGRADE_NODES", "osaka", pool, message="the disk image is gone", after_nodes=1))
    await story.start("osaka", to=to)
    held = await story.until_phase("osaka", Phase.HELD)
    assert f"roll pool {pool}" in _why(held)
    assert "the disk image is gone" in _why(held)
    assert await story.is_out("osaka")
    await _retry(story, "osaka")
    run = await story.until_over()
    await invariants.hold(run, repeated={f"osaka/{pool}": 2})


async def test_a_cluster_stays_out_when_the_balancer_is_reloaded(story: Story, invariants: Invariants) -> None:
    await story.start("osaka")
    await story.until_step("osaka", RollPool)
    await traffic.reload(story.twin)
    reloaded = time.monotonic()
    await wait_until(lambda: story.is_out("osaka"), within=5, pause=0.1)
    out_after = time.monotonic() - reloaded
    assert out_after < 5
    run = await story.until_over()
    await invariants.hold(run, reloads=1)


async def test_operations_of_others_are_waited_for_and_named(story: Story, invariants: Invariants) -> None:
    # What Google does ends only after we were seen to wait for it.
    story.inject(StallOperation("REPAIR_CLUSTER", "taipei"))
    story.inject(GoogleOperation("REPAIR_CLUSTER", "taipei", seconds=1))
    first = await _until_an_operation_runs(story, "taipei")
    await story.start("taipei")
    waiting = await story.until_step("taipei", WaitForOperation)
    assert first in waiting.name
    story.clear_faults()
    await story.until_step("taipei", UpgradeControlPlane)
    await _until_an_operation_runs(story, "taipei")
    # Google is quicker than we are when the cluster is free again.
    story.inject(StallOperation("AUTO_REPAIR_NODES", "taipei"))
    story.inject(GoogleOperation("AUTO_REPAIR_NODES", "taipei", pool="system", seconds=1))
    again = await story.until_step("taipei", WaitForOperation)
    assert "repair-pool" in again.name
    story.clear_faults()
    run = await story.until_over()
    steps = names_of(run.clusters["taipei"].steps)
    assert steps[:2] == ["WaitForOperation", "TakeOutOfBalancer"]
    assert steps.count("WaitForOperation") == 2
    await invariants.hold(run)


async def test_a_stock_out_slows_a_roll_or_holds_it(story: Story, invariants: Invariants) -> None:
    story.inject(StockOut("taipei", "app", available=1))
    story.inject(StockOut("taipei", "system", available=0))
    await story.start("taipei")
    held = await story.until_phase("taipei", Phase.HELD)
    rolled = [each.step.pool for each in held.steps if isinstance(each.step, RollPool) and each.state is StepState.DONE]
    assert rolled == ["app"]
    assert "roll pool system" in _why(held)
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in _why(held)
    assert await story.is_out("taipei")
    story.clear_faults()
    await _retry(story, "taipei")
    run = await story.until_over()
    await invariants.hold(run, repeated={"taipei/system": 2})


def _begin_of(run: FleetState, wave: str) -> datetime:
    began = next(each.began for each in run.waves if each.name == wave)
    assert began is not None
    return began


def _why(state: ClusterState) -> str:
    assert state.hold is not None
    return "; ".join(f"{each.subject}: {each.message}" for each in state.hold.because)


async def _retry(story: Story, cluster: str) -> None:
    """The command line says by its exit code that somebody is waited for; after the retry nobody is."""
    await story.fairlead("status", "-o", "json", code=4)
    await story.fairlead("retry", "--cluster", cluster)
    await story.until_phase(cluster, Phase.RUNNING, Phase.DONE, within=20)


async def _until_an_operation_runs(story: Story, cluster: str) -> str:
    """Its bare id."""
    ref = story.fleet.cluster(cluster).ref

    async def running() -> str:
        operations = await story.ports.cloud.running_operations(ref)
        return operations[0].ref.id if operations else ""

    return await wait_until(running, within=20)
