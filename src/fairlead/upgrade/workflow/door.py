"""The balancer's door of one cluster: one leaves at a time, and who is out is kept out."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
from temporalio import workflow
from temporalio.exceptions import ActivityError

from fairlead.engine.doing import do, kind_of, words_of
from fairlead.engine.retries import BESIDE, CHANGE, LOOK, NO_HEADROOM
from fairlead.upgrade.activities.traffic import TrafficActivities
from fairlead.upgrade.plan.steps import ReturnToBalancer, TakeOutOfBalancer, remember
from fairlead.upgrade.state import ClusterOrder, ClusterState, KeepOut, ReturnStep, Turn


class NoRoomYetError(Exception):
    """The siblings cannot carry the load, while others of the run are `away` whose return may mend that."""

    def __init__(self, reason: str, away: tuple[str, ...]) -> None:
        super().__init__(f"headroom: {reason}; waits for {', '.join(away)} to come back")


class Door:
    """
    `tell` lets the run know whether the cluster is out. `came_back`: another cluster of the run has come back, or has
    ended, since the last turn.
    """

    def __init__(self, order: ClusterOrder, state: ClusterState, tell: Callable[[], Awaitable[None]]) -> None:
        self._order = order
        self._state = state
        self._tell = tell
        self._guard: asyncio.Task[None] | None = None
        self._turn: Turn | None = None
        self.came_back = False

    def grant(self, turn: Turn) -> None:
        """The run lets this cluster leave now, and no other."""
        self._turn, self.came_back = turn, False

    async def take_out(self) -> str:
        """
        Leave the balancer, alone: headroom is measured while nobody else is leaving.

        Two clusters that both measured and then both left would take more than the headroom allows. NoRoomYetError
        where it is worth asking again: the turn was given back.
        """
        parent = workflow.info().parent
        if parent is None:
            return await self._leave_balancer()
        run = workflow.get_external_workflow_handle(parent.workflow_id)
        self._turn = None
        self._state.waits_for = "its turn to leave the balancer"
        await run.signal("asks_to_leave", self._state.cluster)
        try:
            await workflow.wait_condition(lambda: self._turn is not None)
            self._state.waits_for = ""
            return await self._leave_balancer()
        except ActivityError as error:
            away = self._turn.away if self._turn else ()
            if kind_of(error) == NO_HEADROOM and away:
                raise NoRoomYetError(words_of(error), away) from error
            raise
        finally:
            # First, so that whoever has the next turn knows who is away.
            await self._tell()
            await run.signal("has_left", self._state.cluster)

    async def come_back(self) -> str:
        """
        Back in, step by step; the guard steps aside first. Until the last step is good the cluster is to be out, and
        is guarded again where the return ends before.
        """
        await self.leave()
        # It gets requests from here on, so nothing is known any more of its being idle.
        self._state.memory = msgspec.structs.replace(self._state.memory, taken_out=False)
        try:
            said = await self._return()
        except (ActivityError, asyncio.CancelledError):
            self.stand_guard()
            raise
        self._state.memory = remember(self._state.memory, ReturnToBalancer())
        return said

    async def _return(self) -> str:
        said = []
        for percent in self._order.policy.returning.steps:
            self._state.waits_for = f"{percent} % of its weight to prove good"
            step = ReturnStep(self._order, percent, self._state.baseline)
            judgement = await do(TrafficActivities.return_step, step, CHANGE, f"{percent} %")
            said.append(f"{percent} %: {judgement.reason}")
        return "; ".join(said)

    def stand_guard(self) -> None:
        """From now on the cluster is kept out, if it is to be out; asked twice, there is one guard."""
        memory = self._state.memory
        if memory.out and (self._guard is None or self._guard.done()):
            keep = KeepOut(self._order, idle=memory.taken_out)
            self._guard = asyncio.create_task(do(TrafficActivities.keep_out, keep, BESIDE, "keep out"))

    async def leave(self) -> None:
        """The guard goes, and has gone when this returns: it must not undo what comes next."""
        if self._guard is None:
            return
        self._guard.cancel()
        with suppress(ActivityError, asyncio.CancelledError):
            await self._guard
        self._guard = None

    async def _leave_balancer(self) -> str:
        """That it is to be out is remembered before the drain: whatever becomes of that, it is kept out then."""
        if not self._state.memory.out:
            await do(TrafficActivities.check_headroom, self._order, LOOK, "headroom")
        self._state.memory = msgspec.structs.replace(self._state.memory, touched=True, out=True, taken_out=False)
        # While it runs the drain itself looks at the door.
        await self.leave()
        try:
            said = await do(TrafficActivities.take_out, self._order, CHANGE, "take out of balancer")
            self._state.memory = remember(self._state.memory, TakeOutOfBalancer())
            return said
        finally:
            self.stand_guard()
