"""What a balancer's entries for one cluster say together; pure."""

from collections.abc import Sequence
from datetime import datetime

from fairlead.snapshot.traffic import TrafficReading
from fairlead.traffic.port import Entry, EntryState


def reading(entries: Sequence[Entry], taken: datetime, declared_capacity: float | None = None) -> TrafficReading:
    """
    Add up the entries of one cluster over backends, processes and balancers.

    Old workers count for traffic, but say nothing about what new connections will find. Without current entries the
    cluster is neither in nor out: nobody knows where it is. `mean_ms` is weighted by each entry's requests.
    """
    current = [entry for entry in entries if not entry.old_process]
    return TrafficReading(
        taken=taken,
        epoch=epoch(entries),
        requests=sum(entry.requests for entry in entries),
        failed=sum(entry.failed for entry in entries),
        rate=float(sum(entry.rate for entry in entries)),
        sessions=sum(entry.sessions for entry in entries),
        queued=sum(entry.queued for entry in entries),
        mean_ms=_mean_ms(entries),
        weight_percent=min((entry.weight_percent for entry in current), default=0),
        in_balancer=bool(current) and all(entry.state is EntryState.READY and entry.up for entry in current),
        out_of_balancer=bool(current) and all(entry.state is not EntryState.READY for entry in current),
        least_weight=min((each.configured_weight for each in current if each.configured_weight), default=None),
        capacity=declared_capacity if declared_capacity is not None else capacity(current),
    )


def epoch(entries: Sequence[Entry]) -> str:
    """Who has counted: every process by its admin socket and pid. Counters of another set of processes are others."""
    return " ".join(sorted({f"{entry.address}#{entry.process}" for entry in entries}))


def capacity(entries: Sequence[Entry]) -> float | None:
    """
    Requests a second that these entries could carry, or None where nothing tells it.

    By Little's law an entry that may have `limit` requests at once, each taking so long at the server, carries limit /
    time a second; the wait in the queue is no work. Where a limit or a time is missing, the highest rate seen is what
    is proven, and no more.
    """
    known = [each for each in map(_entry_capacity, entries) if each is not None]
    return sum(known) if known else None


def idle(before: Sequence[Entry], after: Sequence[Entry]) -> bool:
    """
    Whether no request was there or came between two looks: no session, no queue, no counter moved, in every process.

    A process that only the second look has seen was not watched, so nothing is proven; one that only the first has
    seen has ended, and its sessions with it. Nothing seen is no proof either.
    """
    counted = {_place(entry): entry.requests for entry in before}
    return bool(after) and all(
        entry.sessions == 0 and entry.queued == 0 and counted.get(_place(entry)) == entry.requests for entry in after
    )


def _place(entry: Entry) -> tuple[str, str, int, str, str]:
    return (entry.balancer, entry.address, entry.process, entry.backend, entry.server)


def _entry_capacity(entry: Entry) -> float | None:
    served_ms = entry.mean_ms - entry.queue_ms
    if entry.limit > 0 and served_ms > 0:
        return entry.limit / (served_ms / 1000)
    return float(entry.rate_peak) if entry.rate_peak > 0 else None


def _mean_ms(entries: Sequence[Entry]) -> float:
    requests = sum(entry.requests for entry in entries)
    return sum(entry.mean_ms * entry.requests for entry in entries) / requests if requests else 0.0
