"""What each type of operation does to its cluster; every job may be begun again after a restart."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from google.cloud import container_v1 as gke
from google.rpc import code_pb2

from fairlead.model.errors import FairleadError
from fairlead.model.version import Version
from fairlead.twin.gke import nodes
from fairlead.twin.gke.blue_green import blue_green, is_blue_green, is_doubled, roll_back
from fairlead.twin.gke.books import Work
from fairlead.twin.gke.desk import Desk, Job
from fairlead.twin.gke.errors import OperationFailedError
from fairlead.twin.gke.roll import surge

# Lengths in GKE's seconds, around what really happens.
_MASTER_BEFORE = 120.0
_MASTER_AFTER = 30.0
_SETTINGS = 20.0
_ROLL_BEFORE = 20.0


async def upgrade_master(desk: Desk, work: Work) -> None:
    await _take(desk, work, "before", _MASTER_BEFORE)
    work.phase = "UPGRADING"
    try:
        await desk.actors[work.cluster].set_control_plane(Version(work.version))
    except FairleadError as error:
        raise OperationFailedError(code_pb2.INTERNAL, f"Master upgrade failed: {error}") from error
    await _take(desk, work, "after", _MASTER_AFTER)
    desk.books.clusters[work.cluster].current_master_version = work.version


async def upgrade_nodes(desk: Desk, work: Work) -> None:
    """By surge or blue/green, forward or back; the pool's version changes when its last node has."""
    if work.hold_seconds:
        return await _hold(desk, work)
    pool, notes = desk.books.pool(work.cluster, work.pool), desk.books.notes_of(work.cluster, work.pool)
    notes.unfinished = "" if work.roll_back else work.version
    await _take(desk, work, "before", _ROLL_BEFORE)
    if work.roll_back and is_doubled(pool):
        await roll_back(desk, work)
    elif is_blue_green(pool):
        await blue_green(desk, work)
    else:
        await surge(desk, work)
    pool.version, notes.unfinished = work.version, ""
    desk.books.touch(work.cluster, work.pool)
    return None


async def change_settings(desk: Desk, work: Work) -> None:
    """Write `changes` into the pool, or into the cluster where no pool is named."""
    await _take(desk, work, "settings", _SETTINGS)
    cluster = desk.books.clusters[work.cluster]
    target = desk.books.pool(work.cluster, work.pool) if work.pool else cluster
    for name, plain in work.changes.items():
        setattr(target, name, _MESSAGES[name].from_json(msgspec.json.encode(plain).decode()))
    desk.books.touch(work.cluster, work.pool)


async def create_pool(desk: Desk, work: Work) -> None:
    """The pool is on the books since the call; here it gets its machines."""
    pool = desk.books.pool(work.cluster, work.pool)
    await _fit(desk, work, dict.fromkeys(pool.locations, pool.initial_node_count))


async def delete_pool(desk: Desk, work: Work) -> None:
    present = await desk.actors[work.cluster].nodes(work.pool)
    await nodes.remove(desk, work, present, may_cancel=False)
    cluster = desk.books.clusters[work.cluster]
    cluster.node_pools = [pool for pool in cluster.node_pools if pool.name != work.pool]


async def resize_pool(desk: Desk, work: Work) -> None:
    await _fit(desk, work, work.zone_sizes)
    desk.books.pool(work.cluster, work.pool).initial_node_count = max(work.zone_sizes.values(), default=0)


async def repair_nodes(desk: Desk, work: Work) -> None:
    """Drain the broken nodes of a zone and make them anew, on the version their pool has."""
    if work.hold_seconds:
        return await _hold(desk, work)
    version = Version(desk.books.pool(work.cluster, work.pool).version)
    for zone in work.zone_sizes:
        for name in work.nodes:
            await desk.checkpoint(work)
            present = await nodes.in_zone(desk, work, zone)
            await nodes.remove(desk, work, [node for node in present if node.name == name and not node.ready])
            await nodes.make_again(desk, work, zone, version, name)
    return None


async def hold(desk: Desk, work: Work) -> None:
    await _hold(desk, work)


async def _hold(desk: Desk, work: Work) -> None:
    """Keep the cluster for some of this machine's seconds, as an operation of Google's would."""
    limit = work.deadlines.setdefault("hold", desk.clock.deadline(0) + work.hold_seconds)
    while not desk.clock.passed(limit):
        await desk.checkpoint(work)
        await asyncio.sleep(min(0.2, work.hold_seconds))


async def _fit(desk: Desk, work: Work, sizes: Mapping[str, int]) -> None:
    version = Version(desk.books.pool(work.cluster, work.pool).version)
    for zone, size in sizes.items():
        present = await nodes.in_zone(desk, work, zone)
        if len(present) < size:
            await nodes.make(desk, work, zone, version, size - len(present))
        await nodes.wait_ready(desk, work, zone, version)
        await nodes.remove(desk, work, present[size:])


async def _take(desk: Desk, work: Work, name: str, gke_seconds: float) -> None:
    """Let GKE's time pass, once: a job begun again does not wait again."""
    limit = work.deadlines.setdefault(name, desk.clock.deadline(gke_seconds))
    desk.books.save()
    await desk.checkpoint(work)
    while not desk.clock.passed(limit):
        await desk.clock.poll()
        await desk.checkpoint(work)


_MESSAGES: dict[str, Any] = {
    "upgrade_settings": gke.NodePool.UpgradeSettings,
    "node_drain_config": gke.NodePool.NodeDrainConfig,
    "management": gke.NodeManagement,
    "maintenance_policy": gke.MaintenancePolicy,
}

JOBS: dict[str, Job] = {
    "UPGRADE_MASTER": upgrade_master,
    "UPGRADE_NODES": upgrade_nodes,
    "UPDATE_CLUSTER": change_settings,
    "SET_NODE_POOL_MANAGEMENT": change_settings,
    "SET_MAINTENANCE_POLICY": change_settings,
    "CREATE_NODE_POOL": create_pool,
    "DELETE_NODE_POOL": delete_pool,
    "SET_NODE_POOL_SIZE": resize_pool,
    "AUTO_REPAIR_NODES": repair_nodes,
    "REPAIR_CLUSTER": hold,
    "RESIZE_CLUSTER": hold,
}
