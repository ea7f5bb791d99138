"""The one place where adapters meet ports: from a fleet's settings to a cloud, balancers and eyes on its clusters."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache

from fairlead.clouds.gke.connect import connect
from fairlead.clouds.port import Cloud
from fairlead.fleet.file import FleetBalancer, FleetCluster, GkeSettings
from fairlead.kube import kubeconfig
from fairlead.kube.connection import Connection
from fairlead.kube.errors import KubeUnavailableError
from fairlead.kube.reader import KubeReader
from fairlead.model.cluster import ClusterRef
from fairlead.snapshot.cluster import ClusterSnapshot, Node
from fairlead.survey import lists
from fairlead.survey.picture import take
from fairlead.traffic.haproxy.balancer import HaproxyBalancer
from fairlead.traffic.port import Balancer
from fairlead.upgrade.ports import Ports
from fairlead.upgrade.state import Access


@cache
def ports_of(access: Access) -> Ports:
    """The adapters of a fleet, made once for each way to reach one: connections are kept."""
    cloud, balancers = cloud_of(access.gke), balancers_of(access.balancers)
    return Ports(cloud, balancers, FleetEyes(cloud, balancers))


def cloud_of(settings: GkeSettings) -> Cloud:
    """The provider; nothing is opened before the first call."""
    return connect(settings)


def balancers_of(balancers: Iterable[FleetBalancer]) -> Mapping[str, Balancer]:
    """By their name in the fleet file."""
    return {balancer.name: HaproxyBalancer(balancer) for balancer in balancers}


async def kube_of(cluster: FleetCluster, cloud: Cloud) -> KubeReader:
    """The cluster's API server: by its kubeconfig where the fleet file names one, else as the provider says."""
    access = kubeconfig.access(cluster.kubeconfig) if cluster.kubeconfig else await cloud.access(cluster.ref)
    return KubeReader(Connection(cluster.name, access))


class FleetEyes:
    """Looks at clusters; connections are kept, because opening one costs more than asking."""

    def __init__(self, cloud: Cloud, balancers: Mapping[str, Balancer]) -> None:
        self._cloud = cloud
        self._balancers = balancers
        self._readers: dict[ClusterRef, KubeReader] = {}

    async def take(self, cluster: FleetCluster, *, pods: bool = True) -> ClusterSnapshot:
        """The whole picture; an API server that is away shows as `control_plane` None, not as an error."""
        kube = await self._reader(cluster)
        picture = await take(cluster, self._cloud, kube, self._balancers, datetime.now(UTC), pods=pods)
        if picture.control_plane is None:
            await self._forget(cluster)
        return picture

    async def nodes(self, cluster: FleetCluster) -> tuple[Node, ...]:
        """Only the nodes: what is looked at every few seconds."""
        try:
            return await lists.nodes(await self._reader(cluster))
        except KubeUnavailableError:
            await self._forget(cluster)
            raise

    async def ready(self, cluster: FleetCluster) -> bool:
        """What `/readyz` says."""
        return await (await self._reader(cluster)).ready()

    async def close(self) -> None:
        """Also the way to the cloud, which opens again when somebody asks."""
        await self._cloud.close()
        for reader in self._readers.values():
            await reader.close()
        self._readers.clear()

    async def _forget(self, cluster: FleetCluster) -> None:
        """The next look asks the provider again: address or CA of a silent API server may have changed."""
        if reader := self._readers.pop(cluster.ref, None):
            await reader.close()

    async def _reader(self, cluster: FleetCluster) -> KubeReader:
        if cluster.ref not in self._readers:
            self._readers[cluster.ref] = await kube_of(cluster, self._cloud)
        return self._readers[cluster.ref]
