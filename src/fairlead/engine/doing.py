"""Doing an activity from a workflow, in one of the shapes of `engine.retries`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import exceptions, workflow
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

from fairlead.engine.retries import Shape

P = TypeVar("P")
R = TypeVar("R")


async def do(activity: Callable[[Any, P], Awaitable[R]], argument: P, shape: Shape, summary: str = "") -> R:
    """
    Run an activity's method and wait for what it returns; ActivityError where it is given up.

    A cancelled activity is waited for, so that nothing it does comes after what the workflow does next.
    """
    result: R = await workflow.execute_activity_method(
        activity,
        argument,
        start_to_close_timeout=shape.start_to_close_timeout,
        schedule_to_close_timeout=shape.schedule_to_close_timeout,
        heartbeat_timeout=shape.heartbeat_timeout,
        retry_policy=shape.retry_policy,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=summary or None,
    )
    return result


def words_of(error: BaseException) -> str:
    """What went wrong in the words of the innermost error that was meant for a person."""
    cause = error.__cause__
    if isinstance(error, ActivityError | ChildWorkflowError) and cause is not None:
        return words_of(cause)
    if isinstance(error, exceptions.TimeoutError):
        last = f"; last: {words_of(cause)}" if cause is not None else ""
        return f"given up after the time allowed{last}"
    if isinstance(error, ApplicationError):
        return error.message
    return f"{type(error).__name__}: {error}"


def kind_of(error: BaseException) -> str:
    """The type of the ApplicationError inside, or empty."""
    if isinstance(error, ApplicationError):
        return error.type or ""
    return kind_of(error.__cause__) if error.__cause__ is not None else ""
