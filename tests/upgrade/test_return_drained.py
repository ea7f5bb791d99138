"""A cluster that was out of the balancer before a run: it stays out, or is returned where that was asked for."""

import pytest

from fairlead.fleet.file import Wave
from fairlead.traffic.port import EntryState
from fairlead.upgrade.report import report_of
from fairlead.upgrade.run import RunView
from fairlead.upgrade.state import Action, Phase
from fakes.run import Rig

pytestmark = pytest.mark.twin


async def only_osaka_and_it_is_out() -> Rig:
    rig = Rig({"tokyo": 3000.0, "osaka": 1000.0}).with_policy(waves=(Wave(name="all", clusters=("osaka",)),))
    await rig.balancer.set_state("osaka", EntryState.MAINTENANCE)
    return rig


async def is_in(rig: Rig) -> bool:
    entries = await rig.balancer.entries(["osaka"])
    return all((each.state, each.weight_percent) == (EntryState.READY, 100) for each in entries)


async def test_without_the_option_it_is_upgraded_and_stays_out(temporal: str) -> None:
    rig = await only_osaka_and_it_is_out()
    async with rig.working(temporal):
        await rig.start()
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        assert steps_of(view)[-1] == "verify"
        assert report_of(view.run).clusters[0].out_of_balancer
        assert not any((command, value) == ("set_state", "ready") for command, _, value in rig.balancer.commands)
        assert (await rig.plan("osaka")).empty


async def test_with_it_a_finished_cluster_is_verified_and_returned_step_by_step(temporal: str) -> None:
    rig = await only_osaka_and_it_is_out()
    async with rig.working(temporal):
        await rig.start()
        await rig.end()
        before = len(rig.balancer.commands)
        # The first try of the return is bad, so that it has to go back out.
        rig.balancer.failing["osaka"] = 0.5
        await rig.start(return_drained=True)
        view = await rig.until(lambda view: view.run.held == ["osaka"] and "osaka" in view.run.open)
        assert steps_of(view) == ["verify", "return to balancer"]
        assert report_of(view.run).clusters[0].out_of_balancer
        assert not await is_in(rig)
        rig.balancer.failing["osaka"] = 0.0
        await rig.tell(Action.RETRY, "osaka")
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        assert not report_of(view.run).clusters[0].out_of_balancer
        assert await is_in(rig)
        weights = [value for command, _, value in rig.balancer.commands[before:] if command == "set_weight"]
        assert (weights[0], weights[-2:]) == ("10", ["10", "100"])
        assert (await rig.plan("osaka", return_drained=True)).empty


def steps_of(view: RunView) -> list[str]:
    return [step.name for step in view.run.clusters["osaka"].steps]
