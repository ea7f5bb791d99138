"""Whatever is killed with -9, and whenever: the run completes, and every invariant of the scenarios holds."""

import asyncio
import os
import signal

import pytest

from fairlead.model.errors import UnreachableError
from fairlead.upgrade.plan.steps import (
    Bake,
    ParkPool,
    RestorePool,
    ReturnToBalancer,
    RollPool,
    TakeOutOfBalancer,
    UpgradeControlPlane,
    Verify,
)
from fairlead.upgrade.state import FleetState, Phase, StepRecord, StepState
from fairlead.worker.keeper import EngineStatus, status
from fairlead.worker.places import engine_folder
from scenarios.invariants import Invariants
from scenarios.story import Story, wait_until

pytestmark = [pytest.mark.twin, pytest.mark.timeout(400)]

# Seconds in which a step may begin and end without anybody seeing it.
_AT_ONCE = 2.0
EVERY_KIND = {
    TakeOutOfBalancer,
    UpgradeControlPlane,
    Bake,
    ParkPool,
    RollPool,
    RestorePool,
    Verify,
    ReturnToBalancer,
}


async def test_the_worker_is_killed_in_each_step_of_a_cluster(story: Story, invariants: Invariants) -> None:
    await story.start("osaka")
    async with asyncio.timeout(350):
        killed_in = await _kill_the_worker_in_each_step(story, "osaka")
    run = await _until_over(story)
    await _completed(story, invariants, run)
    steps = run.clusters["osaka"].steps
    assert {type(each.step) for each in steps} == EVERY_KIND
    # Who has nothing to wait for may be over before it is seen.
    missed = [each.name for number, each in enumerate(steps) if number not in killed_in and _took(each) > _AT_ONCE]
    assert missed == [], "the worker was not killed in these"
    assert len(killed_in) >= len(steps) - 2


async def test_temporal_is_killed_in_the_middle_of_a_roll(story: Story, invariants: Invariants) -> None:
    await story.start("osaka")
    await story.until_step("osaka", RollPool)
    before = _engine()
    _kill(before.server)
    run = await _until_over(story)
    assert _engine().server not in {None, before.server}
    await _completed(story, invariants, run)


async def test_provider_and_api_server_are_killed_in_the_middle_of_their_work(
    story: Story, invariants: Invariants
) -> None:
    to = await story.start("taipei")
    first, second = await story.pools_behind("taipei", to)
    killed_before = await _restarts(story, "gke")
    await story.until_step("taipei", UpgradeControlPlane)
    await story.control.kill("gke")
    await _until_roll_of(story, "taipei", first)
    await story.control.kill("gke")
    await _until_roll_of(story, "taipei", second)
    # Its control plane has been replaced by now, so this is the new one's own count.
    assert await _restarts(story, "taipei/apiserver") == 0
    await story.control.kill("taipei/apiserver")
    await _completed(story, invariants, await _until_over(story))
    assert await _restarts(story, "gke") == killed_before + 2
    assert await _restarts(story, "taipei/apiserver") == 1


async def test_all_of_the_engine_is_killed_and_the_next_question_brings_it_back(
    story: Story, invariants: Invariants
) -> None:
    """As when the machine that the run is carried out from loses its power."""
    await story.start("taipei")
    await story.until_step("taipei", RollPool)
    before = _engine()
    for pid in (before.keeper, before.worker, before.server):
        _kill(pid)
    await story.fairlead("status", "-o", "json")
    after = _engine()
    assert None not in {after.keeper, after.worker, after.server}
    assert {after.keeper, after.worker, after.server}.isdisjoint({before.keeper, before.worker, before.server})
    await _completed(story, invariants, await _until_over(story))


async def _kill_the_worker_in_each_step(story: Story, name: str) -> set[int]:
    """Until the cluster's part has ended; the numbers of the steps during which the worker was killed."""
    killed_in: set[int] = set()
    while True:
        state = await story.cluster(name)
        if state is not None and state.phase.ended:
            return killed_in
        assert state is None or state.phase is not Phase.HELD, story.tale(name)
        steps = state.steps if state is not None else []
        if steps and steps[-1].state is StepState.RUNNING and len(steps) - 1 not in killed_in:
            killed_in.add(len(steps) - 1)
            await _replace_the_worker()
        await asyncio.sleep(0.02)


async def _restarts(story: Story, process: str) -> int:
    """How often the twin had to start it again."""
    return next(each.restarts for each in await story.control.processes() if each.name == process)


def _took(step: StepRecord) -> float:
    """Seconds."""
    assert step.ended is not None
    return (step.ended - step.began).total_seconds()


async def _replace_the_worker() -> None:
    """Kill it, and wait until its keeper has started another one."""
    worker = _engine().worker
    _kill(worker)

    async def another() -> bool:
        return _engine().worker not in {None, worker}

    await wait_until(another, within=30, pause=0.1)


async def _until_roll_of(story: Story, name: str, pool: str) -> None:
    async def rolls() -> bool:
        state = await story.cluster(name)
        step = state.steps[-1].step if state is not None and state.steps else None
        return isinstance(step, RollPool) and step.pool == pool

    await wait_until(rolls, 120, lambda: f"roll of {pool}; {story.tale(name)}", pause=0.2)


async def _until_over(story: Story) -> FleetState:
    """As `watch` does: who is being started again is asked again."""

    async def over() -> FleetState | None:
        try:
            run = (await story.view()).run
        except UnreachableError:
            return None
        return run if run.ended is not None else None

    return await wait_until(over, 180, lambda: "; ".join(story.tale(name) for name in story.names))


async def _completed(story: Story, invariants: Invariants, run: FleetState) -> None:
    assert run.phase is Phase.DONE, [story.tale(name) for name in story.names]
    await invariants.hold(run)


def _engine() -> EngineStatus:
    return status(engine_folder())


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
