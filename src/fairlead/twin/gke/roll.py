"""Rolling a pool by surge, zone after zone, from what the cluster shows: so it can be taken up again at any point."""

from collections.abc import Sequence

from google.cloud import container_v1 as gke
from google.rpc import code_pb2

from fairlead.model.version import Version
from fairlead.twin.gke import faults, nodes
from fairlead.twin.gke.actor import Node
from fairlead.twin.gke.books import Work
from fairlead.twin.gke.desk import Desk
from fairlead.twin.gke.errors import OperationCancelledError, OperationFailedError
from fairlead.twin.gke.sizes import count_done, zone_sizes


async def surge(desk: Desk, work: Work) -> None:
    """Bring every node to `work.version`; never more nodes than the pool's size and its surge."""
    try:
        for zone, size in (await zone_sizes(desk, work)).items():
            while await _step(desk, work, zone, size):
                pass
    except (OperationCancelledError, OperationFailedError):
        await _settle(desk, work)
        raise


async def _step(desk: Desk, work: Work, zone: str, size: int) -> bool:
    """Add what the surge allows, then take as many old nodes away; False when nothing is left to do."""
    await desk.checkpoint(work)
    version = Version(work.version)
    settings = desk.books.pool(work.cluster, work.pool).upgrade_settings
    present = await nodes.in_zone(desk, work, zone)
    old = [node for node in present if node.version != version]
    extra = _extra(desk, work, settings, len(old))
    missing = min(size + extra - len(present), size - (len(present) - len(old)))
    if missing > 0:
        await nodes.make(desk, work, zone, version, missing)
    await nodes.wait_ready(desk, work, zone, version)
    await count_done(desk, work)
    if not old:
        return False
    at_once = extra + settings.max_unavailable
    # Those already cordoned were on their way out when we were interrupted.
    await nodes.remove(desk, work, sorted(old, key=lambda node: not node.cordoned)[:at_once])
    await count_done(desk, work)
    return True


def _extra(desk: Desk, work: Work, settings: gke.NodePool.UpgradeSettings, old: int) -> int:
    """The surge that can be had now; out of stock, GKE goes on with less, and ends with an error when it is nothing."""
    wanted = min(settings.max_surge, old)
    for fault in faults.faults(desk.folder):
        if isinstance(fault, faults.StockOut) and (fault.cluster, fault.pool) == (work.cluster, work.pool):
            wanted = min(wanted, fault.available)
    if old and wanted + settings.max_unavailable == 0:
        raise OperationFailedError(
            code_pb2.RESOURCE_EXHAUSTED,
            "ZONE_RESOURCE_POOL_EXHAUSTED: The zone does not have enough resources available to fulfill the request.",
        )
    return wanted


async def _settle(desk: Desk, work: Work) -> None:
    """
    Leave a pool of its size, of mixed versions and fit for pods: nodes whose upgrade had begun complete it
    (https://cloud.google.com/kubernetes-engine/docs/how-to/upgrading-a-cluster, cancelling a node pool upgrade).
    """
    for zone, size in work.zone_sizes.items():
        present = await nodes.in_zone(desk, work, zone)
        surplus = _surplus(present, len(present) - size, Version(work.version))
        for node in present:
            if node.cordoned and node not in surplus:
                await desk.actors[work.cluster].cordon(node.name, on=False)
        await nodes.remove(desk, work, surplus, may_cancel=False)


def _surplus(present: Sequence[Node], count: int, version: Version) -> list[Node]:
    """Machines that never came up, then old ones on their way out, then new ones."""
    failed = [node for node in present if not node.ready and node.version == version]
    leaving = [node for node in present if node.cordoned and node.version != version]
    new = [node for node in present if node.ready and node.version == version]
    return [*failed, *leaving, *new][: max(count, 0)]
