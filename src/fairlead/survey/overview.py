"""A line per cluster of a fleet, and what could not be found out; no cluster's trouble hides another."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import msgspec

from fairlead.fleet.file import FleetCluster
from fairlead.model.errors import FairleadError
from fairlead.model.version import Version
from fairlead.snapshot.cluster import ClusterSnapshot

# Each cluster is asked for several lists at once; more side by side would only wait for each other.
_AT_ONCE = 16


class Looking(Protocol):
    """Takes the picture of one cluster; FairleadError where there is none to be had."""

    async def take(self, cluster: FleetCluster, *, pods: bool = True) -> ClusterSnapshot: ...


class PoolLine(msgspec.Struct, frozen=True):
    """`nodes` as the provider was asked for, `ready` as the cluster counts them."""

    name: str
    version: Version
    nodes: int
    ready: int


class ClusterLine(msgspec.Struct, frozen=True):
    """
    One cluster. `place` is the provider's full name of it. `control_plane` is its own word, or the provider's where it
    is silent; None where nobody answered. `rate`: requests a second, None where no balancer carries it or tells.
    `missing`: what could not be read, and why.
    """

    name: str
    place: str
    location: str
    environment: str = ""
    control_plane: Version | None = None
    channel: str = ""
    state: str = ""
    pools: tuple[PoolLine, ...] = ()
    nodes: int | None = None
    nodes_ready: int | None = None
    rate: float | None = None
    in_balancer: bool | None = None
    missing: tuple[str, ...] = ()


class Overview(msgspec.Struct, frozen=True):
    """The clusters of a fleet in the file's order; `complete` when nothing is missing anywhere."""

    fleet: str
    clusters: tuple[ClusterLine, ...]
    complete: bool


async def overview(fleet: str, clusters: Iterable[FleetCluster], eyes: Looking) -> Overview:
    """Look at all of them, side by side."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def line(cluster: FleetCluster) -> ClusterLine:
        async with turns:
            return await _line(cluster, eyes)

    lines = tuple(await asyncio.gather(*(line(cluster) for cluster in clusters)))
    return Overview(fleet, lines, complete=not any(each.missing for each in lines))


def line_of(cluster: FleetCluster, snapshot: ClusterSnapshot) -> ClusterLine:
    """What a picture says in one line."""
    answered = snapshot.control_plane is not None
    traffic = snapshot.traffic
    return ClusterLine(
        name=cluster.name,
        place=cluster.gke.path,
        location=cluster.gke.location,
        environment=cluster.environment,
        control_plane=snapshot.control_plane or snapshot.provider_control_plane,
        channel=snapshot.channel,
        state=snapshot.state,
        pools=tuple(_pool(snapshot, pool.name) for pool in snapshot.pools),
        nodes=len(snapshot.nodes) if answered else sum(pool.nodes for pool in snapshot.pools),
        nodes_ready=sum(node.ready for node in snapshot.nodes) if answered else None,
        rate=traffic.rate if traffic else None,
        in_balancer=traffic.in_balancer if traffic else None,
        missing=snapshot.missing,
    )


def _pool(snapshot: ClusterSnapshot, name: str) -> PoolLine:
    pool = snapshot.pool(name)
    return PoolLine(name, pool.version, pool.nodes, sum(node.ready for node in snapshot.nodes_of(name)))


async def _line(cluster: FleetCluster, eyes: Looking) -> ClusterLine:
    try:
        return line_of(cluster, await eyes.take(cluster, pods=False))
    except FairleadError as error:
        place = cluster.gke
        return ClusterLine(
            cluster.name, place.path, place.location, cluster.environment, missing=(f"provider: {error}",)
        )
