"""What the workflow of a run begins with, and goes on with after a long history."""

import msgspec

from fairlead.upgrade.activities.totals import Counting
from fairlead.upgrade.state import FleetOrder, FleetState


class FleetJob(msgspec.Struct):
    """
    `state`, without its order, and `counting`: what the execution before this one came to. `longest_history`: events
    after which a run goes on as a new execution, 0 to leave that to Temporal.
    """

    order: FleetOrder
    state: FleetState | None = None
    counting: Counting = msgspec.field(default_factory=Counting)
    longest_history: int = 0


def going_on(job: FleetJob, state: FleetState, counting: Counting) -> FleetJob:
    """The job of the next execution; the order, which is long, travels once."""
    bare = FleetOrder(job.order.run, job.order.fleet, (), {})
    left = msgspec.structs.replace(state, order=bare, traffic=None, traffic_missing="")
    return FleetJob(job.order, left, counting, job.longest_history)


def state_of(job: FleetJob) -> FleetState | None:
    """The state of the execution before this one, whole again."""
    return msgspec.structs.replace(job.state, order=job.order) if job.state else None
