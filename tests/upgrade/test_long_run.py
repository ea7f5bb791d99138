"""A run whose history has grown goes on as a new execution, and nobody notices."""

import asyncio
import time

import pytest

from fairlead.clouds.port import OperationKind
from fairlead.fleet.file import Wave
from fairlead.traffic.port import EntryState
from fairlead.upgrade.fleetplan import freeze
from fairlead.upgrade.report import report_of
from fairlead.upgrade.run import PastRun, RunView
from fairlead.upgrade.state import Action, Phase
from fairlead.upgrade.workflow import UpgradeFleet
from fairlead.upgrade.workflow.job import FleetJob
from fakes.balancer import FakeBalancer
from fakes.run import Rig

pytestmark = pytest.mark.twin
# Reached before the first cluster has ended.
_SHORT = 20


class Stopwatch:
    """Time that only passes while it runs."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._since: float | None = None

    def __call__(self) -> float:
        return self._passed + (time.monotonic() - self._since if self._since is not None else 0.0)

    def run(self) -> None:
        self._since = time.monotonic()

    def stop(self) -> None:
        self._passed, self._since = self(), None


def at(cluster: str, step: str, view: RunView) -> bool:
    state = view.run.clusters.get(cluster)
    return state is not None and any(each.name.startswith(step) for each in state.steps)


async def start(rig: Rig) -> None:
    order = freeze(rig.fleet, await rig.plan(), run="r1", started_by="test")
    job = FleetJob(order, longest_history=_SHORT)
    await rig.client.start_workflow(UpgradeFleet.run, job, id=rig.runs.id, task_queue=rig.queue)


async def comes_out_again(rig: Rig, name: str) -> None:
    """After a stranger has put it back."""
    await rig.balancer.set_state(name, EntryState.READY)
    before = len(rig.balancer.commands)
    await rig.until(lambda _: ("set_state", name, "maintenance") in rig.balancer.commands[before:])


async def test_it_is_one_run_for_everybody(temporal: str) -> None:
    waves = (Wave(name="canary", count=1), Wave(name="rest", concurrency=1))
    rig = Rig().with_policy(waves=waves)
    watch = Stopwatch()
    rig.use(FakeBalancer(rig.rates, clock=watch))
    rig.cloud.end_next_with_error(OperationKind.UPGRADE_POOL, "stock-out")
    async with rig.working(temporal):
        await start(rig)
        await rig.until(lambda view: view.traffic is not None)
        watch.run()
        await rig.until(lambda view: view.run.held == ["osaka"])
        await rig.tell(Action.SKIP, "osaka")
        rig.cloud.stalled.add(OperationKind.UPGRADE_CONTROL_PLANE)
        view = await rig.until(lambda view: at("taipei", "control plane", view))
        first = await executions(rig)
        assert len(first) > 1, "the history was not cut"
        assert view.run.clusters["osaka"].phase is Phase.SKIPPED
        await comes_out_again(rig, "osaka")
        rig.cloud.stalled.clear()
        await rig.until(lambda view: at("tokyo", "return", view))
        watch.stop()
        view = await rig.end()
        assert view.run.phase is Phase.DONE
        assert [wave.phase for wave in view.run.waves] == [Phase.DONE, Phase.DONE]
        assert {name: state.phase for name, state in view.run.clusters.items()} == {
            "osaka": Phase.SKIPPED,
            "taipei": Phase.DONE,
            "tokyo": Phase.DONE,
        }
        assert view.run.traffic is not None
        assert view.run.traffic.requests == rig.balancer.total()[0]
        past = await ended_runs(rig)
        assert [(each.status, len(each.earlier)) for each in past] == [("completed", 2)]
        assert view.run.began is not None
        assert abs((past[0].began - view.run.began).total_seconds()) < 5
        assert len(await executions(rig)) == 3
        for run_id in (past[0].id, *past[0].earlier):
            assert report_of((await rig.runs.finished(run_id)).run) == report_of(view.run)


async def ended_runs(rig: Rig) -> list[PastRun]:
    """Temporal's lists come a little later than what they tell of."""
    for _ in range(200):
        past = await rig.runs.history()
        if all(each.ended for each in past):
            return past
        await asyncio.sleep(0.05)
    raise AssertionError(f"still going on: {past}")


async def executions(rig: Rig) -> list[str]:
    found = rig.client.list_workflows(f"WorkflowId = '{rig.runs.id}'")
    return [each.run_id async for each in found]
