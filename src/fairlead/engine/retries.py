"""The shapes in which activities are waited for and tried again."""

from datetime import timedelta
from typing import NamedTuple

from temporalio.common import RetryPolicy

# Error types (ApplicationError.type) that people or the planner must answer; trying again alone does not help.
REFUSED = "Refused"
OPERATION_FAILED = "OperationFailed"
STALLED = "Stalled"
NO_HEADROOM = "NoHeadroom"
NOT_IDLE = "NotIdle"
NOT_WHOLE = "NotWhole"
RETURN_FAILED = "ReturnFailed"
# The one that passes by itself.
UNAVAILABLE = "Unavailable"

_HOLDING = (REFUSED, OPERATION_FAILED, STALLED, NO_HEADROOM, NOT_IDLE, NOT_WHOLE, RETURN_FAILED)


class Shape(NamedTuple):
    """How long one attempt and all attempts may take, how soon a dead worker is noticed, and when to try again."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy

    def options(self) -> dict[str, timedelta | RetryPolicy]:
        """As keyword arguments of `workflow.execute_activity_method`."""
        return self._asdict()


def _retrying(longest_pause: timedelta) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=longest_pause,
        non_retryable_error_types=_HOLDING,
    )


# Ten missed beats of one second: a worker killed with -9 is noticed before a person would notice, and one that is slow
# on a busy machine is not taken for dead.
_BEAT = timedelta(seconds=10)

# Reading: an outside that does not answer for half an hour is a reason to ask a person.
LOOK = Shape(timedelta(minutes=5), timedelta(minutes=30), _BEAT, _retrying(timedelta(seconds=15)))
# Starting something at the provider and following it to its end; rolls of big pools take many hours.
CHANGE = Shape(timedelta(days=3), timedelta(days=7), _BEAT, _retrying(timedelta(seconds=15)))
# Compensation never gives up: what was parked must become what it was.
RESTORE = Shape(timedelta(days=3), timedelta(days=365), _BEAT, _retrying(timedelta(seconds=30)))
# Counting for as long as a run lasts.
BESIDE = Shape(timedelta(days=365), timedelta(days=365), _BEAT, _retrying(timedelta(seconds=15)))
