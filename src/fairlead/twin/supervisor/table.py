"""All processes of the twin by name."""

import asyncio
from pathlib import Path

import msgspec

from fairlead.model.errors import UsageError
from fairlead.twin.process import ProcessSpec, ProcessStatus
from fairlead.twin.supervisor.child import Child
from fairlead.twin.supervisor.readiness import Probe
from fairlead.twin.supervisor.records import Records

# Others cannot end in peace without them.
_LAST = ("etcd",)


class Table:
    """Start, stop and find processes; one call at a time for each name."""

    def __init__(self, folder: Path, records: Records, probe: Probe) -> None:
        self._folder = folder
        self._records = records
        self._probe = probe
        self._children: dict[str, Child] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def statuses(self) -> tuple[ProcessStatus, ...]:
        return tuple(child.status for child in self._children.values())

    def runs(self, spec: ProcessSpec) -> bool:
        """Whether exactly this is kept running."""
        child = self._children.get(spec.name)
        return child is not None and child.spec == spec and child.status.state != "stopped"

    async def start(self, spec: ProcessSpec) -> None:
        """Start and wait until ready; one that runs with another specification is replaced."""
        async with self._lock(spec.name):
            child = self._children.get(spec.name)
            if child is None or child.spec != spec:
                if child is not None:
                    await child.stop()
                child = Child(spec, self._folder, self._records, self._probe)
                self._children[spec.name] = child
            await child.start()

    async def stop(self, name: str) -> None:
        async with self._lock(name):
            await self.find(name).stop()

    async def drop(self, name: str) -> None:
        """Stop it and know nothing of it any more."""
        if name in self._children:
            await self.stop(name)
            del self._children[name]

    async def supersede(self, name: str, newcomer: str) -> None:
        """Stop `name`; the running `newcomer` has its name and place from then on."""
        await self.stop(name)
        child = self._children.pop(newcomer)
        child.rename(name)
        self._children[name] = child

    def find(self, name: str) -> Child:
        """UsageError where there is no process of that name."""
        child = self._children.get(name)
        if child is None:
            names = ", ".join(sorted(self._children))
            raise UsageError(f"the twin has no process `{name}`", hint=f"it has: {names}")
        return child

    async def stop_all(self) -> None:
        """Everything at once, but what others lean on last."""
        first = [name for name in self._children if name not in _LAST]
        await asyncio.gather(*(self.stop(name) for name in first))
        await asyncio.gather(*(self.stop(name) for name in self._children if name in _LAST))

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())


def renamed(spec: ProcessSpec, name: str) -> ProcessSpec:
    return msgspec.structs.replace(spec, name=name)
