"""How long a step will take, in minutes, before anything was measured."""

import math
from collections.abc import Sequence

import msgspec

from fairlead.fleet.file import UpgradePolicy
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

# Estimates where nobody has measured yet: GKE replaces a node in about nine minutes
# (GoogleCloudPlatform/cluster-toolkit#3343), one batch after the other, zone after zone.
MINUTES_PER_BATCH = 9.0
# Public reports name 5-15 minutes for a control plane, zonal or regional; the middle.
MINUTES_CONTROL_PLANE = 10.0
# A change of settings is an operation of its own, which GKE ends within a minute.
MINUTES_SETTINGS = 1.0
MINUTES_LOOK = 0.5


def minutes_of(step: Step, policy: UpgradePolicy) -> float:
    """The forecast of one step; 0 where it depends on others alone."""
    match step:
        case UpgradeControlPlane():
            return MINUTES_CONTROL_PLANE
        case RollPool():
            return batches_of(step) * MINUTES_PER_BATCH
        case Bake(duration=duration):
            return duration.total_seconds() / 60
        case ParkPool() | RestorePool():
            return MINUTES_SETTINGS
        case TakeOutOfBalancer():
            return MINUTES_LOOK + policy.drain.idle_for.total_seconds() / 60
        case ReturnToBalancer():
            return policy.returning.hold.total_seconds() / 60 * len(policy.returning.steps)
        case Verify():
            return MINUTES_LOOK
        case WaitForOperation():
            return 0.0


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
