"""The picture of one cluster's traffic, read from the balancers, and what two pictures say together."""

from datetime import datetime

import msgspec


class TrafficReading(msgspec.Struct, frozen=True):
    """
    All balancers' entries for one cluster added up, at `taken`.

    Counters grow since the balancer's processes began (`epoch` changes when a process does, and counters of
    different epochs must not be compared): `requests`, `failed`. Of the moment: `rate` requests a second,
    `sessions`, `queued`, `mean_ms`, `weight_percent` (least of all entries). `in_balancer`: every entry is ready and
    up; `out_of_balancer`: every entry is drained or in maintenance. `capacity` in requests a second, None where
    nothing tells it; `least_weight` the smallest weight that is configured for one of them, None where none is known.
    """

    taken: datetime
    epoch: str
    requests: int
    failed: int
    rate: float
    sessions: int
    queued: int
    mean_ms: float
    weight_percent: int
    in_balancer: bool
    out_of_balancer: bool
    capacity: float | None = None
    least_weight: int | None = None


class TrafficSpan(msgspec.Struct, frozen=True):
    """What went through between two readings."""

    seconds: float
    requests: int
    failed: int
    mean_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds if self.seconds > 0 else 0.0

    @property
    def error_ratio(self) -> float:
        return self.failed / self.requests if self.requests else 0.0


def between(before: TrafficReading, after: TrafficReading) -> TrafficSpan | None:
    """None where the two cannot be compared: a process was restarted between them."""
    if before.epoch != after.epoch or after.requests < before.requests:
        return None
    return TrafficSpan(
        seconds=(after.taken - before.taken).total_seconds(),
        requests=after.requests - before.requests,
        failed=after.failed - before.failed,
        mean_ms=after.mean_ms,
    )
