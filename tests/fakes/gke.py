"""The GKE emulator in the test's own event loop, over real gRPC and HTTP, acting on clusters in memory."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.clouds.gke.cloud import GkeCloud
from fairlead.clouds.gke.connect import connect
from fairlead.fleet.file import GkeSettings
from fairlead.model.cluster import ClusterRef, GkePlace
from fairlead.model.version import Version
from fairlead.twin import pki
from fairlead.twin.gke import faults
from fairlead.twin.gke.emulator import Emulator
from fairlead.twin.state import ClusterPorts, ClusterSpec, PoolSpec, TwinSpec, TwinState
from fakes.actor import FakeActor

ZONES = ("asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c")
OLD = Version("1.35.4-gke.1100")
# An hour of GKE's is a second.
FAST = 3600.0


@dataclass
class GkeWorld:
    """An emulator with its clusters, and the cloud that speaks to it."""

    state: TwinState
    actors: dict[str, FakeActor]
    emulator: Emulator
    cloud: GkeCloud

    def ref(self, cluster: str = "tokyo") -> ClusterRef:
        location = self.state.spec.cluster(cluster).location
        return ClusterRef(cluster, gke=GkePlace("twin", location, cluster))

    def inject(self, fault: faults.Fault) -> None:
        faults.inject(self.state.root, fault)

    async def restart(self) -> None:
        """As after kill -9: nothing of the old one is left but what is on disk."""
        await self.emulator.stop()
        self.emulator = Emulator(self.state, self.actors)
        await self.emulator.start()


def a_spec(factor: float = FAST, *, surge: int = 2, unavailable: int = 0, nodes: int = 6) -> TwinSpec:
    pool = PoolSpec("app", "app", nodes, ZONES, max_surge=surge, max_unavailable=unavailable)
    batch = PoolSpec("batch", "batch", 2, ZONES[:2])
    clusters = (
        ClusterSpec("tokyo", "asia-northeast1", OLD, (pool, batch)),
        ClusterSpec("taipei", "asia-east1-a", OLD, (PoolSpec("app", "app", 1, ("asia-east1-a",)),)),
    )
    return TwinSpec("test", "twin", clusters, clock_factor=factor)


@asynccontextmanager
async def gke_world(folder: Path, spec: TwinSpec | None = None) -> AsyncIterator[GkeWorld]:
    state = _state(folder, spec or a_spec())
    pki.write(state.pki)
    actors = {}
    for cluster in state.spec.clusters:
        actors[cluster.name] = FakeActor(cluster.version)
        for pool in cluster.pools:
            actors[cluster.name].add_pool(pool.name, pool.zones, pool.nodes)
    emulator = Emulator(state, actors)
    await emulator.start()
    settings = GkeSettings(credentials_file=str(state.credentials_file), emulator=f"127.0.0.1:{state.ports['gke']}")
    world = GkeWorld(state, actors, emulator, connect(settings))
    try:
        yield world
    finally:
        await world.cloud.close()
        await world.emulator.stop()


def _state(folder: Path, spec: TwinSpec) -> TwinState:
    ports = dict(zip(("gke", "auth", "review"), _free_ports(3), strict=True))
    clusters = {cluster.name: ClusterPorts(endpoint=1, gateway=2) for cluster in spec.clusters}
    state = TwinState(spec=spec, folder=str(folder), ports=ports, clusters=clusters)
    state.save()
    return state


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
