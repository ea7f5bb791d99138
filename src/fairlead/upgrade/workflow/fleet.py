"""A run: wave after wave, never more clusters in flight than the wave allows, one leaving the balancer at a time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
)

from fairlead.engine.doing import do, words_of
from fairlead.engine.retries import BESIDE
from fairlead.upgrade.activities.totals import CountActivities, Counting, CountJob
from fairlead.upgrade.activities.traffic import TrafficActivities
from fairlead.upgrade.plan.waves import PlannedWave, may_start
from fairlead.upgrade.state import (
    Action,
    ClusterJob,
    ClusterState,
    Command,
    FleetState,
    KeepOut,
    News,
    Phase,
    Turn,
    WaveState,
)
from fairlead.upgrade.workflow.cluster import UpgradeCluster
from fairlead.upgrade.workflow.ids import cluster_workflow
from fairlead.upgrade.workflow.job import FleetJob, going_on, state_of


@workflow.defn
class UpgradeFleet:
    """Holds the exclusive right on its fleet's runs by its workflow id; its clusters are its children."""

    @workflow.init
    def __init__(self, job: FleetJob) -> None:
        self._state = state_of(job) or _begin(job)
        self._longest_history = job.longest_history
        self._ended_before = len(self._state.clusters)
        self._counting = job.counting
        self._leaving: str | None = None
        self._asked: set[str] = set()
        self._away: set[str] = set()
        self._guards: dict[str, asyncio.Task[None]] = {}
        self._children: dict[str, workflow.ChildWorkflowHandle[UpgradeCluster, ClusterState]] = {}

    @workflow.run
    async def run(self, job: FleetJob) -> FleetState:
        if self._state.began is None:
            self._state.began = workflow.now()
        for name in sorted(self._state.clusters):
            self._guard(name)
        count = CountJob(job.order, job.counting)
        counting = asyncio.create_task(do(CountActivities.count_traffic, count, BESIDE, "count requests"))
        try:
            for number, wave in enumerate(self._state.order.waves):
                await self._run_wave(wave, self._state.waves[number], last=number == len(self._state.waves) - 1)
        finally:
            await self._dismiss_guards()
            await self._end_counting(counting)
        if self._goes_on_anew:
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(going_on(job, self._state, self._counting))
        self._state.phase = self._verdict()
        self._state.ended = workflow.now()
        return self._state

    @workflow.query
    def state(self) -> FleetState:
        return self._state

    @workflow.update
    async def decide(self, command: Command) -> str:
        """What a person asks of the whole run; open clusters are told."""
        self._state.decisions.append((workflow.now(), command))
        match command.action:
            case Action.PAUSE:
                self._state.paused = True
            case Action.RESUME:
                self._state.paused = False
            case Action.ABORT:
                self._state.abort = command
        told = sorted(self._state.open)
        for name in told:
            await self._children[name].signal(UpgradeCluster.command, command)
        return f"{command.action}: {', '.join(told) or 'no open cluster'}"

    @decide.validator
    def check(self, command: Command) -> None:
        """Refuses what makes no sense now, before it enters the history."""
        if self._state.ended is not None:
            raise ApplicationError(f"the run has ended: {self._state.phase}", type="TooLate")
        if command.action in {Action.RETRY, Action.SKIP} and not self._state.held:
            raise ApplicationError(f"no cluster is held: there is nothing to {command.action}", type="NotHeld")

    @workflow.signal
    async def news(self, news: News) -> None:
        """A cluster says in which phase it is, and whether it is out of the balancer."""
        await self._hear(news)

    @workflow.signal
    async def asks_to_leave(self, cluster: str) -> None:
        """Answered when nobody else is leaving."""
        # Asked anew after each wait: all who wait for one condition are woken together, and only the first may go.
        while self._leaving is not None:
            await workflow.wait_condition(lambda: self._leaving is None)
        if cluster in self._state.open:
            self._leaving = cluster
            self._asked.add(cluster)
            await self._tell(cluster, UpgradeCluster.may_leave, Turn(tuple(sorted(self._away - {cluster}))))

    @workflow.signal
    def has_left(self, cluster: str) -> None:
        """It is out, or it stays in: the next may go."""
        if self._leaving == cluster:
            self._leaving = None

    async def _run_wave(self, wave: PlannedWave, state: WaveState, *, last: bool) -> None:
        if state.phase.ended or self._must_stop or self._has_grown():
            return
        state.phase, state.began = Phase.RUNNING, state.began or workflow.now()
        tasks: dict[str, asyncio.Task[None]] = {}
        while True:
            open_now = [name for name, task in tasks.items() if not task.done()]
            started = {*tasks, *self._state.clusters}
            waiting = [name for name in wave.clusters if name not in started]
            if not open_now and (not waiting or self._must_stop):
                break
            if not open_now and self._has_grown():
                return
            for name in may_start(wave, sorted(started), open_now, hold=self._holds_back or self._has_grown()):
                tasks[name] = asyncio.create_task(self._upgrade(name))
            open_now = [name for name, task in tasks.items() if not task.done()]
            await workflow.wait_condition(self._changes(tasks, open_now))
        state.phase = Phase.DONE if not self._must_stop else Phase.ABORTED
        if not last and not self._must_stop and state.soak_minutes:
            await self._soak(state)
        state.ended = workflow.now()

    def _changes(self, tasks: dict[str, asyncio.Task[None]], open_before: list[str]) -> Callable[[], bool]:
        held_back = self._holds_back

        def changed() -> bool:
            return any(tasks[name].done() for name in open_before) or self._holds_back != held_back

        return changed

    async def _soak(self, state: WaveState) -> None:
        length = timedelta(minutes=state.soak_minutes)
        state.soak_until = workflow.now() + length
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._must_stop, timeout=length)

    async def _upgrade(self, name: str) -> None:
        """One cluster from its start to its end, whatever that is."""
        order = self._state.order.clusters[name]
        workflow_id = cluster_workflow(order)
        try:
            child = await workflow.start_child_workflow(
                UpgradeCluster.run,
                ClusterJob(order),
                id=workflow_id,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            )
            self._children[name] = child
            self._state.open[name] = workflow_id
            self._state.clusters[name] = await child
        except WorkflowAlreadyStartedError:
            self._failed(name, f"another run holds it: workflow `{workflow_id}`")
        except ChildWorkflowError as error:
            self._failed(name, words_of(error))
        self._state.open.pop(name, None)
        self._asked.discard(name)
        self.has_left(name)
        self._guard(name)
        await self._hear(News(name, Phase.DONE))

    async def _hear(self, news: News) -> None:
        """Who has asked to leave in vain may try again once a cluster has come back, or will not come back any more."""
        held = set(self._state.held) - {news.cluster}
        self._state.held = sorted(held | {news.cluster} if news.phase is Phase.HELD else held)
        if news.out:
            self._away.add(news.cluster)
        elif news.cluster in self._away:
            self._away.remove(news.cluster)
            for name in sorted(self._asked - self._away - {news.cluster}):
                await self._tell(name, UpgradeCluster.look_again)

    async def _tell(self, name: str, signal: Callable[..., Any], *what: Turn) -> None:
        """One that has just ended hears nothing any more."""
        with suppress(FailureError):
            await self._children[name].signal(signal, *what)

    def _guard(self, name: str) -> None:
        """A cluster that was left out of the balancer is kept out for as long as the run lives."""
        state = self._state.clusters.get(name)
        if state is not None and state.memory.out:
            keep = KeepOut(self._state.order.clusters[name], idle=state.memory.taken_out)
            self._guards[name] = asyncio.create_task(do(TrafficActivities.keep_out, keep, BESIDE, f"keep {name} out"))

    async def _dismiss_guards(self) -> None:
        for guard in self._guards.values():
            guard.cancel()
        for guard in self._guards.values():
            with suppress(ActivityError, asyncio.CancelledError):
                await guard

    def _failed(self, name: str, reason: str) -> None:
        order = self._state.order.clusters[name]
        ended = workflow.now()
        self._state.clusters[name] = ClusterState(name, order.target, Phase.FAILED, reason=reason, ended=ended)

    @property
    def _must_stop(self) -> bool:
        """Nothing new starts once a person has aborted, or a cluster has ended badly."""
        bad = {Phase.FAILED, Phase.ABORTED}
        return self._state.abort is not None or any(each.phase in bad for each in self._state.clusters.values())

    def _has_grown(self) -> bool:
        """
        Whether the history is long enough for this execution, which has brought at least one cluster to its end. From
        then on no cluster is opened, and once none is open the run goes on as a new execution.
        """
        if len(self._state.clusters) == self._ended_before:
            return False
        info = workflow.info()
        long = 0 < self._longest_history <= info.get_current_history_length()
        return long or info.is_continue_as_new_suggested()

    @property
    def _goes_on_anew(self) -> bool:
        return self._has_grown() and not self._must_stop and not all(wave.phase.ended for wave in self._state.waves)

    @property
    def _holds_back(self) -> bool:
        return self._must_stop or self._state.paused or bool(self._state.held)

    def _verdict(self) -> Phase:
        """What failed is worse than what a person has stopped."""
        phases = {each.phase for each in self._state.clusters.values()}
        if Phase.FAILED in phases:
            return Phase.FAILED
        if self._state.abort is not None or Phase.ABORTED in phases:
            return Phase.ABORTED
        return Phase.SKIPPED if phases == {Phase.SKIPPED} else Phase.DONE

    async def _end_counting(self, counting: asyncio.Task[Counting]) -> None:
        """Told to stop, the count answers with what it has counted."""
        counting.cancel()
        try:
            self._counting = await counting
            self._state.traffic = self._counting.totals
        except (ActivityError, asyncio.CancelledError) as error:
            self._state.traffic_missing = words_of(error)


def _begin(job: FleetJob) -> FleetState:
    waves = [
        WaveState(each.name, each.clusters, each.concurrency, each.soak.total_seconds() / 60)
        for each in job.order.waves
    ]
    return FleetState(job.order, waves=waves)
