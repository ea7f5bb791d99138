"""The upgrade of one cluster: plan one step, take it, look again; hold and ask a person when something is wrong."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from fairlead.engine.doing import do, kind_of, words_of
from fairlead.engine.retries import LOOK, NO_HEADROOM
from fairlead.fleet.file import DrainMode
from fairlead.model.finding import Finding, Severity
from fairlead.upgrade.activities.look import LookActivities
from fairlead.upgrade.plan.steps import Blocked, Done, NextStep, Step, TakeOutOfBalancer, remember
from fairlead.upgrade.plan.steps import words_of as name_of
from fairlead.upgrade.state import (
    Action,
    ClusterJob,
    ClusterOrder,
    ClusterState,
    Command,
    Hold,
    News,
    ParkedPool,
    Phase,
    Planned,
    PlanRequest,
    StepRecord,
    StepState,
    Turn,
)
from fairlead.upgrade.workflow.door import Door, NoRoomYetError
from fairlead.upgrade.workflow.steps import Steps

# A blocker that may mend itself is looked at again this often, and a person is asked after this long.
_LOOK_AGAIN = timedelta(seconds=5)
_PATIENCE = timedelta(minutes=5)
# For want of headroom it is looked again when a cluster has come back, and else, as traffic may fall by itself, after
# a minute, two, four, up to an hour: a wait of days must not fill the history.
_LONGEST_WAIT_FOR_ROOM = 60


@workflow.defn
class UpgradeCluster:
    """Holds the exclusive right on its cluster by its workflow id; all of its state is one Struct."""

    @workflow.init
    def __init__(self, job: ClusterJob) -> None:
        self._order: ClusterOrder = job.order
        self._state = job.state or ClusterState(job.order.cluster.name, job.order.target)
        self._state.workflow = workflow.info().workflow_id
        self._door = Door(job.order, self._state, self._tell)
        self._steps = Steps(job.order, self._state, self._door)
        self._answer: Command | None = None
        self._told: tuple[Phase, bool] | None = None
        self._looks_for_room = 0

    @workflow.run
    async def run(self, job: ClusterJob) -> ClusterState:
        try:
            await self._upgrade()
        except (asyncio.CancelledError, FailureError) as error:
            if not is_cancelled_exception(error):
                raise
            # Not raised again: the run would know nothing but that it was cancelled.
            await self._stop(Phase.ABORTED, "the workflow was cancelled")
        return self._state

    @workflow.query
    def state(self) -> ClusterState:
        return self._state

    @workflow.update
    async def decide(self, command: Command) -> str:
        """What a person asks of this cluster; the answer says what will come of it."""
        return self._apply(command)

    @decide.validator
    def check(self, command: Command) -> None:
        """Refuses what makes no sense now, before it enters the history."""
        if self._state.phase.ended:
            raise ApplicationError(f"{self._state.cluster} has ended: {self._state.phase}", type="TooLate")
        waits = self._state.hold is not None or self._looks_for_room
        if command.action in {Action.RETRY, Action.SKIP} and not waits:
            raise ApplicationError(
                f"{self._state.cluster} is not held but {self._state.phase}: there is nothing to {command.action}",
                type="NotHeld",
            )

    @workflow.signal
    def command(self, command: Command) -> None:
        """The same from the run, for all of its clusters; what makes no sense here is left out."""
        if self._state.phase.ended or (command.action in {Action.RETRY, Action.SKIP} and self._state.hold is None):
            return
        self._apply(command)

    @workflow.signal
    def may_leave(self, turn: Turn = Turn()) -> None:  # noqa: B008 (frozen)
        """The run says: no other cluster is leaving the balancer at this moment."""
        self._door.grant(turn)

    @workflow.signal
    def look_again(self) -> None:
        """The run says: a cluster that was away has come back, or will not come back any more."""
        self._door.came_back = True

    def _apply(self, command: Command) -> str:
        self._state.decisions.append((workflow.now(), command))
        match command.action:
            case Action.PAUSE:
                self._state.paused = True
                return "pauses before its next step"
            case Action.RESUME:
                self._state.paused = False
                return "goes on"
            case Action.RETRY:
                self._answer = command
                return "looks again and goes on"
            case Action.SKIP:
                self._state.skip = command
                return "is left as it is; what was parked is restored"
            case Action.ABORT:
                self._state.abort = command
                return "stops; what was parked is restored"

    @property
    def _told_to_stop(self) -> bool:
        return self._state.abort is not None or self._state.skip is not None

    async def _upgrade(self) -> None:
        if self._state.began is None:
            self._state.began = workflow.now()
        self._door.stand_guard()
        await self._become(Phase.RUNNING)
        while not self._told_to_stop:
            if workflow.info().is_continue_as_new_suggested():
                await self._door.leave()
                workflow.continue_as_new(ClusterJob(self._order, self._state))
            await self._wait_while_paused()
            if await self._next():
                await self._end(Phase.DONE, "")
                return
        command = self._state.abort or self._state.skip
        phase = Phase.ABORTED if self._state.abort else Phase.SKIPPED
        await self._stop(phase, f"{command.action} by {command.by}: {command.reason}" if command else "")

    async def _next(self) -> bool:
        """Look, plan, and take one step; True when there is nothing left to do."""
        if self._state.before is None:
            await self._guarded("look", self._steps.look_first())
            await self._tell()
            return False
        planned = await self._guarded("plan", self._plan())
        if planned is None:
            return False
        match planned.plan:
            case Done():
                return True
            case Blocked() as blocked:
                await self._wait_or_hold(blocked)
            case NextStep(step=step):
                await self._take(step, planned.minutes)
        return False

    async def _plan(self) -> Planned:
        planned = await do(LookActivities.plan_next_step, PlanRequest(self._order, self._state.memory), LOOK)
        self._state.after = planned.control_plane
        for pool in self._state.pools:
            pool.after = planned.pools.get(pool.name, pool.after)
        return planned

    async def _take(self, step: Step, minutes: float) -> None:
        record = self._open_record(step, minutes)
        try:
            said = await self._guarded(record.name, self._steps.take(step), record)
        except NoRoomYetError as lacking:
            await self._wait_for_room(str(lacking))
            return
        self._looks_for_room = 0
        if said is not None:
            record.state, record.reason, record.ended = StepState.DONE, said, workflow.now()
            self._state.memory = remember(self._state.memory, step)
        self._state.waits_for = ""
        await self._tell()

    def _open_record(self, step: Step, minutes: float) -> StepRecord:
        """The step's record; that of a step which waited for headroom goes on."""
        record = self._state.steps[-1] if self._state.steps else None
        if record is None or record.state is not StepState.RUNNING or record.step != step:
            self._leave_open_step("something else comes first")
            record = StepRecord(step, name_of(step), workflow.now(), minutes)
            self._state.steps.append(record)
        if self._answer is not None:
            record.decided_by = f"{self._answer.action} by {self._answer.by}"
            self._answer = None
        return record

    def _leave_open_step(self, reason: str) -> None:
        if self._state.steps and self._state.steps[-1].state is StepState.RUNNING:
            _close(self._state.steps[-1], StepState.STOPPED, reason)

    async def _wait_for_room(self, waits_for: str) -> None:
        """Until a cluster has come back, a person says so, or a while has passed; then all is looked at anew."""
        self._state.waits_for = waits_for
        minutes = min(_LONGEST_WAIT_FOR_ROOM, 2 ** min(self._looks_for_room, 10))
        self._looks_for_room += 1
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._told_to_stop or self._state.paused or self._door.came_back or self._answer is not None,
                timeout=timedelta(minutes=minutes),
            )

    async def _guarded(self, doing: str, work: Coroutine[Any, Any, Any], record: StepRecord | None = None) -> Any:
        """What the work returns; None where it was stopped, or failed and a person has answered."""
        task = asyncio.create_task(work)
        try:
            await workflow.wait_condition(lambda: task.done() or self._told_to_stop)
        except asyncio.CancelledError:
            task.cancel()
            with suppress(FailureError, asyncio.CancelledError):
                await task
            raise
        if not task.done():
            task.cancel()
        try:
            return await task
        except (FailureError, asyncio.CancelledError) as error:
            # A signal that is not sent any more is a failure too.
            if is_cancelled_exception(error) and self._told_to_stop:
                _close(record, StepState.STOPPED, "told to stop")
                return None
            if not isinstance(error, ActivityError):
                raise
            _close(record, StepState.FAILED, words_of(error))
            await self._failed(doing, error)
            return None

    async def _failed(self, doing: str, error: ActivityError) -> None:
        """Hold; with `drain-on-failure` the cluster leaves the balancer first, if its siblings can carry that."""
        reasons = [_finding(self._state.cluster, doing, kind_of(error), words_of(error))]
        mode = self._order.policy.drain.mode
        if mode is DrainMode.DRAIN_ON_FAILURE and not self._state.memory.out and self._order.cluster.traffic:
            reasons += await self._drain_on_failure()
        await self._hold(tuple(reasons))

    async def _drain_on_failure(self) -> list[Finding]:
        step = TakeOutOfBalancer()
        record = StepRecord(step, name_of(step), workflow.now(), 0.0)
        self._state.steps.append(record)
        try:
            _close(record, StepState.DONE, await self._steps.take(step))
        except NoRoomYetError as error:
            # It is held anyway, and may leave later only by a person's word.
            _close(record, StepState.FAILED, str(error))
            return [_finding(self._state.cluster, record.name, NO_HEADROOM, str(error))]
        except ActivityError as error:
            _close(record, StepState.FAILED, words_of(error))
            return [_finding(self._state.cluster, record.name, kind_of(error), words_of(error))]
        self._state.memory = remember(self._state.memory, step)
        return []

    async def _wait_or_hold(self, blocked: Blocked) -> None:
        if blocked.may_pass and self._blocked_for() < _PATIENCE:
            self._state.waits_for = "; ".join(f"{each.subject} {each.message}" for each in blocked.because[:3])
            await self._sleep(_LOOK_AGAIN)
            return
        self._blocked_since = None
        await self._hold(blocked.because)

    _blocked_since: datetime | None = None

    def _blocked_for(self) -> timedelta:
        """How long it has been blocked without a step in between."""
        last = self._state.steps[-1].ended if self._state.steps else None
        if self._blocked_since is None or (last is not None and last > self._blocked_since):
            self._blocked_since = workflow.now()
        return workflow.now() - self._blocked_since

    async def _hold(self, because: tuple[Finding, ...]) -> None:
        """Wait for a person; the cluster stays as it is and, if it is out of the balancer, out."""
        self._door.stand_guard()
        self._leave_open_step("held before it could be taken")
        self._answer = None
        self._looks_for_room = 0
        self._state.hold = Hold(because, workflow.now())
        self._state.waits_for = "retry, skip or abort"
        await self._become(Phase.HELD)
        await workflow.wait_condition(lambda: self._answer is not None or self._told_to_stop)
        self._state.hold = None
        self._state.waits_for = ""
        await self._become(Phase.RUNNING)

    async def _wait_while_paused(self) -> None:
        if not self._state.paused or self._told_to_stop:
            return
        self._door.stand_guard()
        await self._become(Phase.PAUSED)
        await workflow.wait_condition(lambda: not self._state.paused or self._told_to_stop)
        await self._become(Phase.RUNNING)

    async def _sleep(self, length: timedelta) -> None:
        try:
            await workflow.wait_condition(lambda: self._told_to_stop, timeout=length)
        except TimeoutError:
            return

    async def _stop(self, phase: Phase, reason: str) -> None:
        """Restore what was parked, whatever else happens; the cluster stays out of the balancer if it is out."""
        self._door.stand_guard()
        self._leave_open_step("told to stop")
        await self._become(Phase.STOPPING)
        await self._steps.restore_all()
        lost = [each for each in self._state.parked if not each.restored]
        if lost:
            phase, reason = Phase.FAILED, "; ".join([reason, *map(_not_restored, lost)])
        await self._end(phase, reason)

    async def _end(self, phase: Phase, reason: str) -> None:
        await self._door.leave()
        self._state.ended = workflow.now()
        self._state.reason = reason
        self._state.waits_for = ""
        await self._become(phase)

    async def _become(self, phase: Phase) -> None:
        self._state.phase = phase
        await self._tell()

    async def _tell(self) -> None:
        """The run hears the phase, and whether the cluster is out, when either has changed."""
        parent, now = workflow.info().parent, (self._state.phase, self._state.memory.out)
        if parent is not None and self._told != now:
            self._told = now
            run = workflow.get_external_workflow_handle(parent.workflow_id)
            await run.signal("news", News(self._state.cluster, *now))


def _not_restored(parked: ParkedPool) -> str:
    repair = "on" if parked.auto_repair else "off"
    was = f"auto-repair {repair}, surge {parked.max_surge}, unavailable {parked.max_unavailable}"
    return f"pool {parked.pool} could not be restored to {was}: {parked.trouble}"


def _close(record: StepRecord | None, state: StepState, reason: str) -> None:
    if record is not None:
        record.state, record.reason, record.ended = state, reason, workflow.now()


def _finding(cluster: str, doing: str, kind: str, message: str) -> Finding:
    return Finding(f"RUN-{kind or 'Failed'}", Severity.BLOCKER, f"{cluster}: {doing}", message)
