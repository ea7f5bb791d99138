"""What every activity needs: a beating heart, and our errors said so that Temporal knows whether to try again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import msgspec
from temporalio import activity
from temporalio.exceptions import ApplicationError

from fairlead.engine.retries import REFUSED, UNAVAILABLE
from fairlead.model.errors import FairleadError, UnreachableError
from fairlead.upgrade.state import Progress

# Being told to stop is heard with a beat, so this is also how soon a step or a guard ends.
EVERY = 1.0


class Beat:
    """The heart of a running activity: `progress` is told with every beat."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def tell(self, progress: Progress) -> None:
        """Change what is told, and tell it now."""
        self.progress = progress
        activity.heartbeat(progress)

    async def run(self) -> None:
        while True:
            activity.heartbeat(self.progress)
            await asyncio.sleep(EVERY)


@asynccontextmanager
async def beating() -> AsyncIterator[Beat]:
    """Beat while the block runs; a second attempt begins with the progress that the first told last."""
    beat = Beat(earlier_progress())
    task = asyncio.create_task(beat.run())
    try:
        with in_temporal_terms():
            yield beat
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def earlier_progress() -> Progress:
    """What an attempt before this one told last, if there was one."""
    details = activity.info().heartbeat_details
    return _progress(details[0]) if details else Progress()


def _progress(detail: Any) -> Progress:
    from_wire = activity.payload_converter()
    return from_wire.from_payload(from_wire.to_payload(detail), Progress)


@contextmanager
def in_temporal_terms() -> Iterator[None]:
    """Out of reach is tried again; every other error of ours is for a person, who is told it word for word."""
    try:
        yield
    except UnreachableError as error:
        raise ApplicationError(str(error), type=UNAVAILABLE) from error
    except FairleadError as error:
        hint = f" (hint: {error.hint})" if error.hint else ""
        raise ApplicationError(f"{error}{hint}", type=REFUSED, non_retryable=True) from error


def for_a_person(message: str, kind: str, *details: msgspec.Struct) -> ApplicationError:
    """An error that no retry mends; `kind` is one of the types in `engine.retries`, `details` is for the workflow."""
    return ApplicationError(message, *details, type=kind, non_retryable=True)
