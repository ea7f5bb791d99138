"""How much time a run still needs: its forecast, corrected by what its own finished steps have taken."""

from datetime import datetime, timedelta

from fairlead.upgrade.plan.forecast import is_of_provider
from fairlead.upgrade.state import ClusterState, FleetState, StepRecord, StepState


def time_left(run: FleetState, now: datetime) -> timedelta:
    """Waves after each other, clusters side by side as the wave allows; holds and pauses are not foreseen."""
    speed = provider_speed(run)
    left = 0.0
    for number, wave in enumerate(run.waves):
        lanes = [0.0] * wave.concurrency
        for name in sorted(wave.clusters, key=lambda each: each not in run.clusters):
            lanes[lanes.index(min(lanes))] += _cluster_left(run, name, speed, now)
        left += max(lanes)
        if number < len(run.waves) - 1 and not wave.phase.ended:
            left += wave.soak_minutes
        elif wave.soak_until is not None and wave.ended is None:
            left += max(0.0, (wave.soak_until - now).total_seconds() / 60)
    return timedelta(minutes=left)


def provider_speed(run: FleetState) -> float:
    """Minutes taken for each minute forecast, over the provider's finished steps of this run; 1 before the first."""
    done = [step for cluster in run.clusters.values() for step in cluster.steps if _tells(step)]
    forecast = sum(step.minutes for step in done)
    return sum(_minutes(step, step.began) for step in done) / forecast if forecast else 1.0


def _cluster_left(run: FleetState, name: str, speed: float, now: datetime) -> float:
    forecast = run.order.forecasts.get(name)
    state = run.clusters.get(name)
    if forecast is None or (state is not None and state.phase.ended):
        return 0.0
    provider, own = forecast.provider * speed, forecast.own
    if state is not None:
        for step in state.steps:
            provider, own = _less(step, provider, own, speed, now)
    return max(0.0, provider) + max(0.0, own)


def _less(step: StepRecord, provider: float, own: float, speed: float, now: datetime) -> tuple[float, float]:
    """What this step has already used of the forecast; a step that takes longer uses no more than its own share."""
    share = step.minutes * (speed if is_of_provider(step.step) else 1.0)
    used = min(share, _minutes(step, now)) if step.state is StepState.RUNNING else share
    if step.state in {StepState.FAILED, StepState.STOPPED}:
        used = 0.0
    return (provider - used, own) if is_of_provider(step.step) else (provider, own - used)


def _tells(step: StepRecord) -> bool:
    return step.state is StepState.DONE and is_of_provider(step.step) and step.minutes > 0


def _minutes(step: StepRecord, now: datetime) -> float:
    return ((step.ended or now) - step.began).total_seconds() / 60


def cluster_minutes(state: ClusterState, now: datetime) -> float:
    """How long a cluster has been under way, or was."""
    return ((state.ended or now) - state.began).total_seconds() / 60 if state.began else 0.0
