"""Operations of the provider: started once, waited for with patience, and not believed."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from fairlead.clouds.port import Already, Cloud, CloudBusyError, Operation, OperationRef, OperationState
from fairlead.engine.retries import OPERATION_FAILED
from fairlead.model.cluster import ClusterRef
from fairlead.model.errors import UnreachableError
from fairlead.upgrade.activities.doors import Beat, for_a_person


class Pace:
    """Soon at first, then more seldom, up to `longest` seconds; anything that moves makes it soon again."""

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = longest
        self._next = shortest

    def moved(self) -> None:
        self._next = self._shortest

    async def rest(self) -> None:
        await asyncio.sleep(self._next)
        self._next = min(self._longest, self._next * 1.5)


class Operations:
    """Operations on one cluster."""

    def __init__(self, cloud: Cloud, cluster: ClusterRef, beat: Beat, pace: Pace) -> None:
        self.cloud = cloud
        self.cluster = cluster
        self._beat = beat
        self._pace = pace

    async def start(self, ask: Callable[[], Awaitable[OperationRef | Already]]) -> OperationRef | None:
        """Start, or wait for whoever holds the cluster and ask again; None where there was nothing to start."""
        while True:
            try:
                started = await ask()
            except CloudBusyError as busy:
                self.tell(f"operation {busy.operation or 'of others'} to end: {busy.message}")
                await self.others_end(busy.operation)
                continue
            return None if isinstance(started, Already) else started

    async def finish(self, ask: Callable[[], Awaitable[OperationRef | Already]]) -> None:
        """Start it and wait for its end; an operation that ends with an error is for a person."""
        operation = await self.start(ask)
        if operation is not None:
            await self.end_of(operation)

    async def end_of(self, operation: OperationRef) -> Operation:
        """Wait until it has ended; raises where it has ended with an error."""
        while True:
            seen = await self.cloud.operation(operation)
            if seen.state is OperationState.DONE:
                return without_error(seen)
            self.tell(f"operation {operation.id}")
            await self.pause()

    async def others_end(self, operation: str) -> None:
        """Until that operation (or, where it has no name, every one that runs now) has ended, whatever came of it."""
        running = await self.cloud.running_operations(self.cluster)
        for ref in [each.ref for each in running if operation in {"", each.ref.id}]:
            while (await self.cloud.operation(ref)).state is not OperationState.DONE:
                await self.pause()
        await self.pause()

    async def all_end(self) -> None:
        """Until what runs on the cluster now has ended, whoever began it and whatever comes of it."""
        for running in await self.cloud.running_operations(self.cluster):
            while (await self.cloud.operation(running.ref)).state is not OperationState.DONE:
                self.tell(f"operation {running.ref.id}")
                await self.pause()

    async def pause(self) -> None:
        """Rest a little before the next look."""
        await self._pace.rest()

    def moved(self) -> None:
        self._pace.moved()

    def tell(self, waits_for: str) -> None:
        if self._beat.progress.waits_for != waits_for:
            self._beat.tell(msgspec.structs.replace(self._beat.progress, waits_for=waits_for))


def without_error(operation: Operation) -> Operation:
    """DONE says only that it ended; what went wrong stands inside."""
    if operation.error:
        raise for_a_person(f"operation {operation.ref.id} ended with: {operation.error}", OPERATION_FAILED)
    return operation


async def if_reachable(ask: Awaitable[bool]) -> bool:
    """False also where nobody answers: a control plane is away for moments while it is replaced."""
    try:
        return await ask
    except UnreachableError:
        return False
