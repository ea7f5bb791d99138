"""The words of the planner: steps, what may come of planning, and what a run remembers between steps."""

import msgspec

from fairlead.fleet.file import UpgradePolicy
from fairlead.model.duration import Duration
from fairlead.model.finding import Finding
from fairlead.model.version import Version


class WaitForOperation(msgspec.Struct, frozen=True, tag_field="kind", tag="wait-for-operation"):
    """Somebody else's operation holds the cluster: wait until it has ended, then look again."""

    operation: str
    what: str


class TakeOutOfBalancer(msgspec.Struct, frozen=True, tag_field="kind", tag="take-out-of-balancer"):
    """Drain every entry of the cluster, prove it idle, and keep it out."""


class UpgradeControlPlane(msgspec.Struct, frozen=True, tag_field="kind", tag="upgrade-control-plane"):
    to: Version


class Bake(msgspec.Struct, frozen=True, tag_field="kind", tag="bake"):
    """Watch a new control plane for a while before anything else changes: the roll-back window."""

    control_plane: Version
    duration: Duration


class ParkPool(msgspec.Struct, frozen=True, tag_field="kind", tag="park-pool"):
    """Auto-repair off and surge settings for the roll; the values found are remembered before."""

    pool: str
    max_surge: int
    max_unavailable: int


class RollPool(msgspec.Struct, frozen=True, tag_field="kind", tag="roll-pool"):
    """Replace every node of the pool by one of version `to`. `nodes`, `zones`: its size when this was planned."""

    pool: str
    to: Version
    nodes: int
    zones: int
    max_surge: int
    max_unavailable: int


class RestorePool(msgspec.Struct, frozen=True, tag_field="kind", tag="restore-pool"):
    """What was parked becomes what it was."""

    pool: str


class Verify(msgspec.Struct, frozen=True, tag_field="kind", tag="verify"):
    """The cluster itself must say that it is whole on the new version."""


class ReturnToBalancer(msgspec.Struct, frozen=True, tag_field="kind", tag="return-to-balancer"):
    """Back in, stepwise, each step held and judged."""


Step = (
    WaitForOperation
    | TakeOutOfBalancer
    | UpgradeControlPlane
    | Bake
    | ParkPool
    | RollPool
    | RestorePool
    | Verify
    | ReturnToBalancer
)
Change = UpgradeControlPlane | RollPool


class NextStep(msgspec.Struct, frozen=True, tag_field="kind", tag="next-step"):
    step: Step


class Blocked(msgspec.Struct, frozen=True, tag_field="kind", tag="blocked"):
    """
    Nothing may be done, and why. `may_pass`: it may mend itself (a pod starting, an API server away), so looking
    again for some minutes is worth it before a person is asked.
    """

    because: tuple[Finding, ...]
    may_pass: bool = False


class Done(msgspec.Struct, frozen=True, tag_field="kind", tag="done"):
    """The cluster is where it should be; there is nothing to do."""


Plan = NextStep | Blocked | Done


class Goal(msgspec.Struct, frozen=True):
    """
    Where one cluster is to go, explicit, and by which rules. `balanced`: some balancer carries its traffic;
    `return_drained`: it is to serve in the end also where it was out of the balancer before.
    """

    target: Version
    policy: UpgradePolicy
    balanced: bool = True
    return_drained: bool = False


class Memory(msgspec.Struct, frozen=True):
    """
    What a run knows of a cluster that no picture shows: `touched` that it has changed something, `out` that it has
    begun to take the cluster out of the balancer and not yet ended its return, so that it is ours to keep out,
    `taken_out` that it was proven idle since, `unbaked` a control plane version nobody has watched yet, `parked` the
    pools whose settings it changed, `verified` that nothing changed since it was verified. `found_out`: it was out of
    the balancer before the run began with it, put there by somebody who may have meant it.
    """

    touched: bool = False
    out: bool = False
    taken_out: bool = False
    unbaked: Version | None = None
    parked: tuple[str, ...] = ()
    verified: bool = False
    found_out: bool = False


def remember(memory: Memory, step: Step) -> Memory:
    """The memory after `step` was taken."""
    after = msgspec.structs.replace
    match step:
        case TakeOutOfBalancer():
            return after(memory, touched=True, out=True, taken_out=True, verified=False)
        case UpgradeControlPlane(to=to):
            return after(memory, touched=True, unbaked=to, verified=False)
        case Bake():
            return after(memory, unbaked=None)
        case ParkPool(pool=pool):
            return after(memory, touched=True, parked=(*memory.parked, pool))
        case RollPool():
            return after(memory, touched=True, verified=False)
        case RestorePool(pool=pool):
            return after(memory, parked=tuple(each for each in memory.parked if each != pool))
        case Verify():
            return after(memory, verified=True)
        case ReturnToBalancer():
            return after(memory, out=False, taken_out=False, found_out=False)
        case WaitForOperation():
            return memory


def words_of(step: Step) -> str:
    """The name of a step as people read it."""
    match step:
        case WaitForOperation(operation=operation, what=what):
            return f"wait for {what} ({operation})"
        case TakeOutOfBalancer():
            return "take out of balancer"
        case UpgradeControlPlane(to=to):
            return f"control plane to {to}"
        case Bake(duration=duration):
            return f"bake for {duration}"
        case ParkPool(pool=pool):
            return f"park settings of pool {pool}"
        case RollPool(pool=pool, to=to):
            return f"roll pool {pool} to {to}"
        case RestorePool(pool=pool):
            return f"restore settings of pool {pool}"
        case Verify():
            return "verify"
        case ReturnToBalancer():
            return "return to balancer"
