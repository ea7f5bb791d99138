"""Workflow ids: they are the leases, so they name the place and not what somebody calls it."""

from fairlead.fleet.file import GkeSettings
from fairlead.upgrade.state import ClusterOrder


def fleet_workflow(fleet: str, gke: GkeSettings) -> str:
    """One run at a time for each fleet; two twins may carry the same fleet's name."""
    return f"upgrade-fleet/{_world(gke)}{fleet}"


def cluster_workflow(order: ClusterOrder) -> str:
    """One run at a time for each cluster, whatever it is called in whichever fleet file."""
    return f"upgrade-cluster/{_world(order.access.gke)}{order.cluster.gke.path}"


def _world(gke: GkeSettings) -> str:
    return f"{gke.emulator}/" if gke.emulator else ""
