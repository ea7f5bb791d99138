"""How many machines a roll began with, and how many of them are done."""

from fairlead.model.version import Version
from fairlead.twin.gke.books import Work
from fairlead.twin.gke.desk import Desk


async def zone_sizes(desk: Desk, work: Work) -> dict[str, int]:
    """Per zone, as it was when the roll began; remembered, so that a restart does not take the surge for the size."""
    if not work.zone_sizes:
        present = await desk.actors[work.cluster].nodes(work.pool)
        zones = sorted({node.zone for node in present})
        work.zone_sizes = {zone: sum(node.zone == zone for node in present) for zone in zones}
        work.nodes_total = len(present)
        desk.books.save()
    return work.zone_sizes


async def count_done(desk: Desk, work: Work) -> None:
    """Old nodes that are gone and have a Ready successor, into the operation's progress."""
    present = await desk.actors[work.cluster].nodes(work.pool)
    new = [node for node in present if node.version == Version(work.version)]
    gone = work.nodes_total - (len(present) - len(new))
    work.nodes_done = max(min(gone, sum(node.ready for node in new)), 0)
    desk.books.save()
