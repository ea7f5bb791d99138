"""Emptying a node as GKE does: by eviction while budgets refuse for up to an hour, then by force, and never failing."""

from fairlead.twin.gke.actor import Eviction, Pod
from fairlead.twin.gke.books import Work
from fairlead.twin.gke.desk import Desk

# https://cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies: PDBs are honoured for an hour.
_BUDGETS_HOLD = 3600.0
# How long pods that were told to go are waited for before the machine is taken from under them.
_GRACE = 600.0


async def drain(desk: Desk, work: Work, node: str, *, may_cancel: bool = True) -> None:
    """Returns when no pod is left but those that go with the node, or when the last deadline has passed."""
    deadline = _deadline(desk, work, f"budgets/{node}", _drain_seconds(desk, work))
    last = _deadline(desk, work, f"gone/{node}", _drain_seconds(desk, work) + _GRACE)
    while not desk.clock.passed(last):
        if may_cancel:
            await desk.checkpoint(work)
        pods = await desk.actors[work.cluster].pods(node)
        if not pods:
            return
        force = desk.clock.passed(deadline) or not work.respect_budgets
        for pod in pods:
            if not pod.leaving:
                await _send_away(desk, work, pod, force=force)
        await desk.clock.poll()


async def _send_away(desk: Desk, work: Work, pod: Pod, *, force: bool) -> None:
    actor = desk.actors[work.cluster]
    if force:
        work.pods_forced += 1
        await actor.delete_pod(pod)
    elif await actor.evict(pod) is Eviction.REFUSED:
        work.evictions_refused += 1


def _drain_seconds(desk: Desk, work: Work) -> float:
    limit = desk.books.pool(work.cluster, work.pool).node_drain_config.pdb_timeout_duration
    return float(limit.total_seconds()) if limit else _BUDGETS_HOLD


def _deadline(desk: Desk, work: Work, name: str, gke_seconds: float) -> float:
    """Set once and kept on disk: a restart does not give budgets a second hour."""
    if name not in work.deadlines:
        work.deadlines[name] = desk.clock.deadline(gke_seconds)
        desk.books.save()
    return work.deadlines[name]
