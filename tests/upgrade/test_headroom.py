"""A cluster that lacks headroom only because another of its run is out waits for that one; nobody has to be called."""

import pytest

from fairlead.clouds.port import OperationKind
from fairlead.fleet.file import Wave
from fairlead.upgrade.run import RunView
from fairlead.upgrade.state import Action, Phase, StepState
from fakes.run import Rig

pytestmark = pytest.mark.twin
BOTH = (Wave(name="both", clusters=("taipei", "tokyo"), concurrency=2),)


def crowded() -> Rig:
    """Osaka alone does not carry what comes, with either of the others it does."""
    return Rig({"osaka": 100.0, "taipei": 2000.0, "tokyo": 3000.0}, limit=40).with_policy(waves=BOTH)


def who_waits(view: RunView) -> tuple[str, str] | None:
    """Which of the two waits, and for which: either may be the first to leave."""
    for waiting, away in (("taipei", "tokyo"), ("tokyo", "taipei")):
        state = view.run.clusters.get(waiting)
        if state is not None and state.waits_for.endswith(f"waits for {away} to come back"):
            return waiting, away
    return None


async def one_waits(rig: Rig) -> tuple[str, str]:
    waits = who_waits(await rig.until(lambda view: who_waits(view) is not None))
    assert waits is not None
    return waits


def was_touched(rig: Rig, name: str) -> bool:
    return any(server == name and command == "set_state" for command, server, _ in rig.balancer.commands)


async def test_it_waits_for_the_other_and_then_goes_on_by_itself(temporal: str) -> None:
    rig = crowded()
    rig.cloud.stalled.add(OperationKind.UPGRADE_CONTROL_PLANE)
    async with rig.working(temporal):
        await rig.start()
        waiting, away = await one_waits(rig)
        state = (await rig.runs.view()).run.clusters[waiting]
        assert state.phase is Phase.RUNNING
        assert state.waits_for.startswith(f"headroom: {waiting} in global/api: osaka carry 2667 requests a second, ")
        assert not was_touched(rig, waiting)
        rig.cloud.stalled.clear()
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        assert not any(state.decisions for state in view.run.clusters.values())
        left = [step for step in view.run.clusters[waiting].steps if step.name == "take out of balancer"]
        assert [step.state for step in left] == [StepState.DONE]
        assert rig.balancer.commands.index(("set_state", waiting, "drain")) > rig.balancer.commands.index(
            ("set_weight", away, "100")
        )


async def test_while_it_waits_it_can_be_paused_told_to_look_again_and_skipped(temporal: str) -> None:
    rig = crowded()
    rig.cloud.stalled.add(OperationKind.UPGRADE_CONTROL_PLANE)
    async with rig.working(temporal):
        await rig.start()
        waiting, away = await one_waits(rig)
        await rig.tell(Action.PAUSE, waiting)
        await rig.until(lambda view: view.run.clusters[waiting].phase is Phase.PAUSED)
        await rig.tell(Action.RESUME, waiting)
        await rig.until(lambda view: view.run.clusters[waiting].phase is Phase.RUNNING)
        await one_waits(rig)
        await rig.tell(Action.RETRY, waiting)
        await rig.until(lambda view: view.run.clusters[waiting].steps[-1].decided_by == "retry by test")
        await one_waits(rig)
        await rig.tell(Action.SKIP, waiting)
        rig.cloud.stalled.clear()
        view = await rig.end()
        assert view.run.clusters[waiting].phase is Phase.SKIPPED
        assert [step.state for step in view.run.clusters[waiting].steps] == [StepState.STOPPED]
        assert view.run.clusters[away].phase is Phase.DONE
        assert not was_touched(rig, waiting)


async def test_it_is_held_when_the_other_will_not_come_back(temporal: str) -> None:
    rig = crowded()
    rig.cloud.end_next_with_error(OperationKind.UPGRADE_CONTROL_PLANE, "stock-out")
    async with rig.working(temporal):
        await rig.start()
        waiting, away = await one_waits(rig)
        await rig.until(lambda view: view.run.held == [away] and who_waits(view) is not None)
        await rig.tell(Action.SKIP, away)
        view = await rig.until(lambda view: view.run.held == [waiting] and view.run.clusters[waiting].hold is not None)
        hold = view.run.clusters[waiting].hold
        assert hold is not None
        assert "osaka carry 2667 requests a second" in hold.because[0].message
        await rig.tell(Action.ABORT)
        assert (await rig.end()).run.phase is Phase.ABORTED
        assert not was_touched(rig, waiting)
