"""What an upgrade needs from outside, bundled: the cloud, the balancers, and eyes on the clusters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fairlead.clouds.port import Cloud
from fairlead.fleet.file import FleetCluster
from fairlead.snapshot.cluster import ClusterSnapshot, Node
from fairlead.traffic.port import Balancer
from fairlead.upgrade.state import Access


class Eyes(Protocol):
    """Looks at a cluster itself. Raises UnreachableError where somebody did not answer."""

    async def take(self, cluster: FleetCluster) -> ClusterSnapshot:
        """The whole picture; an API server that is away shows as `control_plane` None, not as an error."""
        ...

    async def nodes(self, cluster: FleetCluster) -> tuple[Node, ...]:
        """Only the nodes: what is looked at every few seconds."""
        ...

    async def ready(self, cluster: FleetCluster) -> bool:
        """What `/readyz` says."""
        ...


@dataclass(frozen=True)
class Ports:
    """The adapters of one fleet; `balancers` by their name in the fleet file."""

    cloud: Cloud
    balancers: Mapping[str, Balancer]
    eyes: Eyes


PortsOf = Callable[[Access], Ports]
