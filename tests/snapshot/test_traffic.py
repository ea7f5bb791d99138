"""What two readings say together, and when they say nothing."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fairlead.model import wire
from fairlead.snapshot.traffic import TrafficReading, TrafficSpan, between

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BEFORE = TrafficReading(NOW, "a#1", 1000, 10, 50.0, 2, 0, 15.0, 100, in_balancer=True, out_of_balancer=False)


def later(**changes: object) -> TrafficReading:
    return msgspec.structs.replace(BEFORE, taken=NOW + timedelta(seconds=10), **changes)


def test_counters_of_the_same_processes_are_subtracted() -> None:
    span = between(BEFORE, later(requests=1500, failed=15, mean_ms=20.0))
    assert span == TrafficSpan(seconds=10.0, requests=500, failed=5, mean_ms=20.0)
    assert span is not None
    assert (span.rate, span.error_ratio) == (50.0, 0.01)


@pytest.mark.parametrize("after", [later(epoch="a#2", requests=5000), later(requests=3)])
def test_counters_that_began_anew_are_not_compared(after: TrafficReading) -> None:
    assert between(BEFORE, after) is None


def test_no_requests_are_no_errors() -> None:
    span = TrafficSpan(seconds=0.0, requests=0, failed=0, mean_ms=0.0)
    assert (span.rate, span.error_ratio) == (0.0, 0.0)


def test_a_reading_comes_back_from_the_wire_as_it_was() -> None:
    assert wire.decode(wire.encode(BEFORE), TrafficReading) == BEFORE
