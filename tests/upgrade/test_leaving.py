"""A cluster that has begun to leave the balancer is kept out until it is returned, whatever goes wrong in between."""

import asyncio

import pytest

from fairlead.clouds.port import CloudRefusedError, OperationKind
from fairlead.fleet.file import Drain, Wave
from fairlead.model.duration import Duration
from fairlead.traffic.port import EntryState
from fairlead.upgrade.report import report_of
from fairlead.upgrade.run import RunView
from fairlead.upgrade.state import Action, Phase, StepRecord
from fakes.run import Rig

pytestmark = pytest.mark.twin
ALONE = (Wave(name="all", clusters=("osaka",)),)
HURRIED = Drain(idle_for=Duration(milliseconds=20), deadline=Duration(milliseconds=300))


def only_osaka(**policy: object) -> Rig:
    return Rig({"tokyo": 3000.0, "osaka": 1000.0}).with_policy(waves=ALONE, **policy)


def held(view: RunView) -> bool:
    return view.run.held == ["osaka"] and view.run.clusters["osaka"].hold is not None


def steps_of(view: RunView) -> list[StepRecord]:
    return [step for cluster in view.run.clusters.values() for step in cluster.steps]


async def is_out(rig: Rig, name: str = "osaka") -> bool:
    entries = [each for each in await rig.balancer.entries([name]) if not each.old_process]
    return all(entry.state is not EntryState.READY for entry in entries)


async def comes_out_again(rig: Rig, patience: float = 15.0) -> bool:
    """After a reload of the balancer somebody puts the cluster out again."""
    rig.balancer.reload()
    assert not await is_out(rig)
    for _ in range(int(patience / 0.05)):
        if await is_out(rig):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_a_drain_that_did_not_become_idle_is_guarded_and_told(temporal: str) -> None:
    async with only_osaka(drain=HURRIED).working(temporal) as rig:
        rig.balancer.pin("osaka", 3)
        await rig.start()
        view = await rig.until(held)
        assert report_of(view.run).clusters[0].out_of_balancer
        assert await comes_out_again(rig)
        # What was not proven idle is drained again and not put into maintenance, which might cut sessions.
        states = {each.state for each in await rig.balancer.entries(["osaka"]) if not each.old_process}
        assert states == {EntryState.DRAIN}
        rig.balancer.pin("osaka", 0)
        await rig.tell(Action.RETRY)
        assert (await rig.end()).run.phase is Phase.DONE
        assert not await is_out(rig)


async def test_told_to_stop_in_the_middle_of_a_drain_it_is_told_as_out(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.balancer.pin("osaka", 3)
        await rig.start()
        await rig.until(lambda _: ("set_state", "osaka", "drain") in rig.balancer.commands)
        await rig.tell(Action.ABORT)
        view = await rig.end()
        assert report_of(view.run).clusters[0].out_of_balancer
        assert await is_out(rig)


async def test_without_headroom_nothing_is_guarded(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.balancer.set_up("tokyo", up=False)
        await rig.start()
        view = await rig.until(held)
        assert not view.run.clusters["osaka"].memory.out
        assert not any(command == "set_state" for command, _, _ in rig.balancer.commands)
        await rig.tell(Action.SKIP)
        assert not report_of((await rig.end()).run).clusters[0].out_of_balancer


async def test_a_reload_while_nothing_but_planning_goes_on_is_noticed(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.eyes.closed.add("osaka")
        rig.eyes.closes_when = lambda: ("set_state", "osaka", "maintenance") in rig.balancer.commands
        await rig.start()
        await rig.until(lambda _: rig.eyes.waiting > 0)
        assert await comes_out_again(rig)
        rig.eyes.open_again()
        assert (await rig.end()).run.phase is Phase.DONE


async def test_a_skipped_cluster_is_kept_out_while_the_run_lives(temporal: str) -> None:
    async with Rig({"tokyo": 3000.0, "osaka": 1000.0}).working(temporal) as rig:
        rig.cloud.end_next_with_error(OperationKind.UPGRADE_POOL, "stock-out")
        await rig.start()
        await rig.until(held)
        # So that the other one stays under way.
        rig.cloud.stalled.add(OperationKind.UPGRADE_CONTROL_PLANE)
        await rig.tell(Action.SKIP, "osaka")
        await rig.until(lambda view: "tokyo" in view.run.open and "osaka" not in view.run.open)
        assert await comes_out_again(rig)
        await rig.tell(Action.ABORT)
        rig.cloud.stalled.clear()
        view = await rig.end()
        osaka = next(each for each in report_of(view.run).clusters if each.cluster == "osaka")
        assert osaka.out_of_balancer
        assert osaka.entries == ("global/osaka",)


async def test_every_parked_pool_is_tried_and_what_is_lost_is_told(temporal: str) -> None:
    async with only_osaka().working(temporal) as rig:
        rig.cloud.looks = 40
        await rig.start()
        await rig.until(lambda view: any("roll" in step.name for step in steps_of(view)))
        rig.cloud.fail_next("set_auto_repair", CloudRefusedError("permission denied"))
        await rig.tell(Action.ABORT)
        rig.cloud.hurry()
        view = await rig.end()
        osaka = view.run.clusters["osaka"]
        assert (view.run.phase, osaka.phase) == (Phase.FAILED, Phase.FAILED)
        assert osaka.steps
        assert [(each.pool, each.restored) for each in osaka.parked] == [("app", False)]
        assert "permission denied" in osaka.parked[0].trouble
        assert "pool app could not be restored to auto-repair on, surge 1, unavailable 0" in osaka.reason


async def test_aborting_one_cluster_ends_the_run_aborted_and_opens_no_other(temporal: str) -> None:
    async with Rig({"tokyo": 3000.0, "osaka": 1000.0}).working(temporal) as rig:
        rig.cloud.looks = 40
        await rig.start()
        await rig.until(lambda view: "osaka" in view.run.open)
        await rig.tell(Action.ABORT, "osaka")
        view = await rig.end()
        assert view.run.phase is Phase.ABORTED, view.run.clusters
        assert set(view.run.clusters) == {"osaka"}
        assert view.run.clusters["osaka"].phase is Phase.ABORTED
