"""Bring a control plane to another version: without an outage where it is regional, with one where it is zonal."""

import asyncio
from collections import defaultdict

import msgspec

from fairlead.model.version import Version
from fairlead.twin.clusters import control_plane, front, planes
from fairlead.twin.process import ProcessSpec
from fairlead.twin.state import ClusterSpec, TwinState
from fairlead.twin.supervisor.table import Table, renamed


class ControlPlanes:
    """What versions are wanted is on disk before anything is touched, so that a new supervisor knows."""

    def __init__(self, state: TwinState, table: Table) -> None:
        self._state = state
        self._table = table
        self._planes = planes.load(state)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def bring_to(self, name: str, version: Version) -> None:
        """Return when the cluster serves `version`; at once where it does."""
        cluster = self._state.spec.cluster(name)
        async with self._locks[name]:
            # First of all, because it refuses a version that there is no binary for.
            wanted = control_plane.apiserver(self._state, name, version, self._planes[name].slot)
            former = self._planes[name]
            self._save(name, msgspec.structs.replace(former, version=version))
            if not self._table.runs(wanted):
                await self._replace(cluster, wanted, former)
            for part in (control_plane.controller_manager, control_plane.scheduler):
                await self._table.start(part(self._state, name, version))

    async def _replace(self, cluster: ClusterSpec, wanted: ProcessSpec, former: planes.Plane) -> None:
        if not cluster.regional:
            # One machine, as in a zone: the old one must go before the new one can come.
            await self._table.start(wanted)
            return
        try:
            await self._replace_beside(cluster, wanted)
        except BaseException:
            # The old one still serves; whoever starts this twin again shall not find a version that never came up.
            self._save(cluster.name, former)
            raise

    async def _replace_beside(self, cluster: ClusterSpec, wanted: ProcessSpec) -> None:
        plane = self._planes[cluster.name]
        beside = control_plane.apiserver(self._state, cluster.name, plane.version, plane.other_slot)
        newcomer = renamed(beside, f"{wanted.name}-next")
        try:
            await self._table.start(newcomer)
        except BaseException:
            await self._table.drop(newcomer.name)
            raise
        # On disk first: a front that is restarted at this very moment finds the newcomer by itself.
        self._save(cluster.name, msgspec.structs.replace(plane, slot=plane.other_slot))
        await front.move(self._state, cluster.name, plane.other_slot)
        await self._table.supersede(wanted.name, newcomer.name)

    def _save(self, name: str, plane: planes.Plane) -> None:
        self._planes[name] = plane
        planes.save(self._state, self._planes)
        # A front that is restarted from now on must find the API server where it is.
        front.configure(self._state, self._planes)
