"""Who goes when: the order of clusters, the waves they form, and who may start now."""

from collections.abc import Mapping, Sequence

import msgspec

from fairlead.fleet.file import FleetCluster, Order, Wave
from fairlead.model.duration import Duration


class PlannedWave(msgspec.Struct, frozen=True):
    """A wave with its clusters in the order they start."""

    name: str
    clusters: tuple[str, ...]
    concurrency: int
    soak: Duration


class Lineup(msgspec.Struct, frozen=True):
    """All waves, and the clusters no wave takes in."""

    waves: tuple[PlannedWave, ...]
    left_out: tuple[str, ...]


def in_order(clusters: Sequence[FleetCluster], order: Order, rates: Mapping[str, float]) -> tuple[FleetCluster, ...]:
    """Least requests a second first, ties by name; a cluster whose traffic is not known comes last."""
    if order is Order.AS_LISTED:
        return tuple(clusters)
    return tuple(sorted(clusters, key=lambda each: (rates.get(each.name, float("inf")), each.name)))


def line_up(clusters: Sequence[FleetCluster], waves: Sequence[Wave]) -> Lineup:
    """Share clusters, already in order, out to the waves; each goes to the first wave that takes it."""
    left = list(clusters)
    planned = []
    for wave in waves:
        members = _members(wave, left)
        left = [each for each in left if each not in members]
        planned.append(PlannedWave(wave.name, tuple(each.name for each in members), wave.concurrency, wave.soak))
    return Lineup(tuple(planned), tuple(each.name for each in left))


def may_start(wave: PlannedWave, started: Sequence[str], in_flight: Sequence[str], *, hold: bool) -> tuple[str, ...]:
    """
    The clusters of the open wave that may start now: never more in flight than its concurrency, and none while one
    of the run is held, paused or has failed (`hold`), so that what went wrong once is not repeated.
    """
    if hold:
        return ()
    waiting = [each for each in wave.clusters if each not in started]
    return tuple(waiting[: max(0, wave.concurrency - len(in_flight))])


def _members(wave: Wave, left: Sequence[FleetCluster]) -> list[FleetCluster]:
    if wave.clusters:
        return [each for each in left if each.name in wave.clusters]
    if wave.labels:
        return [each for each in left if wave.labels.items() <= each.labels.items()]
    return list(left[: wave.count] if wave.count is not None else left)
