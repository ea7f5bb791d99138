"""What entries say together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from fairlead.snapshot.traffic import between
from fairlead.traffic.port import Entry, EntryState
from fairlead.traffic.reading import capacity, idle, reading

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUIET = Entry(
    balancer="global",
    address="/run/a.sock",
    process=1,
    old_process=False,
    backend="shop",
    server="tokyo",
    state=EntryState.READY,
    up=True,
    weight=100,
    weight_percent=100,
    sessions=0,
    queued=0,
    requests=100,
    failed=0,
    rate=0,
    rate_peak=0,
    limit=0,
    mean_ms=0.0,
)


def entry(**differs: object) -> Entry:
    return msgspec.structs.replace(QUIET, **differs)


def test_everything_is_added_up_over_backends_and_processes() -> None:
    both = [
        entry(rate=10, sessions=1, queued=2, failed=3, mean_ms=10.0),
        entry(backend="api", rate=5, sessions=1, requests=300, mean_ms=30.0, weight_percent=50),
    ]
    read = reading(both, NOON)
    assert (read.rate, read.sessions, read.queued, read.requests, read.failed) == (15.0, 2, 2, 400, 3)
    assert read.mean_ms == 25.0
    assert read.weight_percent == 50


def test_a_new_process_is_a_new_epoch_and_its_counters_are_not_compared() -> None:
    before, after = reading([entry()], NOON), reading([entry(process=2)], NOON + timedelta(seconds=1))
    assert between(before, after) is None


def test_an_old_worker_that_has_ended_is_a_new_epoch_too() -> None:
    before = reading([entry(), entry(process=2, old_process=True)], NOON)
    assert between(before, reading([entry(requests=900)], NOON)) is None


@pytest.mark.parametrize("differs", [{"state": EntryState.DRAIN}, {"state": EntryState.MAINTENANCE}, {"up": False}])
def test_one_entry_that_does_not_serve_means_not_in_the_balancer(differs: dict[str, object]) -> None:
    read = reading([entry(), entry(backend="api", **differs)], NOON)
    assert not read.in_balancer
    assert not read.out_of_balancer


def test_out_means_that_all_are_out_whatever_old_workers_were_told() -> None:
    drained = entry(state=EntryState.DRAIN)
    assert reading([drained, entry(process=2, old_process=True)], NOON).out_of_balancer
    assert not reading([drained, entry(backend="api", up=False)], NOON).out_of_balancer


@pytest.mark.parametrize("entries", [[], [entry(old_process=True)]])
def test_without_a_current_entry_it_is_neither_in_nor_out(entries: Sequence[Entry]) -> None:
    read = reading(entries, NOON)
    assert not read.in_balancer
    assert not read.out_of_balancer
    assert read.weight_percent == 0


def test_capacity_is_what_is_declared_else_measured_else_proven_else_unknown() -> None:
    measured = entry(limit=30, mean_ms=20.0, rate_peak=7)
    assert reading([measured], NOON, 500.0).capacity == 500.0
    assert capacity([measured]) == 1500.0
    assert capacity([entry(limit=30, mean_ms=120.0, queue_ms=100.0)]) == 1500.0
    assert capacity([measured, entry(rate_peak=7)]) == 1507.0
    assert capacity([entry()]) is None


def test_an_old_worker_has_no_capacity_for_what_comes() -> None:
    assert reading([entry(limit=10, mean_ms=10.0, old_process=True), entry()], NOON).capacity is None


def test_quiet_entries_are_idle() -> None:
    assert idle([QUIET], [QUIET])


@pytest.mark.parametrize(
    "differs", [{"sessions": 1}, {"queued": 1}, {"requests": 101}, {"process": 2}, {"backend": "api"}]
)
@pytest.mark.parametrize("old", [False, True])
def test_any_sign_of_traffic_in_any_process_is_not_idle(differs: dict[str, object], old: bool) -> None:
    assert not idle([QUIET, entry(process=9)], [QUIET, entry(**{"process": 9, "old_process": old} | differs)])


def test_an_old_worker_that_has_ended_is_no_obstacle() -> None:
    assert idle([QUIET, entry(process=2, old_process=True, sessions=1)], [QUIET])


def test_nothing_seen_proves_nothing() -> None:
    assert not idle([], [])
    assert not idle([QUIET], [])


counts = some.integers(min_value=0, max_value=10)


@given(some.lists(some.tuples(counts, counts, counts), min_size=1, max_size=6))
def test_idle_exactly_when_each_entry_is(each: list[tuple[int, int, int]]) -> None:
    before = [entry(process=number) for number in range(len(each))]
    after = [
        entry(process=number, sessions=sessions, queued=queued, requests=100 + more)
        for number, (sessions, queued, more) in enumerate(each)
    ]
    assert idle(before, after) is not any(sum(signs) for signs in each)
