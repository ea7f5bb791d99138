"""Counting all requests of a run in the balancers, through reloads and restarts."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
from temporalio import activity

from fairlead.model.errors import UnreachableError
from fairlead.traffic.port import BackendCount, Balancer
from fairlead.upgrade.ports import PortsOf
from fairlead.upgrade.state import FleetOrder, TrafficTotals


class Counter(msgspec.Struct):
    """One backend of one process: what it showed when we first and last saw it, and whether we saw it begin."""

    requests: int
    failed: int
    first_requests: int
    first_failed: int


class Counting(msgspec.Struct):
    """All that was counted so far; told by heartbeats, so that a second attempt goes on where the first ended."""

    counters: dict[str, Counter] = {}
    totals: TrafficTotals = TrafficTotals()
    began: bool = False

    def add(self, counts: Iterable[BackendCount], seconds: float) -> None:
        """
        A process that appears later began during the run, so all it has counted belongs to it.

        What a process counts between our last look and its end is lost; looks are seconds apart.
        """
        before = self.totals.requests
        for count in counts:
            key = f"{count.address}#{count.process}/{count.backend}"
            first = (0, 0) if self.began else (count.requests, count.answered_5xx)
            counter = self.counters.setdefault(key, Counter(0, 0, *first))
            counter.requests, counter.failed = count.requests, count.answered_5xx
        self.began = True
        requests = sum(each.requests - each.first_requests for each in self.counters.values())
        failed = sum(each.failed - each.first_failed for each in self.counters.values())
        rate = (requests - before) / seconds if seconds else 0.0
        self.totals = TrafficTotals(requests, failed, rate)


class CountActivities:
    """`every`: seconds between looks."""

    def __init__(self, ports_of: PortsOf, *, every: float = 1.0) -> None:
        self._ports_of = ports_of
        self._every = every

    @activity.defn
    async def count_traffic(self, order: FleetOrder) -> TrafficTotals:
        """Count until told to stop, then say how many requests there were and how many failed."""
        members = list(order.clusters.values())
        balancers = list(self._ports_of(members[0].access).balancers.values()) if members else []
        counting = _earlier()
        try:
            while balancers:
                await self._count(balancers, counting)
                activity.heartbeat(counting)
                await asyncio.sleep(self._every)
        except asyncio.CancelledError:
            # Being told to stop is how counting ends; a worker that shuts down is another matter.
            if activity.is_worker_shutdown():
                raise
            await self._count(balancers, counting)
        return counting.totals

    async def _count(self, balancers: Sequence[Balancer], counting: Counting) -> None:
        counts: list[BackendCount] = []
        try:
            for balancer in balancers:
                counts += await balancer.backend_counts()
        except UnreachableError as error:
            # One look is missed; the counters are absolute, so the next look makes up for it.
            activity.logger.warning("the balancers' counters could not be read: %s", error)
            return
        counting.add(counts, self._every)


def _earlier() -> Counting:
    details = activity.info().heartbeat_details
    if not details:
        return Counting()
    converter = activity.payload_converter()
    return converter.from_payload(converter.to_payload(details[0]), Counting)
