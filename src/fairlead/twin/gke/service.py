"""The API's methods: checked as GKE checks, then answered from the books or begun at the desk."""

from typing import Any

import grpc
import msgspec
from google.cloud import container_v1 as gke
from google.protobuf import empty_pb2

from fairlead.model.version import Version
from fairlead.twin.gke import faults
from fairlead.twin.gke.books import Work
from fairlead.twin.gke.describe import operation_of
from fairlead.twin.gke.desk import Desk
from fairlead.twin.gke.errors import ApiError, invalid, not_found
from fairlead.twin.gke.place import Place, place_of

_AT_ONCE = 20


class ClusterManager:
    """google.container.v1.ClusterManager, as far as the twin has it; each method takes and returns API messages."""

    def __init__(self, project: str, desk: Desk) -> None:
        self._project = project
        self._desk = desk
        self._books = desk.books

    # Looking.

    def list_clusters(self, request: gke.ListClustersRequest) -> gke.ListClustersResponse:
        place = self._place(request)
        missing = self._missing_zones(place.location)
        clusters = [
            cluster
            for cluster in self._books.clusters.values()
            if place.location in {"-", cluster.location} and cluster.location not in missing
        ]
        return gke.ListClustersResponse(clusters=clusters, missing_zones=missing)

    def get_cluster(self, request: gke.GetClusterRequest) -> gke.Cluster:
        cluster: gke.Cluster = self._cluster(self._place(request))
        return cluster

    def get_server_config(self, request: gke.GetServerConfigRequest) -> gke.ServerConfig:
        self._place(request)
        return self._desk.catalogue.server_config()

    def get_operation(self, request: gke.GetOperationRequest) -> gke.Operation:
        return operation_of(self._project, self._work(self._place(request)))

    def list_operations(self, request: gke.ListOperationsRequest) -> gke.ListOperationsResponse:
        place = self._place(request)
        missing = self._missing_zones(place.location)
        works = [
            work
            for work in self._books.works.values()
            if place.location in {"-", work.location} and work.location not in missing
        ]
        return gke.ListOperationsResponse(
            operations=[operation_of(self._project, work) for work in works], missing_zones=missing
        )

    # Changing.

    def update_master(self, request: gke.UpdateMasterRequest) -> gke.Operation:
        place = self._place(request)
        cluster = self._cluster(place)
        version = self._desk.catalogue.for_master(request.master_version, Version(cluster.current_master_version))
        return self._begin("UPGRADE_MASTER", place, version=str(version))

    def update_node_pool(self, request: gke.UpdateNodePoolRequest) -> gke.Operation:
        place = self._place(request)
        pool = self._pool(place)
        _check_etag(request.etag, pool.etag)
        changes = _pool_changes(request)
        if not request.node_version:
            if not changes:
                raise invalid("Request must change something.")
            return self._begin("UPDATE_CLUSTER", place, changes=changes)
        master = Version(self._cluster(place).current_master_version)
        version = self._desk.catalogue.for_nodes(request.node_version, master)
        if changes:
            raise invalid("Upgrade settings cannot be changed together with the version.")
        return self._begin("UPGRADE_NODES", place, version=str(version))

    def set_node_pool_management(self, request: gke.SetNodePoolManagementRequest) -> gke.Operation:
        place = self._place(request)
        self._pool(place)
        management = gke.NodeManagement.to_json(request.management, indent=None)
        return self._begin("SET_NODE_POOL_MANAGEMENT", place, changes={"management": _plain(management)})

    def rollback_node_pool_upgrade(self, request: gke.RollbackNodePoolUpgradeRequest) -> gke.Operation:
        """Back to the version the pool had; ends at once where its last roll succeeded."""
        place = self._place(request)
        pool = self._pool(place)
        return self._begin(
            "UPGRADE_NODES", place, version=pool.version, respect_budgets=request.respect_pdb, roll_back=True
        )

    def create_node_pool(self, request: gke.CreateNodePoolRequest) -> gke.Operation:
        place = self._place(request)
        cluster: Any = self._cluster(place)
        pool: Any = gke.NodePool(request.node_pool)
        if any(other.name == pool.name for other in cluster.node_pools):
            raise ApiError(grpc.StatusCode.ALREADY_EXISTS, f"Already exists: {place.path}/nodePools/{pool.name}.")
        master = Version(cluster.current_master_version)
        pool.version = str(self._desk.catalogue.for_nodes(pool.version or "-", master))
        pool.locations = list(pool.locations) or list(cluster.locations)
        pool.status = gke.NodePool.Status.PROVISIONING
        if "upgrade_settings" not in pool:
            pool.upgrade_settings = gke.NodePool.UpgradeSettings(max_surge=1)
        work = self._desk.begin("CREATE_NODE_POOL", place.cluster, pool=pool.name)
        cluster.node_pools.append(pool)
        self._books.notes_of(place.cluster, pool.name).kind = pool.config.labels.get("fairlead.dev/pool-kind", "app")
        self._books.touch(place.cluster, pool.name)
        self._books.save()
        return operation_of(self._project, work)

    def delete_node_pool(self, request: gke.DeleteNodePoolRequest) -> gke.Operation:
        place = self._place(request)
        self._pool(place)
        return self._begin("DELETE_NODE_POOL", place)

    def set_node_pool_size(self, request: gke.SetNodePoolSizeRequest) -> gke.Operation:
        """`node_count` is per zone."""
        place = self._place(request)
        zones = self._pool(place).locations
        return self._begin("SET_NODE_POOL_SIZE", place, zone_sizes=dict.fromkeys(zones, request.node_count))

    def set_maintenance_policy(self, request: gke.SetMaintenancePolicyRequest) -> gke.Operation:
        place = self._place(request)
        held = self._cluster(place).maintenance_policy
        if request.maintenance_policy.resource_version != held.resource_version:
            raise ApiError(grpc.StatusCode.ABORTED, "Maintenance policy was changed: resource version does not match.")
        policy = gke.MaintenancePolicy(request.maintenance_policy)
        policy.resource_version = f"{self._books.next_serial():08x}"
        plain = _plain(gke.MaintenancePolicy.to_json(policy, always_print_fields_with_no_presence=False))
        return self._begin("SET_MAINTENANCE_POLICY", place, changes={"maintenance_policy": plain})

    def cancel_operation(self, request: gke.CancelOperationRequest) -> empty_pb2.Empty:
        work = self._work(self._place(request))
        if work.type not in {"UPGRADE_NODES", "AUTO_REPAIR_NODES"}:
            raise ApiError(grpc.StatusCode.FAILED_PRECONDITION, f"Operation {work.id} cannot be cancelled.")
        if not work.running:
            raise ApiError(grpc.StatusCode.FAILED_PRECONDITION, f"Operation {work.id} is already done.")
        work.status = "ABORTING"
        self._books.save()
        return empty_pb2.Empty()

    def _begin(self, kind: str, place: Place, **details: Any) -> gke.Operation:
        return operation_of(self._project, self._desk.begin(kind, place.cluster, pool=place.pool, **details))

    def _place(self, request: object) -> Place:
        place = place_of(request)
        if place.project != self._project:
            raise ApiError(
                grpc.StatusCode.PERMISSION_DENIED,
                f"Permission denied on resource project {place.project} (or it may not exist).",
            )
        return place

    def _cluster(self, place: Place) -> Any:
        cluster = self._books.clusters.get(place.cluster)
        if cluster is None or place.location not in {"-", cluster.location}:
            raise not_found(place.path)
        return cluster

    def _pool(self, place: Place) -> Any:
        for pool in self._cluster(place).node_pools:
            if pool.name == place.pool:
                return pool
        raise not_found(place.path)

    def _work(self, place: Place) -> Work:
        work = self._books.works.get(place.operation)
        if work is None or place.location not in {"-", work.location}:
            raise not_found(place.path)
        return work

    def _missing_zones(self, location: str) -> list[str]:
        held = [fault.zone for fault in faults.faults(self._desk.folder) if isinstance(fault, faults.MissingZone)]
        return sorted({zone for zone in held if location in {"-", zone}})


def _check_etag(sent: str, current: str) -> None:
    if sent and sent != current:
        raise ApiError(grpc.StatusCode.ABORTED, "The node pool was changed meanwhile: etag does not match.")


def _pool_changes(request: gke.UpdateNodePoolRequest) -> dict[str, Any]:
    """The settings a request changes, as JSON by the pool's field."""
    changes = {}
    if "upgrade_settings" in request:
        _check_settings(request.upgrade_settings)
        changes["upgrade_settings"] = _plain(
            gke.NodePool.UpgradeSettings.to_json(request.upgrade_settings, always_print_fields_with_no_presence=False)
        )
    if "node_drain_config" in request:
        changes["node_drain_config"] = _plain(gke.NodePool.NodeDrainConfig.to_json(request.node_drain_config))
    return changes


def _check_settings(settings: gke.NodePool.UpgradeSettings) -> None:
    if settings.strategy == gke.NodePoolUpdateStrategy.BLUE_GREEN:
        return
    at_once = settings.max_surge + settings.max_unavailable
    if at_once == 0:
        raise invalid("Upgrade settings max_surge and max_unavailable cannot both be 0.")
    if at_once > _AT_ONCE:
        raise invalid(f"The maximum number of nodes upgraded simultaneously is limited to {_AT_ONCE}.")


def _plain(text: str) -> Any:
    return msgspec.json.decode(text)
