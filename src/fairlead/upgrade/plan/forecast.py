"""How long a step will take, in minutes, before anything was measured."""

import math
from collections.abc import Sequence

import msgspec

from fairlead.fleet.file import UpgradePolicy
from fairlead.model.duration import Duration
from fairlead.upgrade.plan.steps import (
    Bake,
    ParkPool,
    RestorePool,
    ReturnToBalancer,
    RollPool,
    Step,
    TakeOutOfBalancer,
    UpgradeControlPlane,
    Verify,
    WaitForOperation,
)
from fairlead.upgrade.plan.surge import nodes_in_zone


def minutes_of(step: Step, policy: UpgradePolicy) -> float:
    """The forecast of one step; 0 where it depends on others alone."""
    match step:
        case UpgradeControlPlane():
            return _minutes(policy.pace.control_plane)
        case RollPool():
            return batches_of(step) * _minutes(policy.pace.nodes)
        case Bake(duration=duration):
            return _minutes(duration)
        case ParkPool() | RestorePool():
            return _minutes(policy.pace.settings)
        case TakeOutOfBalancer():
            return _minutes(policy.pace.look) + _minutes(policy.drain.idle_for)
        case ReturnToBalancer():
            return _minutes(policy.returning.hold) * len(policy.returning.steps)
        case Verify():
            return _minutes(policy.pace.look)
        case WaitForOperation():
            return 0.0


def _minutes(duration: Duration) -> float:
    return duration.total_seconds() / 60


def batches_of(step: RollPool) -> int:
    """How many batches the roll takes: zone after zone, surge and unavailable nodes at a time."""
    per_zone = nodes_in_zone(step.nodes, step.zones)
    return math.ceil(per_zone / (step.max_surge + step.max_unavailable)) * max(1, min(step.zones, step.nodes))


class Forecast(msgspec.Struct, frozen=True):
    """Minutes of one cluster: what the `provider` needs, and what we wait by our own rules (bake, holds)."""

    provider: float
    own: float

    @property
    def minutes(self) -> float:
        return self.provider + self.own


def forecast_of(steps: Sequence[Step], policy: UpgradePolicy) -> Forecast:
    """All steps of a cluster together."""
    provider = sum(minutes_of(step, policy) for step in steps if is_of_provider(step))
    return Forecast(provider, sum(minutes_of(step, policy) for step in steps) - provider)


def is_of_provider(step: Step) -> bool:
    """Whether the provider's speed decides how long the step takes."""
    return isinstance(step, UpgradeControlPlane | RollPool | ParkPool | RestorePool)
