"""Making and removing the machines of a pool, with the faults that were asked for."""

import asyncio
import secrets
from collections.abc import Sequence

import msgspec
from google.rpc import code_pb2

from fairlead.model.version import Version
from fairlead.twin.gke import faults
from fairlead.twin.gke.actor import Node, NodeSpec
from fairlead.twin.gke.books import Work
from fairlead.twin.gke.desk import Desk
from fairlead.twin.gke.drain import drain
from fairlead.twin.gke.errors import OperationFailedError

_BOOT = 20.0
_TEAR_DOWN = 10.0
# A machine that has not registered by then counts as failed.
_READY_WITHIN = 900.0


async def in_zone(desk: Desk, work: Work, zone: str) -> list[Node]:
    return [node for node in await desk.actors[work.cluster].nodes(work.pool) if node.zone == zone]


async def make(desk: Desk, work: Work, zone: str, version: Version, count: int) -> None:
    """Start `count` machines at once; they register when they have booted."""
    await desk.clock.sleep(_BOOT)
    for _ in range(count):
        await desk.actors[work.cluster].create_node(_spec(desk, work, zone, version))


async def make_again(desk: Desk, work: Work, zone: str, version: Version, name: str) -> None:
    """A machine of the same name, as GKE's repair makes it."""
    await desk.clock.sleep(_BOOT)
    spec = _spec(desk, work, zone, version)
    await desk.actors[work.cluster].create_node(msgspec.structs.replace(spec, name=name))


async def wait_ready(desk: Desk, work: Work, zone: str, version: Version) -> None:
    """Until every node of that version in the zone is Ready; OperationFailedError when one takes too long."""
    while True:
        late = [n for n in await in_zone(desk, work, zone) if n.version == version and not n.ready]
        if not late:
            return
        await desk.checkpoint(work)
        for node in late:
            limit = work.deadlines.setdefault(f"ready/{node.name}", desk.clock.deadline(_READY_WITHIN))
            if desk.clock.passed(limit):
                raise OperationFailedError(
                    code_pb2.DEADLINE_EXCEEDED, f"Timed out waiting for node {node.name} to register and become ready."
                )
        await desk.clock.poll()


async def remove(desk: Desk, work: Work, nodes: Sequence[Node], *, may_cancel: bool = True) -> None:
    """Cordon them all first, so that no pod moves from one to the next; then drain and delete them side by side."""
    actor = desk.actors[work.cluster]
    for node in nodes:
        await actor.cordon(node.name, on=True)
    try:
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(_remove_one(desk, work, node.name, may_cancel=may_cancel))
    except ExceptionGroup as several:
        # An operation ends with what the first node met.
        raise several.exceptions[0] from several


async def _remove_one(desk: Desk, work: Work, node: str, *, may_cancel: bool) -> None:
    await drain(desk, work, node, may_cancel=may_cancel)
    await desk.clock.sleep(_TEAR_DOWN)
    await desk.actors[work.cluster].delete_node(node)


def _spec(desk: Desk, work: Work, zone: str, version: Version) -> NodeSpec:
    fault = faults.take(
        desk.folder, faults.NeverReady, lambda fault: (fault.cluster, fault.pool) == (work.cluster, work.pool)
    )
    return NodeSpec(
        name=f"gke-{work.cluster}-{work.pool}-{secrets.token_hex(4)}-{secrets.token_hex(2)}",
        pool=work.pool,
        kind=desk.books.notes_of(work.cluster, work.pool).kind,
        zone=zone,
        version=version,
        never_ready=fault is not None,
    )
