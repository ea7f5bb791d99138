"""Counting all requests of a run in the balancers, through reloads and restarts."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
from temporalio import activity

from fairlead.fleet.file import Return
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


class Times(msgspec.Struct):
    """
    How long requests took, of which HAProxy tells no more than the mean of each server's last 1,024.

    What a server served between two looks counts as `slow` when its mean then is one with which a cluster would not be
    let back into the balancer: above `latencyFloorMs`, and above `maxLatencyRatio` times the mean it showed when it was
    first seen serving (`normal_ms`). So a few slow requests among many quick ones are not seen, and the first quick
    ones after a slow spell are still taken for slow.

    `seen`: what each server of each process had served at the last look; `served` and `milliseconds` add up what came
    since the first.
    """

    seen: dict[str, int] = {}
    normal_ms: dict[str, float] = {}
    served: int = 0
    slow: int = 0
    milliseconds: float = 0.0

    @property
    def mean_ms(self) -> float:
        return round(self.milliseconds / self.served, 1) if self.served else 0.0

    def add(self, count: BackendCount, policy: Return, *, first: bool) -> None:
        """`first`: what was served before anybody looked is not ours to judge."""
        for server in count.servers:
            # A reload is another process, but what is normal for the server stays.
            place = f"{count.address}/{count.backend}/{server.server}"
            seen = self.seen.get(f"{place}#{count.process}", server.requests if first else 0)
            self.seen[f"{place}#{count.process}"] = server.requests
            if server.requests:
                self.normal_ms.setdefault(place, server.mean_ms)
            self._judge(server.requests - seen, server.mean_ms, self.normal_ms.get(place, 0.0), policy)

    def _judge(self, served: int, mean_ms: float, normal_ms: float, policy: Return) -> None:
        self.served += served
        self.milliseconds += served * mean_ms
        if mean_ms > max(policy.latency_floor_ms, policy.max_latency_ratio * normal_ms):
            self.slow += served


class Counting(msgspec.Struct):
    """All that was counted so far; told by heartbeats, so that a second attempt goes on where the first ended."""

    counters: dict[str, Counter] = {}
    totals: TrafficTotals = TrafficTotals()
    began: bool = False
    times: Times = msgspec.field(default_factory=Times)

    def add(self, counts: Iterable[BackendCount], seconds: float, policy: Return) -> None:
        """
        A process that appears later began during the run, so all it has counted belongs to it. `seconds` since the last
        look; 0, as at the end, leaves the rate as it was.

        What a process counts between our last look and its end is lost; looks are seconds apart.
        """
        before, first_times = self.totals.requests, not self.times.seen
        for count in counts:
            key = f"{count.address}#{count.process}/{count.backend}"
            first = (0, 0) if self.began else (count.requests, count.answered_5xx)
            counter = self.counters.setdefault(key, Counter(0, 0, *first))
            counter.requests, counter.failed = count.requests, count.answered_5xx
            self.times.add(count, policy, first=first_times)
        self.began = True
        requests = sum(each.requests - each.first_requests for each in self.counters.values())
        failed = sum(each.failed - each.first_failed for each in self.counters.values())
        rate = (requests - before) / seconds if seconds else self.totals.rate
        self.totals = TrafficTotals(requests, failed, rate, self.times.mean_ms, self.times.slow)


class CountJob(msgspec.Struct, frozen=True):
    """The run to count for; `earlier`: what was counted of it before, so that nothing in between is lost."""

    order: FleetOrder
    earlier: Counting = msgspec.field(default_factory=Counting)


class CountActivities:
    """`every`: seconds between looks."""

    def __init__(self, ports_of: PortsOf, *, every: float = 1.0) -> None:
        self._ports_of = ports_of
        self._every = every

    @activity.defn
    async def count_traffic(self, job: CountJob) -> Counting:
        """Count until told to stop, then say how many requests there were, how many failed, how many were slow."""
        members = list(job.order.clusters.values())
        if not members:
            return job.earlier
        balancers = list(self._ports_of(members[0].access).balancers.values())
        policy = members[0].policy.returning
        counting = _earlier() or job.earlier
        try:
            while balancers:
                await self._count(balancers, counting, policy, after=self._every)
                activity.heartbeat(counting)
                await asyncio.sleep(self._every)
        except asyncio.CancelledError:
            # Being told to stop is how counting ends; a worker that shuts down is another matter.
            if activity.is_worker_shutdown():
                raise
            await self._count(balancers, counting, policy, after=0.0)
        return counting

    async def _count(self, balancers: Sequence[Balancer], counting: Counting, policy: Return, *, after: float) -> None:
        counts: list[BackendCount] = []
        try:
            for balancer in balancers:
                counts += await balancer.backend_counts()
        except UnreachableError as error:
            # One look is missed; the counters are absolute, so the next look makes up for it.
            activity.logger.warning("the balancers' counters could not be read: %s", error)
            return
        counting.add(counts, after, policy)


def _earlier() -> Counting | None:
    details = activity.info().heartbeat_details
    if not details:
        return None
    converter = activity.payload_converter()
    return converter.from_payload(converter.to_payload(details[0]), Counting)
