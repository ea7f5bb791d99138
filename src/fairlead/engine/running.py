"""How a worker of ours is set up: the sandbox lets our own pure modules through, heartbeats are told soon."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Replayer, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from fairlead.engine.connect import TASK_QUEUE
from fairlead.engine.converter import DATA_CONVERTER

# What `watch` shows of a running step comes from heartbeats; by default they are held back for up to a minute.
_TELL_WITHIN = timedelta(seconds=1)
# How long an activity may take to end by itself when the worker is told to stop; it is started again elsewhere.
_GRACE = timedelta(seconds=1)
# How long a workflow waits for the worker that has it in its cache before any worker gets it; after kill -9 this is
# lost time, for each step of the work. By default it is ten seconds.
_STICKS = timedelta(seconds=3)


def runner() -> SandboxedWorkflowRunner:
    """Our modules are loaded once: what workflows use of them is pure, which import contracts check."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules("fairlead", "msgspec", "google", "structlog")
    return SandboxedWorkflowRunner(restrictions=restrictions)


def worker(
    client: Client,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
    *,
    task_queue: str = TASK_QUEUE,
    tell_within: timedelta = _TELL_WITHIN,
) -> Worker:
    """
    A worker for these workflows and activities; run it with `async with` or `run()`.

    `tell_within`: how long heartbeats are held back at most; an activity hears with one of them that it is cancelled.
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=list(workflows),
        activities=list(activities),
        workflow_runner=runner(),
        max_heartbeat_throttle_interval=tell_within,
        default_heartbeat_throttle_interval=tell_within,
        graceful_shutdown_timeout=_GRACE,
        sticky_queue_schedule_to_start_timeout=_STICKS,
    )


def replayer(workflows: Sequence[type]) -> Replayer:
    """Runs recorded histories through the present code; a history that no longer fits is an error."""
    return Replayer(workflows=list(workflows), workflow_runner=runner(), data_converter=DATA_CONVERTER)
