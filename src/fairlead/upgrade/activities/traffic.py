"""Out of the balancer and back in: headroom, proof of idleness, and a return that is judged step by step."""

import asyncio
import time

from temporalio import activity

from fairlead.engine.retries import NO_HEADROOM, NOT_IDLE, RETURN_FAILED
from fairlead.model.errors import UnreachableError
from fairlead.snapshot.traffic import TrafficReading, TrafficSpan, between
from fairlead.traffic.port import EntryState
from fairlead.traffic.reading import idle
from fairlead.upgrade.activities.doors import Beat, beating, for_a_person
from fairlead.upgrade.entries import ClusterEntries
from fairlead.upgrade.plan.headroom import lacking_headroom
from fairlead.upgrade.plan.returning import Judgement, Verdict, judge
from fairlead.upgrade.ports import PortsOf
from fairlead.upgrade.state import ClusterOrder, KeepOut, Progress, ReturnStep


class TrafficActivities:
    """`load_seconds`: over how long the load is measured before a cluster may leave; `pause` between looks."""

    def __init__(self, ports_of: PortsOf, *, load_seconds: float = 3.0, pause: float = 1.0) -> None:
        self._ports_of = ports_of
        self._load_seconds = load_seconds
        self._pause = pause

    @activity.defn
    async def check_headroom(self, order: ClusterOrder) -> None:
        """
        Raises where the siblings could not carry the cluster's load; nothing is changed.

        One that is already out needs no more of them: they carry the load as it is.
        """
        async with beating():
            entries = self._entries(order)
            if not (await entries.reading()).out_of_balancer:
                await self._check_headroom(entries, order)

    @activity.defn
    async def take_out(self, order: ClusterOrder) -> str:
        """Drain the cluster, prove it idle, then put it into maintenance; keeps it out meanwhile."""
        async with beating() as beat:
            entries = self._entries(order)
            if not (await entries.reading()).out_of_balancer:
                await entries.set_state(EntryState.DRAIN)
            said = await self._prove_idle(entries, order, beat)
            await entries.set_state(EntryState.MAINTENANCE)
            return said

    @activity.defn
    async def keep_out(self, keep: KeepOut) -> None:
        """
        Stand at the door until told to stop: whatever forgets that the cluster is out is told again within seconds.

        A balancer that does not answer may be one that is just being restarted, so it is asked again and again.
        """
        async with beating() as beat:
            entries = self._entries(keep.order)
            state = EntryState.MAINTENANCE if keep.idle else EntryState.DRAIN
            while True:
                await self._look_at_the_door(entries, state, beat)
                await asyncio.sleep(self._pause)

    async def _look_at_the_door(self, entries: ClusterEntries, state: EntryState, beat: Beat) -> None:
        try:
            if await entries.keep_out(state):
                activity.logger.warning("a balancer had forgotten that the cluster is out; it was told again")
            waits_for = ""
        except UnreachableError as error:
            waits_for = str(error)
        if beat.progress.waits_for != waits_for:
            beat.tell(Progress(waits_for=waits_for))

    @activity.defn
    async def return_step(self, step: ReturnStep) -> Judgement:
        """Give the cluster some percent of its weight, hold, and judge; a bad step goes back out at once."""
        async with beating() as beat:
            entries = self._entries(step.order)
            await entries.set_weight(step.percent)
            await entries.set_state(EntryState.READY)
            await self._wait_until_up(entries, step, beat)
            judgement = await self._judge(entries, step, beat)
            if judgement.verdict is Verdict.BAD:
                await self._back_out(entries)
                raise for_a_person(f"at {step.percent} % of its weight: {judgement.reason}", RETURN_FAILED)
            return judgement

    def _entries(self, order: ClusterOrder) -> ClusterEntries:
        balancers = self._ports_of(order.access).balancers
        return ClusterEntries(balancers, order.cluster, order.capacities)

    async def _check_headroom(self, entries: ClusterEntries, order: ClusterOrder) -> None:
        loads = await entries.shared_loads(self._load_seconds)
        lacking = lacking_headroom(order.cluster.name, loads, order.policy.drain.headroom)
        if lacking:
            raise for_a_person("; ".join(f"{each.subject}: {each.message}" for each in lacking), NO_HEADROOM)

    async def _prove_idle(self, entries: ClusterEntries, order: ClusterOrder, beat: Beat) -> str:
        """Two looks `idle_for` apart with no session, no queue and no new request, in old workers too."""
        drain = order.policy.drain
        until = time.monotonic() + drain.deadline.total_seconds()
        before = await entries.entries()
        while True:
            await self._watch_the_drain(entries, drain.idle_for.total_seconds())
            after = await entries.entries()
            if idle(before, after):
                return f"idle for {drain.idle_for} in {len(after)} entries"
            sessions = sum(entry.sessions + entry.queued for entry in after)
            if time.monotonic() > until:
                raise for_a_person(
                    f"{sessions} sessions are still open {drain.deadline} after the drain began; none was cut", NOT_IDLE
                )
            beat.tell(Progress(waits_for=f"{sessions} sessions to end"))
            before = after

    async def _watch_the_drain(self, entries: ClusterEntries, seconds: float) -> None:
        """Let so much time pass, and tell whatever forgets the drain meanwhile again."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, self._pause))
            await entries.keep_out(EntryState.DRAIN)

    async def _wait_until_up(self, entries: ClusterEntries, step: ReturnStep, beat: Beat) -> None:
        """Health checks begin anew after maintenance."""
        patience = step.order.policy.returning.patience
        until = time.monotonic() + patience.total_seconds()
        while not (await entries.reading()).in_balancer:
            if time.monotonic() > until:
                await self._back_out(entries)
                raise for_a_person(f"its health checks do not pass after {patience}", RETURN_FAILED)
            beat.tell(Progress(waits_for="health checks of the balancer"))
            await asyncio.sleep(self._pause)

    async def _judge(self, entries: ClusterEntries, step: ReturnStep, beat: Beat) -> Judgement:
        policy = step.order.policy.returning
        hold, patience = policy.hold.total_seconds(), policy.patience.total_seconds()
        began = time.monotonic()
        before = await entries.reading()
        while True:
            beat.tell(Progress(waits_for=f"{step.percent} % of its weight to prove good"))
            await asyncio.sleep(min(self._pause, hold) or self._pause)
            after = await entries.reading()
            if await self._forgotten(entries, after, step.percent) or between(before, after) is None:
                before = await entries.reading()
                continue
            span = _span(before, after)
            judgement = judge(span, step.baseline, policy)
            passed = time.monotonic() - began
            if judgement.verdict is Verdict.BAD and span.requests >= policy.min_requests:
                return judgement
            if passed >= hold and (judgement.verdict is not Verdict.TOO_LITTLE_TRAFFIC or passed >= patience):
                return judgement

    async def _forgotten(self, entries: ClusterEntries, now: TrafficReading, percent: int) -> bool:
        """A reload brings the configured weight back, which would be too much too soon."""
        if now.weight_percent == percent and not now.out_of_balancer:
            return False
        await entries.set_weight(percent)
        await entries.set_state(EntryState.READY)
        return True

    async def _back_out(self, entries: ClusterEntries) -> None:
        await entries.set_state(EntryState.DRAIN)


def _span(before: TrafficReading, after: TrafficReading) -> TrafficSpan:
    return between(before, after) or TrafficSpan(0.0, 0, 0, 0.0)
