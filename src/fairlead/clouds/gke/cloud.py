"""Fleets on GKE: the port's promises kept through the official client."""

from collections.abc import Sequence
from typing import Any

from google.cloud import container_v1 as gke

from fairlead.clouds.gke import reading
from fairlead.clouds.gke.errors import in_our_words
from fairlead.clouds.gke.link import GkeLink
from fairlead.clouds.port import (
    Already,
    CloudBusyError,
    CloudCluster,
    CloudRefusedError,
    CloudUnavailableError,
    Discovery,
    OfferedVersions,
    Operation,
    OperationKind,
    OperationRef,
    OperationState,
    SurgeSettings,
)
from fairlead.model.access import KubeAccess
from fairlead.model.cluster import ClusterRef, GkePlace
from fairlead.model.errors import UsageError
from fairlead.model.version import Version

# The client's own are 20 s with retries that outlive the caller, or none at all.
_READING_TAKES = 30.0
_STARTING_TAKES = 45.0


class GkeCloud:
    """
    `fairlead.clouds.port.Cloud` on GKE. Retries are the caller's.

    Twice asked is once done: an operation under way to the same effect is found and handed out, also when our record
    of it was lost in a crash. GKE does not tell which version a running upgrade goes to, so an upgrade of the same
    control plane or pool is taken to be it: when it is done the caller looks at the cluster again, as it must anyway,
    and asks again if the version is another one.
    """

    def __init__(self, link: GkeLink) -> None:
        self._link = link

    async def close(self) -> None:
        await self._link.close()

    async def discover(self, project: str) -> Discovery:
        request = gke.ListClustersRequest(parent=f"projects/{project}/locations/-")
        found = await self._read(f"list the clusters of `{project}`", "list_clusters", request)
        return Discovery(
            tuple(reading.cluster_of(project, cluster) for cluster in found.clusters), tuple(found.missing_zones)
        )

    async def cluster(self, cluster: ClusterRef) -> CloudCluster:
        return reading.cluster_of(_place(cluster).project, await self._cluster(cluster))

    async def offered_versions(self, cluster: ClusterRef) -> OfferedVersions:
        place = _place(cluster)
        request = gke.GetServerConfigRequest(name=f"projects/{place.project}/locations/{place.location}")
        return reading.offered_of(
            await self._read(f"read the versions offered in `{place.location}`", "get_server_config", request)
        )

    async def access(self, cluster: ClusterRef) -> KubeAccess:
        return reading.access_of(await self._cluster(cluster), await self._link.tokens())

    async def upgrade_control_plane(self, cluster: ClusterRef, to: Version) -> OperationRef | Already:
        # Operations first: one that ends between the two reads then shows in the second.
        if running := await self._under_way(cluster, OperationKind.UPGRADE_CONTROL_PLANE):
            return running
        current = await self._cluster(cluster)
        if Version(current.current_master_version) == to:
            return Already()
        request = gke.UpdateMasterRequest(name=_place(cluster).path, master_version=str(to))
        return await self._start(f"upgrade the control plane of {cluster} to {to}", "update_master", request, cluster)

    async def upgrade_pool(self, cluster: ClusterRef, pool: str, to: Version) -> OperationRef | Already:
        """Sends the image type along, which GKE would otherwise be free to choose anew."""
        if running := await self._under_way(cluster, OperationKind.UPGRADE_POOL, pool):
            return running
        current = await self._pool(cluster, pool)
        if Version(current.version) == to:
            return Already()
        request = gke.UpdateNodePoolRequest(
            name=_pool_path(cluster, pool), node_version=str(to), image_type=current.config.image_type
        )
        return await self._start(f"upgrade pool `{pool}` of {cluster} to {to}", "update_node_pool", request, cluster)

    async def set_surge(self, cluster: ClusterRef, pool: str, surge: SurgeSettings) -> OperationRef | Already:
        current = await self._pool(cluster, pool)
        before = reading.surge_of(current.upgrade_settings)
        if before.blue_green and not surge.original:
            return Already()
        wanted = reading.settings_of(surge, current.upgrade_settings)
        if wanted == current.upgrade_settings:
            return Already()
        # With the etag, as this writes back what was read before.
        request = gke.UpdateNodePoolRequest(name=_pool_path(cluster, pool), upgrade_settings=wanted, etag=current.etag)
        doing = f"set the surge of pool `{pool}` of {cluster}"
        return await self._start(doing, "update_node_pool", request, cluster)

    async def set_auto_repair(self, cluster: ClusterRef, pool: str, *, on: bool) -> OperationRef | Already:
        current = await self._pool(cluster, pool)
        if current.management.auto_repair == on:
            return Already()
        management = gke.NodeManagement(current.management)
        management.auto_repair = on
        request = gke.SetNodePoolManagementRequest(name=_pool_path(cluster, pool), management=management)
        doing = f"switch auto-repair of pool `{pool}` of {cluster} {'on' if on else 'off'}"
        return await self._start(doing, "set_node_pool_management", request, cluster)

    async def operation(self, operation: OperationRef) -> Operation:
        request = gke.GetOperationRequest(name=_operation_path(operation))
        found = await self._read(f"read operation `{operation.id}`", "get_operation", request)
        return reading.operation_of(operation.cluster, found)

    async def running_operations(self, cluster: ClusterRef) -> Sequence[Operation]:
        place = _place(cluster)
        request = gke.ListOperationsRequest(parent=f"projects/{place.project}/locations/{place.location}")
        found = await self._read(f"list the operations on {cluster}", "list_operations", request)
        if found.missing_zones:
            # Better not to know than to take a running upgrade for none and start it again.
            raise CloudUnavailableError(
                f"could not list the operations on {cluster}: {', '.join(found.missing_zones)} did not answer"
            )
        ours = [operation for operation in found.operations if reading.target_of(operation)[0] == place.cluster]
        operations = [reading.operation_of(cluster, operation) for operation in ours]
        return [operation for operation in operations if operation.state is not OperationState.DONE]

    async def cancel(self, operation: OperationRef) -> None:
        if (await self.operation(operation)).state in {OperationState.DONE, OperationState.ABORTING}:
            return
        request = gke.CancelOperationRequest(name=_operation_path(operation))
        await self._call(f"cancel operation `{operation.id}`", "cancel_operation", request, _STARTING_TAKES)

    async def roll_back_pool(self, cluster: ClusterRef, pool: str, *, respect_budgets: bool) -> OperationRef | Already:
        """A running roll of the pool is reported as busy: whether it goes forward or back cannot be told."""
        if running := await self._under_way(cluster, OperationKind.UPGRADE_POOL, pool):
            raise CloudBusyError(
                f"pool `{pool}` of {cluster} is being rolled by `{running.id}`",
                operation=running.id,
                hint="cancel that operation or wait for it, then look again",
            )
        request = gke.RollbackNodePoolUpgradeRequest(name=_pool_path(cluster, pool), respect_pdb=respect_budgets)
        return await self._start(
            f"roll pool `{pool}` of {cluster} back", "rollback_node_pool_upgrade", request, cluster
        )

    async def _cluster(self, cluster: ClusterRef) -> gke.Cluster:
        request = gke.GetClusterRequest(name=_place(cluster).path)
        found: gke.Cluster = await self._read(f"read cluster {cluster}", "get_cluster", request)
        return found

    async def _pool(self, cluster: ClusterRef, pool: str) -> gke.NodePool:
        for found in (await self._cluster(cluster)).node_pools:
            if found.name == pool:
                return found
        raise CloudRefusedError(f"there is no pool `{pool}` in {cluster}")

    async def _under_way(self, cluster: ClusterRef, kind: OperationKind, target: str = "") -> OperationRef | None:
        for operation in await self.running_operations(cluster):
            if (operation.kind, operation.target) == (kind, target):
                return operation.ref
        return None

    async def _start(self, doing: str, method: str, request: object, cluster: ClusterRef) -> OperationRef:
        operation: gke.Operation = await self._call(doing, method, request, _STARTING_TAKES)
        return OperationRef(operation.name, cluster, operation.location or _place(cluster).location)

    async def _read(self, doing: str, method: str, request: object) -> Any:
        return await self._call(doing, method, request, _READING_TAKES)

    async def _call(self, doing: str, method: str, request: object, timeout: float) -> Any:
        """One request, once: Temporal retries, so that every attempt is in the history."""
        client = await self._link.client()
        with in_our_words(doing):
            return await getattr(client, method)(request, timeout=timeout, retry=None)


def _place(cluster: ClusterRef) -> GkePlace:
    if cluster.gke is None:
        raise UsageError(f"cluster {cluster} is not on GKE", hint="give it a `gke:` place in the fleet file")
    return cluster.gke


def _pool_path(cluster: ClusterRef, pool: str) -> str:
    return f"{_place(cluster).path}/nodePools/{pool}"


def _operation_path(operation: OperationRef) -> str:
    return f"projects/{_place(operation.cluster).project}/locations/{operation.location}/operations/{operation.id}"
