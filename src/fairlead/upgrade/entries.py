"""One cluster in all its balancers: read together, steered together."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from fairlead.fleet.file import FleetCluster
from fairlead.snapshot.traffic import TrafficReading
from fairlead.traffic.port import Balancer, Entry, EntryState
from fairlead.traffic.reading import capacity, reading
from fairlead.upgrade.plan.headroom import SharedLoad


class ClusterEntries:
    """`capacities`: declared requests a second by server name, for those clusters that have one."""

    def __init__(
        self,
        balancers: Mapping[str, Balancer],
        cluster: FleetCluster,
        capacities: Mapping[str, float],
    ) -> None:
        self._balancers = balancers
        self._cluster = cluster
        self._capacities = capacities

    async def entries(self) -> list[Entry]:
        found = [await self._balancers[each.balancer].entries([each.server]) for each in self._cluster.traffic]
        return [entry for entries in found for entry in entries]

    async def reading(self) -> TrafficReading:
        entries = await self.entries()
        return reading(entries, datetime.now(UTC), self._cluster.capacity)

    async def set_state(self, state: EntryState) -> None:
        for each in self._cluster.traffic:
            await self._balancers[each.balancer].set_state(each.server, state)

    async def set_weight(self, percent: int) -> None:
        for each in self._cluster.traffic:
            await self._balancers[each.balancer].set_weight(each.server, percent)

    async def keep_out(self, state: EntryState) -> bool:
        """
        Whatever forgot that the cluster is out is told this state; whether anything had forgotten.

        A reload of HAProxy begins with the configuration, where every server is ready.
        """
        forgotten = any(entry.state is EntryState.READY and not entry.old_process for entry in await self.entries())
        if forgotten:
            await self.set_state(state)
        return forgotten

    async def shared_loads(self, span: float) -> list[SharedLoad]:
        """The load of each backend it serves in, measured over some `span` seconds, and who else serves there."""
        loads = []
        for each in self._cluster.traffic:
            balancer = self._balancers[each.balancer]
            began = time.monotonic()
            before = await balancer.entries()
            await asyncio.sleep(span)
            after = await balancer.entries()
            # On a busy machine a sleep takes longer than it was to, and all that came meanwhile is counted.
            loads += self._loads_of(each.server, before, after, time.monotonic() - began)
        return loads

    def _loads_of(self, server: str, before: Iterable[Entry], after: Iterable[Entry], span: float) -> list[SharedLoad]:
        earlier = {_place(entry): entry.requests for entry in before}
        current = [entry for entry in after if not entry.old_process]
        backends = sorted({entry.backend for entry in current if entry.server == server})
        together: list[SharedLoad] = []
        for backend in backends:
            here = [entry for entry in current if entry.backend == backend]
            came = sum(entry.requests - earlier.get(_place(entry), entry.requests) for entry in here)
            # The quicker of the two: a span without a request must not make a busy second look idle.
            load = max(came / span if span else 0.0, float(sum(entry.rate for entry in here)))
            together.append(self._shared(f"{here[0].balancer}/{backend}", load, server, here))
        return self._by_declared(together)

    def _shared(self, place: str, load: float, server: str, here: list[Entry]) -> SharedLoad:
        others = [entry for entry in here if entry.server != server]
        names = sorted({entry.server for entry in others})
        serving = [name for name in names if all(_serves(entry) for entry in others if entry.server == name)]
        carried = capacity([entry for entry in others if entry.server in serving])
        return SharedLoad(place, load, tuple(serving), carried)

    def _by_declared(self, loads: list[SharedLoad]) -> list[SharedLoad]:
        """Declared capacities are of whole clusters: where all siblings have one, all backends are judged together."""
        siblings = {name for load in loads for name in load.siblings}
        if not siblings or not siblings <= self._capacities.keys() or any(not load.siblings for load in loads):
            return loads
        carried = sum(self._capacities[name] for name in siblings)
        everywhere = ", ".join(load.place for load in loads)
        return [SharedLoad(everywhere, sum(load.load for load in loads), tuple(sorted(siblings)), carried)]


def _serves(entry: Entry) -> bool:
    return entry.up and entry.state is EntryState.READY and entry.weight_percent > 0


def _place(entry: Entry) -> tuple[str, int, str, str]:
    return (entry.address, entry.process, entry.backend, entry.server)
