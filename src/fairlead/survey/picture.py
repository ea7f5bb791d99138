"""Takes the picture of one cluster: the provider, the balancers and the cluster itself, asked at the same time."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from fairlead.clouds.port import Cloud, CloudCluster, CloudPool, OfferedVersions, Operation
from fairlead.fleet.file import FleetCluster
from fairlead.kube.errors import KubeRefusedError
from fairlead.kube.reader import KubeReader
from fairlead.model.errors import FairleadError
from fairlead.snapshot.cluster import ClusterSnapshot, Pool, RunningOperation
from fairlead.survey import lists
from fairlead.survey.traffic import traffic_of
from fairlead.traffic.port import Balancer

T = TypeVar("T")


async def take(
    cluster: FleetCluster,
    cloud: Cloud,
    kube: KubeReader,
    balancers: Mapping[str, Balancer],
    now: datetime,
    *,
    pods: bool = True,
) -> ClusterSnapshot:
    """
    A picture of the cluster, dated `now`.

    Raises what the cloud raises: without the provider's word there is no picture. Whatever else could not be read is
    left out and named in `missing`.
    """
    missing: list[str] = []
    ref = cluster.ref
    seen, offered, operations, traffic, inside = await asyncio.gather(
        cloud.cluster(ref),
        cloud.offered_versions(ref),
        cloud.running_operations(ref),
        _or_missing("traffic", traffic_of(cluster, balancers, now), missing),
        _or_missing("API server", _inside(kube, missing, pods=pods), missing),
    )
    picture = _outside(cluster, now, seen, offered, tuple(operations))
    if inside is not None:
        picture = _counted(msgspec.structs.replace(picture, **inside))
    return msgspec.structs.replace(picture, traffic=traffic, missing=tuple(missing))


def _counted(picture: ClusterSnapshot) -> ClusterSnapshot:
    """Pools with as many nodes as there are: GKE tells only the size a zone began with, whatever autoscaling did."""
    counted = Counter(node.pool for node in picture.nodes)
    pools = tuple(msgspec.structs.replace(pool, nodes=counted[pool.name]) for pool in picture.pools)
    return msgspec.structs.replace(picture, pools=pools)


async def _or_missing(what: str, work: Awaitable[T], missing: list[str]) -> T | None:
    try:
        return await work
    except FairleadError as error:
        missing.append(f"{what}: {error}")
        return None


async def _inside(kube: KubeReader, missing: list[str], *, pods: bool) -> dict[str, object]:
    """
    What the API server says, by the snapshot's field names: all that upgrades are judged by, or an error. Webhooks and
    APIs only warn and inform, so a server that will not show them is still believed in the rest.
    """
    # One after the other: a big cluster's lists at the same time would all be in memory at once.
    return {
        "control_plane": lists.version_of(await kube.version()),
        "nodes": await lists.nodes(kube),
        "workloads": await lists.workloads(kube),
        "budgets": await lists.budgets(kube),
        "webhooks": await _or_refused("webhooks", lists.webhooks(kube), missing) or (),
        "apis": await _or_refused("APIs", _served(kube, missing), missing) or frozenset(),
        "pods": await lists.pods(kube) if pods else (),
    }


async def _or_refused(what: str, work: Awaitable[T], missing: list[str]) -> T | None:
    try:
        return await work
    except KubeRefusedError as error:
        missing.append(f"{what}: {error}")
        return None


async def _served(kube: KubeReader, missing: list[str]) -> frozenset[str]:
    found = await kube.apis()
    missing += [f"APIs of {name}: the server behind it does not answer" for name in found.unread]
    return found.served


def _outside(
    cluster: FleetCluster,
    now: datetime,
    seen: CloudCluster,
    offered: OfferedVersions,
    operations: tuple[Operation, ...],
) -> ClusterSnapshot:
    return ClusterSnapshot(
        ref=cluster.ref,
        taken=now,
        provider_control_plane=seen.control_plane,
        control_plane=None,
        channel=seen.channel,
        state=seen.state,
        pools=tuple(_pool(pool) for pool in seen.pools),
        operations=tuple(RunningOperation(each.ref.id, each.kind, each.target, each.began) for each in operations),
        offered_control_plane=offered.control_plane,
        offered_nodes=offered.nodes,
        channel_defaults=offered.channel_defaults,
    )


def _pool(pool: CloudPool) -> Pool:
    return Pool(
        name=pool.name,
        version=pool.version,
        nodes=pool.nodes,
        zones=pool.zones,
        max_surge=pool.surge.max_surge,
        max_unavailable=pool.surge.max_unavailable,
        surge_original=pool.surge.original,
        blue_green=pool.surge.blue_green,
        auto_repair=pool.auto_repair,
        auto_upgrade=pool.auto_upgrade,
        state=pool.state,
    )
