"""Runs on a real Temporal server, against fakes of our own ports."""

import pytest

from fairlead.clouds.port import CloudUnavailableError, OperationKind
from fairlead.fleet.file import Drain, DrainMode, Wave
from fairlead.model.duration import Duration
from fairlead.model.errors import FairleadError, UsageError
from fairlead.snapshot.cluster import Budget, Pod
from fairlead.traffic.port import EntryState
from fairlead.upgrade.fleetplan import freeze
from fairlead.upgrade.report import events_of, report_of
from fairlead.upgrade.run import RunView
from fairlead.upgrade.state import Action, Phase, StepRecord, StepState
from fakes.run import Rig

pytestmark = pytest.mark.twin
TARGET = "1.36.3-gke.1000"
ONE = {"tokyo": 3000.0, "osaka": 1000.0}
ALONE = (Wave(name="all", count=1),)


def only_osaka() -> Rig:
    """One cluster in the run, a sibling beside it that carries the load."""
    return Rig(dict(ONE)).with_policy(waves=ALONE)


def held(view: RunView) -> bool:
    return view.run.held == ["osaka"] and view.run.clusters["osaka"].hold is not None


def waited_for(view: RunView) -> list[tuple[str, str]]:
    """Pools and the budgets their rolls have waited for, each seen refusing for a while."""
    refusals = report_of(view.run).clusters[0].refusals
    assert all(each.seconds > 0 for each in refusals)
    return [(each.pool, each.budget) for each in refusals]


def nothing_is_left_behind(rig: Rig) -> None:
    """Invariant 5: settings are what they were."""
    for cluster in rig.cloud.clusters.values():
        for pool in cluster.pools:
            assert pool.auto_repair, (cluster.place.cluster, pool.name)
            assert (pool.surge.max_surge, pool.surge.max_unavailable) == (1, 0)


async def is_out(rig: Rig, name: str) -> bool:
    return all(entry.state is not EntryState.READY for entry in await rig.balancer.entries([name]))


async def test_a_healthy_fleet_is_upgraded_least_traffic_first(temporal: str) -> None:
    rig = Rig(pools=("app", "batch")).with_policy(bake=Duration(milliseconds=10))
    async with rig.working(temporal):
        await rig.start()
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        assert {str(each.after) for each in view.run.clusters.values()} == {TARGET}
        began = {name: each.began for name, each in view.run.clusters.items() if each.began}
        assert min(began, key=lambda name: began[name]) == "osaka"
        assert not any([await is_out(rig, name) for name in rig.rates])
        nothing_is_left_behind(rig)
        report = report_of(view.run)
        assert report.traffic is not None
        assert report.traffic.requests > 0
        assert report.traffic.failed == 0
        assert all(step.ended for each in report.clusters for step in each.steps)
        again = await rig.plan()
        assert again.empty


async def test_a_second_start_is_refused_with_the_runs_name(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        await rig.start()
        with pytest.raises(FairleadError, match="already under way: `upgrade-fleet/"):
            await rig.start()
        await rig.end()


async def test_two_runs_cannot_hold_one_cluster(temporal: str) -> None:
    rig = only_osaka()
    rig.cloud.looks = 60
    async with rig.working(temporal):
        await rig.start()
        await rig.until(lambda view: "osaka" in view.run.open)
        plan = await rig.plan()
        other = rig.other_fleet()
        await other.start(freeze(rig.fleet, plan, run="r2", started_by="test"), rig.queue)
        view = await rig.until(lambda view: view.run.ended is not None, runs=other)
        assert view.run.phase is Phase.FAILED
        assert "another run holds it" in view.run.clusters["osaka"].reason
        rig.cloud.hurry()
        await rig.end()


async def test_an_operation_that_ends_with_an_error_is_held_and_can_be_tried_again(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.end_next_with_error(OperationKind.UPGRADE_POOL, "stock-out in zone a")
        await rig.start()
        view = await rig.until(held)
        hold = view.run.clusters["osaka"].hold
        assert hold is not None
        assert "stock-out in zone a" in hold.because[0].message
        assert await is_out(rig, "osaka")
        await rig.tell(Action.RETRY, "osaka")
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        decided = [step.decided_by for step in view.run.clusters["osaka"].steps if step.decided_by]
        assert decided == ["retry by test"]
        nothing_is_left_behind(rig)
        assert not await is_out(rig, "osaka")


async def test_a_node_that_never_gets_ready_is_held(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        await rig.start()
        await rig.until(lambda view: any("roll" in step.name for step in _steps(view)))
        rig.eyes.never_ready.add("osaka")
        view = await rig.until(held)
        assert any(step.state is StepState.FAILED for step in _steps(view))
        rig.eyes.never_ready.clear()
        await rig.tell(Action.RETRY)
        assert (await rig.end()).run.phase is Phase.DONE
        nothing_is_left_behind(rig)


async def test_a_budget_that_allows_nothing_is_named_before_anything_is_touched(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        node = "app-1.35.4-gke.1100-0"
        rig.eyes.pods["osaka"] = (Pod("shop", "db-0", node, "Running", ready=True, owner="StatefulSet/db"),)
        rig.eyes.budgets["osaka"] = (Budget("shop", "db", 1, 1, 1, 0),)
        await rig.start()
        view = await rig.until(held)
        hold = view.run.clusters["osaka"].hold
        assert hold is not None
        assert "PodDisruptionBudget shop/db" in hold.because[0].subject
        assert "db-0" in hold.because[0].message
        assert not rig.cloud.calls
        assert not await is_out(rig, "osaka")
        rig.eyes.budgets.clear()
        await rig.tell(Action.RETRY)
        assert (await rig.end()).run.phase is Phase.DONE


async def test_a_roll_that_stands_still_is_held_with_the_budget_in_its_way(temporal: str) -> None:
    rig = Rig(dict(ONE)).with_policy(waves=ALONE, stall_after=Duration(milliseconds=300))
    async with rig.working(temporal):
        rig.cloud.stalled.add(OperationKind.UPGRADE_POOL)
        node = "app-1.35.4-gke.1100-0"
        rig.eyes.pods["osaka"] = (Pod("shop", "db-0", node, "Running", ready=True, owner="StatefulSet/db"),)
        await rig.start()
        await rig.until(lambda view: any("roll" in step.name for step in _steps(view)))
        rig.eyes.budgets["osaka"] = (Budget("shop", "db", 1, 1, 1, 0),)
        view = await rig.until(held)
        hold = view.run.clusters["osaka"].hold
        assert hold is not None
        assert "PodDisruptionBudget shop/db (db-0 on" in hold.because[0].message
        assert not any("cancel" in call for call in rig.cloud.calls)
        assert waited_for(view) == [("app", "PodDisruptionBudget shop/db")]
        rig.cloud.stalled.clear()
        await rig.tell(Action.RETRY)
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        assert waited_for(view) == [("app", "PodDisruptionBudget shop/db")]
        assert sum(call.startswith("upgrade_pool osaka app ") for call in rig.cloud.calls) == 2
        assert len(rig.cloud.started) == len({ref.id for ref in rig.cloud.started})
        nothing_is_left_behind(rig)


async def test_operations_of_others_are_waited_for(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.foreign_operation("osaka", OperationKind.REPAIR_POOL, looks=3)
        await rig.start()
        await rig.until(lambda view: any(step.name.startswith("wait for repair-pool") for step in _steps(view)))
        rig.cloud.hurry()
        assert (await rig.end()).run.phase is Phase.DONE


async def test_a_reload_of_the_balancer_does_not_bring_the_cluster_back(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.looks = 30
        await rig.start()
        await rig.until(lambda view: any("control plane" in step.name for step in _steps(view)))
        rig.balancer.reload()
        before = len(rig.balancer.commands)
        await rig.until(lambda _: len(rig.balancer.commands) > before)
        assert await is_out(rig, "osaka")
        rig.cloud.hurry()
        assert (await rig.end()).run.phase is Phase.DONE


async def test_nobody_leaves_the_balancer_without_headroom(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.balancer.set_up("tokyo", up=False)
        await rig.start("osaka")
        view = await rig.until(held)
        hold = view.run.clusters["osaka"].hold
        assert hold is not None
        assert "nobody would carry the load" in hold.because[0].message
        assert not rig.cloud.calls
        await rig.tell(Action.SKIP)
        assert (await rig.end()).run.clusters["osaka"].phase is Phase.SKIPPED


async def test_sessions_that_do_not_end_are_not_cut(temporal: str) -> None:
    rig = Rig(dict(ONE)).with_policy(
        waves=ALONE, drain=Drain(idle_for=Duration(milliseconds=20), deadline=Duration(milliseconds=300))
    )
    async with rig.working(temporal):
        rig.balancer.pin("osaka", 3)
        await rig.start()
        view = await rig.until(held)
        hold = view.run.clusters["osaka"].hold
        assert hold is not None
        assert "3 sessions are still open" in hold.because[0].message
        assert not any(command == "end_sessions" for command, _, _ in rig.balancer.commands)
        assert not rig.cloud.calls
        rig.balancer.pin("osaka", 0)
        await rig.tell(Action.RETRY)
        assert (await rig.end()).run.phase is Phase.DONE


async def test_a_return_that_fails_goes_back_out_and_is_held(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        await rig.start()
        await rig.until(lambda view: any("control plane" in step.name for step in _steps(view)))
        rig.balancer.failing["osaka"] = 0.5
        view = await rig.until(held)
        hold = view.run.clusters["osaka"].hold
        assert hold is not None
        assert "requests failed" in hold.because[0].message
        assert await is_out(rig, "osaka")
        rig.balancer.failing["osaka"] = 0.0
        await rig.tell(Action.RETRY)
        assert (await rig.end()).run.phase is Phase.DONE
        assert not await is_out(rig, "osaka")


async def test_abort_in_the_middle_of_a_roll_restores_what_was_parked(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.stalled.add(OperationKind.UPGRADE_POOL)
        await rig.start()
        await rig.until(lambda view: any("roll" in step.name for step in _steps(view)))
        await rig.tell(Action.ABORT)
        rig.cloud.stalled.clear()
        view = await rig.end()
        assert view.run.phase is Phase.ABORTED
        assert all(parked.restored for parked in view.run.clusters["osaka"].parked)
        nothing_is_left_behind(rig)
        assert await is_out(rig, "osaka")
        assert any(event.bad for event in events_of(view.run))


async def test_cancelling_the_workflow_restores_what_was_parked(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.stalled.add(OperationKind.UPGRADE_POOL)
        await rig.start()
        view = await rig.until(lambda view: any("roll" in step.name for step in _steps(view)))
        handle = rig.client.get_workflow_handle(view.run.open["osaka"])
        await handle.cancel()
        rig.cloud.stalled.clear()
        view = await rig.end()
        assert view.run.phase is Phase.ABORTED
        nothing_is_left_behind(rig)


async def test_pause_stops_before_the_next_step_and_resume_goes_on(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.looks = 10
        await rig.start()
        await rig.until(lambda view: "osaka" in view.run.open)
        await rig.tell(Action.PAUSE)
        view = await rig.until(lambda view: view.run.clusters["osaka"].phase is Phase.PAUSED)
        steps = len(_steps(view))
        assert len(_steps(await rig.runs.view())) == steps
        rig.cloud.hurry()
        await rig.tell(Action.RESUME)
        assert (await rig.end()).run.phase is Phase.DONE


async def test_what_makes_no_sense_now_is_refused(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.looks = 20
        await rig.start()
        await rig.until(lambda view: "osaka" in view.run.open)
        with pytest.raises(UsageError, match="nothing to retry"):
            await rig.tell(Action.RETRY, "osaka")
        with pytest.raises(UsageError, match="not under way"):
            await rig.tell(Action.PAUSE, "nagoya")
        rig.cloud.hurry()
        await rig.end()
        with pytest.raises(UsageError, match="has ended"):
            await rig.tell(Action.PAUSE)


async def test_drain_on_failure_drains_only_then(temporal: str) -> None:
    rig = Rig(dict(ONE)).with_policy(
        waves=ALONE, drain=Drain(mode=DrainMode.DRAIN_ON_FAILURE, idle_for=Duration(milliseconds=20))
    )
    async with rig.working(temporal):
        rig.cloud.end_next_with_error(OperationKind.UPGRADE_POOL, "stock-out")
        await rig.start()
        view = await rig.until(held)
        assert [step.name for step in _steps(view)][-1] == "take out of balancer"
        assert await is_out(rig, "osaka")
        await rig.tell(Action.RETRY)
        assert (await rig.end()).run.phase is Phase.DONE
        assert not await is_out(rig, "osaka")


async def test_a_provider_that_is_away_for_a_while_is_asked_again(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.fail_next("operation", CloudUnavailableError("no answer"), times=2)
        await rig.start()
        assert (await rig.end()).run.phase is Phase.DONE


def _steps(view: RunView) -> list[StepRecord]:
    return [step for cluster in view.run.clusters.values() for step in cluster.steps]
