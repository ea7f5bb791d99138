"""The order of things, as Temporal workflows: a run of the fleet, and the upgrade of one cluster."""

from fairlead.upgrade.workflow.cluster import UpgradeCluster
from fairlead.upgrade.workflow.fleet import UpgradeFleet

__all__ = ["UpgradeCluster", "UpgradeFleet"]
