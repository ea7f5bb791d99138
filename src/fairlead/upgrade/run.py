"""A run seen from outside: start it, read all of its state, and tell it what a person wants."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from fairlead.engine.connect import TASK_QUEUE
from fairlead.engine.converter import DATA_CONVERTER
from fairlead.fleet.file import GkeSettings
from fairlead.model.errors import FairleadError, UnreachableError, UsageError
from fairlead.upgrade.activities.totals import Counting
from fairlead.upgrade.state import (
    ClusterState,
    Command,
    FleetOrder,
    FleetState,
    Progress,
    TrafficTotals,
)
from fairlead.upgrade.workflow import UpgradeCluster, UpgradeFleet
from fairlead.upgrade.workflow.ids import fleet_workflow
from fairlead.upgrade.workflow.job import FleetJob

T = TypeVar("T")
_CONTINUED = WorkflowExecutionStatus.CONTINUED_AS_NEW.name.lower()


class Live(msgspec.Struct, frozen=True):
    """What only heartbeats know of an open cluster; `trouble`: why its running activity was tried again."""

    progress: Progress = Progress()
    attempt: int = 1
    trouble: str = ""


class RunView(msgspec.Struct, frozen=True):
    """A whole run at `taken`: its own state with the open clusters' filled in, and what heartbeats tell."""

    taken: datetime
    run: FleetState
    live: dict[str, Live] = {}
    traffic: TrafficTotals | None = None


class PastRun(msgspec.Struct, frozen=True):
    """
    A run by Temporal's id; `status` is how Temporal says it stands (`running`, `completed`, `terminated`). A long run
    is several executions one after the other: `id` is that of the last, `earlier` has those before it.
    """

    id: str
    began: datetime
    ended: datetime | None
    status: str
    earlier: tuple[str, ...] = ()


class Runs:
    """The runs of one fleet. UnreachableError where Temporal, or every worker, is away."""

    def __init__(self, client: Client, fleet: str, gke: GkeSettings, now: Callable[[], datetime]) -> None:
        self._client = client
        self._fleet = fleet
        self._id = fleet_workflow(fleet, gke)
        self._now = now

    @property
    def id(self) -> str:
        """The workflow's id: one run at a time has it."""
        return self._id

    async def refuse_a_second(self) -> None:
        """FairleadError names the run that is already under way, if one is."""
        try:
            found = await self._client.get_workflow_handle(self._id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return
            raise self._in_our_words(error) from error
        if found.status is WorkflowExecutionStatus.RUNNING:
            raise self._under_way()

    async def start(self, order: FleetOrder, task_queue: str = TASK_QUEUE) -> str:
        """Start the run; FairleadError names the run that is already under way."""
        try:
            await self._client.start_workflow(
                UpgradeFleet.run,
                FleetJob(order),
                id=self._id,
                task_queue=task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            )
        except WorkflowAlreadyStartedError as error:
            raise self._under_way() from error
        return self._id

    async def view(self) -> RunView:
        """UsageError where the fleet has never had a run."""
        run = await self._asked(lambda: self._handle.query(UpgradeFleet.state))
        running = await self._describe(self._id) if run.ended is None else []
        live = {}
        for name, workflow_id in sorted(run.open.items()):
            run.clusters[name] = await self._cluster(workflow_id)
            live[name] = _live(await self._describe(workflow_id))
        return RunView(self._now(), run, live, run.traffic or _counted(running))

    async def tell(self, command: Command) -> str:
        """Tell the whole run."""
        return await self._told(self._handle.execute_update(UpgradeFleet.decide, command))

    async def tell_cluster(self, name: str, command: Command) -> str:
        """Tell one open cluster; UsageError where it is not open."""
        run = await self._asked(lambda: self._handle.query(UpgradeFleet.state))
        workflow_id = run.open.get(name)
        if workflow_id is None:
            known = ", ".join(f"`{each}`" for each in sorted(run.open)) or "none"
            raise UsageError(f"cluster `{name}` is not under way in this run", hint=f"open clusters: {known}")
        handle = self._client.get_workflow_handle_for(UpgradeCluster.run, workflow_id)
        return f"{name} {await self._told(handle.execute_update(UpgradeCluster.decide, command))}"

    async def history(self) -> list[PastRun]:
        """Earlier runs and the present one, newest first."""
        found = self._client.list_workflows(f"WorkflowId = '{self._id}'")
        rows = [
            PastRun(each.run_id, each.start_time, each.close_time, each.status.name.lower() if each.status else "")
            async for each in found
        ]
        return list(reversed(_joined(sorted(rows, key=lambda row: row.began))))

    async def finished(self, run_id: str) -> RunView:
        """An earlier run at its end, by Temporal's id of any of its executions; UsageError where there is none."""
        last = next((each.id for each in await self._asked(self.history) if run_id in each.earlier), run_id)
        handle = self._client.get_workflow_handle_for(UpgradeFleet.run, self._id, run_id=last)
        run = await self._asked(lambda: handle.query(UpgradeFleet.state))
        return RunView(self._now(), run, traffic=run.traffic)

    @property
    def _handle(self) -> WorkflowHandle[UpgradeFleet, FleetState]:
        return self._client.get_workflow_handle_for(UpgradeFleet.run, self._id)

    async def _cluster(self, workflow_id: str) -> ClusterState:
        handle = self._client.get_workflow_handle_for(UpgradeCluster.run, workflow_id)
        return await self._asked(lambda: handle.query(UpgradeCluster.state))

    async def _describe(self, workflow_id: str) -> list[PendingActivityInfo]:
        description = await self._asked(lambda: self._client.get_workflow_handle(workflow_id).describe())
        if description.status is not WorkflowExecutionStatus.RUNNING:
            return []
        return list(description.raw_description.pending_activities)

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except RPCError as error:
            raise self._in_our_words(error) from error
        except WorkflowQueryFailedError as error:
            # So it also says that an id is none; a query that exists and a state that is there do not fail.
            raise UsageError(
                f"that run cannot be read: {error}", hint="`fairlead upgrade history` lists runs"
            ) from error

    async def _told(self, telling: Awaitable[str]) -> str:
        try:
            return await telling
        except WorkflowUpdateFailedError as error:
            raise UsageError(str(error.cause)) from error
        except RPCError as error:
            raise self._in_our_words(error) from error

    def _under_way(self) -> FairleadError:
        return FairleadError(
            f"a run of fleet `{self._fleet}` is already under way: `{self._id}`",
            hint="`fairlead upgrade watch` follows it, `fairlead upgrade abort` ends it",
        )

    def _in_our_words(self, error: RPCError) -> FairleadError:
        if error.status is RPCStatusCode.NOT_FOUND and "already completed" in error.message:
            return UsageError(f"the run of fleet `{self._fleet}` has ended", hint="`fairlead upgrade report` shows it")
        if error.status is RPCStatusCode.NOT_FOUND:
            return UsageError(f"fleet `{self._fleet}` has no run", hint="`fairlead upgrade start` begins one")
        return UnreachableError(
            f"the run of fleet `{self._fleet}` does not answer: {error.message}",
            hint="`fairlead worker status` shows whether Temporal and a worker are up",
        )


def _joined(executions: list[PastRun]) -> list[PastRun]:
    """Runs, oldest first; an execution that was continued as a new one is the beginning of the next with its id."""
    runs: list[PastRun] = []
    for each in executions:
        if not runs or runs[-1].status != _CONTINUED:
            runs.append(each)
            continue
        before = runs.pop()
        runs.append(msgspec.structs.replace(each, began=before.began, earlier=(*before.earlier, before.id)))
    return runs


def _live(pending: list[PendingActivityInfo]) -> Live:
    """The step's own activity, not the guard at the balancer's door."""
    for each in pending:
        if each.activity_type.name != "keep_out":
            trouble = each.last_failure.message if each.HasField("last_failure") else ""
            return Live(_detail(each, Progress) or Progress(), each.attempt, trouble)
    return Live()


def _counted(pending: list[PendingActivityInfo]) -> TrafficTotals | None:
    for each in pending:
        if each.activity_type.name == "count_traffic":
            counting = _detail(each, Counting)
            return counting.totals if counting else None
    return None


def _detail(pending: PendingActivityInfo, kind: type[T]) -> T | None:
    payloads = pending.heartbeat_details.payloads
    converter = DATA_CONVERTER.payload_converter
    return converter.from_payload(payloads[0], kind) if payloads else None
