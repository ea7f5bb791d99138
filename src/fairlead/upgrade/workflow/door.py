"""The balancer's door of one cluster: one leaves at a time, and who is out is kept out."""

import asyncio
from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ActivityError

from fairlead.engine.doing import do
from fairlead.engine.retries import BESIDE, CHANGE
from fairlead.upgrade.activities.traffic import TrafficActivities
from fairlead.upgrade.state import ClusterOrder, ClusterState, ReturnStep


class Door:
    """`granted`: the run lets this cluster leave now, and no other."""

    def __init__(self, order: ClusterOrder, state: ClusterState) -> None:
        self._order = order
        self._state = state
        self._guard: asyncio.Task[None] | None = None
        self.granted = False

    async def take_out(self) -> str:
        """
        Leave the balancer, alone: headroom is measured while nobody else is leaving.

        Two clusters that both measured and then both left would take more than the headroom allows.
        """
        parent = workflow.info().parent
        if parent is None:
            return await self._leave_balancer()
        run = workflow.get_external_workflow_handle(parent.workflow_id)
        self.granted = False
        self._state.waits_for = "its turn to leave the balancer"
        await run.signal("asks_to_leave", self._state.cluster)
        try:
            await workflow.wait_condition(lambda: self.granted)
            self._state.waits_for = ""
            return await self._leave_balancer()
        finally:
            await run.signal("has_left", self._state.cluster)

    async def come_back(self) -> str:
        """Back in, step by step; the guard steps aside first."""
        await self.leave()
        said = []
        for percent in self._order.policy.returning.steps:
            self._state.waits_for = f"{percent} % of its weight to prove good"
            step = ReturnStep(self._order, percent, self._state.baseline)
            judgement = await do(TrafficActivities.return_step, step, CHANGE, f"{percent} %")
            said.append(f"{percent} %: {judgement.reason}")
        return "; ".join(said)

    def stand_guard(self) -> None:
        """From now on the cluster is kept out, if it is out; asked twice, there is one guard."""
        if self._state.memory.taken_out and (self._guard is None or self._guard.done()):
            self._guard = asyncio.create_task(do(TrafficActivities.keep_out, self._order, BESIDE, "keep out"))

    async def leave(self) -> None:
        """The guard goes, and has gone when this returns: it must not undo what comes next."""
        if self._guard is None:
            return
        self._guard.cancel()
        with suppress(ActivityError, asyncio.CancelledError):
            await self._guard
        self._guard = None

    async def _leave_balancer(self) -> str:
        return await do(TrafficActivities.take_out, self._order, CHANGE, "take out of balancer")
