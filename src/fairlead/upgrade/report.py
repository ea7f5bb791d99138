"""What a person reads after a run: the report as one Struct, and the words of what happened, line by line."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from fairlead.model.version import Version
from fairlead.upgrade.state import (
    ApiChanges,
    ClusterState,
    Command,
    FleetState,
    ParkedPool,
    Phase,
    Refusal,
    StepRecord,
    StepState,
    TrafficTotals,
)


class StepReport(msgspec.Struct, frozen=True):
    """`minutes` it took, None while it runs; `forecast_minutes` what was expected before the run."""

    name: str
    state: StepState
    began: datetime
    ended: datetime | None
    minutes: float | None
    forecast_minutes: float
    reason: str
    decided_by: str


class PoolReport(msgspec.Struct, frozen=True):
    name: str
    nodes: int
    before: Version
    after: Version


class ClusterReport(msgspec.Struct, frozen=True):
    """
    One cluster: `pods_evicted` stood on nodes that were replaced (at least once each), `budget_waits` disruption
    budgets that were seen refusing, one by one in `refusals`; None where no pool was rolled. `held` are the reasons it
    waits for a person now, `entries` its `balancer/server` names.
    """

    cluster: str
    wave: str
    phase: Phase
    reason: str
    target: Version
    before: Version | None
    after: Version | None
    minutes: float | None
    forecast_minutes: float | None
    pools: tuple[PoolReport, ...]
    steps: tuple[StepReport, ...]
    parked: tuple[ParkedPool, ...]
    out_of_balancer: bool
    entries: tuple[str, ...]
    pods_evicted: int | None
    budget_waits: int | None
    apis: tuple[ApiChanges, ...]
    held: tuple[str, ...]
    decisions: tuple[tuple[datetime, Command], ...]
    refusals: tuple[Refusal, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """
    A run as a whole. `traffic` is what the balancers counted while it ran (None with the reason in `traffic_missing`);
    its `slow` are requests served while their server's mean time was too long. `pods_evicted` and `budget_waits`: all
    clusters together.
    """

    fleet: str
    run: str
    phase: Phase
    started_by: str
    began: datetime | None
    ended: datetime | None
    minutes: float | None
    clusters: tuple[ClusterReport, ...]
    left_out: tuple[str, ...]
    not_started: tuple[str, ...]
    traffic: TrafficTotals | None
    traffic_missing: str
    pods_evicted: int | None
    budget_waits: int | None
    decisions: tuple[tuple[datetime, Command], ...]


class Event(msgspec.Struct, frozen=True):
    """One thing that happened, when, and to which cluster (empty: the run); `bad` where it calls for attention."""

    at: datetime
    cluster: str
    text: str
    bad: bool = False


def report_of(run: FleetState, traffic: TrafficTotals | None = None) -> Report:
    """The report of a run, also of one that goes on; `traffic` then is what was counted so far."""
    wave_of = {name: wave.name for wave in run.waves for name in wave.clusters}
    order = [name for wave in run.waves for name in wave.clusters]
    clusters = tuple(_cluster(run.clusters[name], wave_of[name], run) for name in order if name in run.clusters)
    return Report(
        fleet=run.order.fleet,
        run=run.order.run,
        phase=run.phase,
        started_by=run.order.started_by,
        began=run.began,
        ended=run.ended,
        minutes=_minutes(run.began, run.ended),
        clusters=clusters,
        left_out=run.order.left_out,
        not_started=tuple(name for name in order if name not in run.clusters),
        traffic=run.traffic or traffic,
        traffic_missing=run.traffic_missing,
        pods_evicted=_sum([each.pods_evicted for each in clusters]),
        budget_waits=_sum([each.budget_waits for each in clusters]),
        decisions=tuple(run.decisions),
    )


def events_of(run: FleetState) -> list[Event]:
    """Everything that has happened so far, in order of time."""
    events = [*_run_events(run)]
    for cluster in run.clusters.values():
        events += _cluster_events(cluster)
    return sorted(events, key=lambda each: each.at)


def _run_events(run: FleetState) -> Iterator[Event]:
    for wave in run.waves:
        if wave.began:
            yield Event(wave.began, "", f"wave {wave.name} opens: {', '.join(wave.clusters)}")
        if wave.ended:
            yield Event(wave.ended, "", f"wave {wave.name} closes", bad=wave.phase is not Phase.DONE)
    for at, command in run.decisions:
        yield Event(at, "", _words(command))
    if run.ended:
        yield Event(run.ended, "", f"the run ends: {run.phase}", bad=run.phase is not Phase.DONE)


def _cluster_events(cluster: ClusterState) -> Iterator[Event]:
    name = cluster.cluster
    if cluster.began:
        yield Event(cluster.began, name, f"begins, to {cluster.target}")
    for step in cluster.steps:
        yield Event(step.began, name, step.name)
        if step.ended:
            bad = step.state is not StepState.DONE
            yield Event(step.ended, name, f"{step.name}: {step.state}; {step.reason}", bad)
    if cluster.hold is not None:
        for finding in cluster.hold.because:
            yield Event(cluster.hold.since, name, f"held: {finding.subject}: {finding.message}", bad=True)
    for at, command in cluster.decisions:
        yield Event(at, name, _words(command))
    if cluster.ended:
        reason = f": {cluster.reason}" if cluster.reason else ""
        yield Event(cluster.ended, name, f"{cluster.phase}{reason}", bad=cluster.phase is not Phase.DONE)


def _words(command: Command) -> str:
    return f"{command.action}, says {command.by}" + (f": {command.reason}" if command.reason else "")


def _cluster(state: ClusterState, wave: str, run: FleetState) -> ClusterReport:
    forecast = run.order.forecasts.get(state.cluster)
    held = state.hold.because if state.hold else ()
    return ClusterReport(
        cluster=state.cluster,
        wave=wave,
        phase=state.phase,
        reason=state.reason,
        target=state.target,
        before=state.before,
        after=state.after,
        minutes=_minutes(state.began, state.ended),
        forecast_minutes=forecast.minutes if forecast else None,
        pools=tuple(PoolReport(pool.name, pool.nodes, pool.before, pool.after) for pool in state.pools),
        steps=tuple(_step(step) for step in state.steps),
        parked=tuple(state.parked),
        out_of_balancer=state.memory.out,
        entries=tuple(f"{each.balancer}/{each.server}" for each in run.order.clusters[state.cluster].cluster.traffic),
        pods_evicted=state.pods_evicted,
        budget_waits=state.budget_waits,
        apis=tuple(state.apis),
        held=tuple(f"{each.subject}: {each.message}" for each in held),
        decisions=tuple(state.decisions),
        refusals=tuple(state.refusals),
    )


def _step(step: StepRecord) -> StepReport:
    return StepReport(
        step.name,
        step.state,
        step.began,
        step.ended,
        _minutes(step.began, step.ended),
        step.minutes,
        step.reason,
        step.decided_by,
    )


def _minutes(began: datetime | None, ended: datetime | None) -> float | None:
    return round((ended - began).total_seconds() / 60, 3) if began and ended else None


def _sum(counts: list[int | None]) -> int | None:
    known = [each for each in counts if each is not None]
    return sum(known) if known else None
