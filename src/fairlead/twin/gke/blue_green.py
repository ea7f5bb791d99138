"""Rolling a pool by doubling it: green nodes beside the blue ones, a soak with both, then the blue ones go."""

import math
from typing import Any

from google.cloud import container_v1 as gke

from fairlead.model.version import Version
from fairlead.twin.gke import nodes
from fairlead.twin.gke.actor import Node
from fairlead.twin.gke.books import Work
from fairlead.twin.gke.desk import Desk
from fairlead.twin.gke.drain import drain
from fairlead.twin.gke.sizes import count_done, zone_sizes

_Phase = gke.NodePool.UpdateInfo.BlueGreenInfo.Phase
# https://cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies: an hour unless set.
_SOAK = 3600.0


async def blue_green(desk: Desk, work: Work) -> None:
    """Through all phases to `work.version`; cancelled or failed, the pool stays doubled until it is rolled back."""
    sizes = await zone_sizes(desk, work)
    _show(desk, work, _Phase.CREATING_GREEN_POOL)
    for zone, size in sizes.items():
        await _make_green(desk, work, zone, size)
    blue = await _blue(desk, work)
    _show(desk, work, _Phase.CORDONING_BLUE_POOL)
    for node in blue:
        await desk.actors[work.cluster].cordon(node.name, on=True)
    _show(desk, work, _Phase.DRAINING_BLUE_POOL)
    await _drain_in_batches(desk, work, blue)
    _show(desk, work, _Phase.NODE_POOL_SOAKING)
    await _soak(desk, work)
    _show(desk, work, _Phase.DELETING_BLUE_POOL)
    await nodes.remove(desk, work, blue, may_cancel=False)
    await count_done(desk, work)
    _hide(desk, work)


async def roll_back(desk: Desk, work: Work) -> None:
    """Take the blue nodes up again and the green ones away."""
    _show(desk, work, _Phase.ROLLBACK_STARTED)
    present = await desk.actors[work.cluster].nodes(work.pool)
    version = Version(work.version)
    for node in present:
        if node.version == version:
            await desk.actors[work.cluster].cordon(node.name, on=False)
    await nodes.remove(desk, work, [node for node in present if node.version != version], may_cancel=False)
    work.nodes_total = len([node for node in present if node.version == version])
    await count_done(desk, work)
    _hide(desk, work)


def is_blue_green(pool: gke.NodePool) -> bool:
    return bool(pool.upgrade_settings.strategy == gke.NodePoolUpdateStrategy.BLUE_GREEN)


def is_doubled(pool: gke.NodePool) -> bool:
    return bool(pool.update_info.blue_green_info.phase)


async def _make_green(desk: Desk, work: Work, zone: str, size: int) -> None:
    await desk.checkpoint(work)
    version = Version(work.version)
    green = [node for node in await nodes.in_zone(desk, work, zone) if node.version == version]
    blue_left = len(await nodes.in_zone(desk, work, zone)) - len(green)
    if len(green) < size and blue_left:
        await nodes.make(desk, work, zone, version, size - len(green))
    await nodes.wait_ready(desk, work, zone, version)


async def _blue(desk: Desk, work: Work) -> list[Node]:
    present = await desk.actors[work.cluster].nodes(work.pool)
    return [node for node in present if node.version != Version(work.version)]


async def _drain_in_batches(desk: Desk, work: Work, blue: list[Node]) -> None:
    policy = desk.books.pool(work.cluster, work.pool).upgrade_settings.blue_green_settings.standard_rollout_policy
    size = policy.batch_node_count or math.ceil(policy.batch_percentage * len(blue)) or 1
    for start in range(0, len(blue), size):
        for node in blue[start : start + size]:
            await drain(desk, work, node.name)
        await count_done(desk, work)
        await _wait(desk, work, f"batch/{start}", policy.batch_soak_duration.total_seconds())


async def _soak(desk: Desk, work: Work) -> None:
    settings = desk.books.pool(work.cluster, work.pool).upgrade_settings.blue_green_settings
    given = settings.node_pool_soak_duration
    await _wait(desk, work, "soak", given.total_seconds() if given else _SOAK)


async def _wait(desk: Desk, work: Work, name: str, gke_seconds: float) -> None:
    limit = work.deadlines.setdefault(name, desk.clock.deadline(gke_seconds))
    while not desk.clock.passed(limit):
        await desk.checkpoint(work)
        await desk.clock.poll()


def _show(desk: Desk, work: Work, phase: Any) -> None:
    info = desk.books.pool(work.cluster, work.pool).update_info.blue_green_info
    info.phase, work.phase = phase, phase.name
    if phase != _Phase.ROLLBACK_STARTED:
        info.green_pool_version = work.version
    desk.books.save()


def _hide(desk: Desk, work: Work) -> None:
    desk.books.pool(work.cluster, work.pool).update_info = gke.NodePool.UpdateInfo()
    desk.books.save()
