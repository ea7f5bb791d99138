"""What GKE's messages mean in our nouns."""

import base64
import re

from google.cloud import container_v1 as gke

from fairlead.clouds.port import (
    CloudCluster,
    CloudPool,
    OfferedVersions,
    Operation,
    OperationKind,
    OperationRef,
    OperationState,
    SurgeSettings,
)
from fairlead.model.access import KubeAccess, TokenSource
from fairlead.model.cluster import ClusterRef, GkePlace
from fairlead.model.version import Version

_TARGET = re.compile(r"/clusters/(?P<cluster>[^/]+)(?:/nodePools/(?P<pool>[^/]+))?")
_Type = gke.Operation.Type
_KINDS = {
    _Type.UPGRADE_MASTER: OperationKind.UPGRADE_CONTROL_PLANE,
    _Type.UPGRADE_NODES: OperationKind.UPGRADE_POOL,
    _Type.AUTO_UPGRADE_NODES: OperationKind.UPGRADE_POOL,
    _Type.AUTO_REPAIR_NODES: OperationKind.REPAIR_POOL,
    _Type.REPAIR_CLUSTER: OperationKind.REPAIR_CLUSTER,
    _Type.UPDATE_CLUSTER: OperationKind.CHANGE_SETTINGS,
    _Type.SET_NODE_POOL_MANAGEMENT: OperationKind.CHANGE_SETTINGS,
    _Type.SET_MAINTENANCE_POLICY: OperationKind.CHANGE_SETTINGS,
    _Type.SET_LABELS: OperationKind.CHANGE_SETTINGS,
    _Type.SET_NODE_POOL_SIZE: OperationKind.RESIZE,
    _Type.RESIZE_CLUSTER: OperationKind.RESIZE,
}
_Status = gke.Operation.Status
_STATES = {
    _Status.PENDING: OperationState.PENDING,
    _Status.RUNNING: OperationState.RUNNING,
    _Status.ABORTING: OperationState.ABORTING,
    _Status.DONE: OperationState.DONE,
}
# Names of the metrics of a pool's roll (gcloud shows its progress from them); the server sends one of the latter two.
_NODES_TOTAL = "NODES_TOTAL"
_NODES_DONE = ("NODES_DONE", "NODES_COMPLETE")


def cluster_of(project: str, cluster: gke.Cluster) -> CloudCluster:
    """A cluster that is still being made has no current version yet; the one it is made with stands for it."""
    channel = cluster.release_channel.channel
    return CloudCluster(
        place=GkePlace(project, cluster.location, cluster.name),
        control_plane=Version(cluster.current_master_version or cluster.initial_cluster_version),
        state=cluster.status.name,
        channel=channel.name.lower() if channel else "",
        pools=tuple(pool_of(pool) for pool in cluster.node_pools),
        labels=dict(cluster.resource_labels),
    )


def pool_of(pool: gke.NodePool) -> CloudPool:
    """GKE gives a size per zone, the one asked for; how many nodes there are now only the cluster knows."""
    return CloudPool(
        name=pool.name,
        version=Version(pool.version),
        nodes=pool.initial_node_count * max(len(pool.locations), 1),
        zones=tuple(pool.locations),
        state=pool.status.name,
        surge=surge_of(pool.upgrade_settings),
        auto_repair=pool.management.auto_repair,
        auto_upgrade=pool.management.auto_upgrade,
        image_type=pool.config.image_type,
        labels=dict(pool.config.labels),
    )


def surge_of(settings: gke.NodePool.UpgradeSettings) -> SurgeSettings:
    return SurgeSettings(
        max_surge=settings.max_surge,
        max_unavailable=settings.max_unavailable,
        original=gke.NodePool.UpgradeSettings.to_json(
            settings, always_print_fields_with_no_presence=False, indent=None
        ),
        blue_green=settings.strategy == gke.NodePoolUpdateStrategy.BLUE_GREEN,
    )


def settings_of(surge: SurgeSettings, current: gke.NodePool.UpgradeSettings) -> gke.NodePool.UpgradeSettings:
    """The complete settings to write: the original as it was, or the current ones with another surge."""
    if surge.original:
        original: gke.NodePool.UpgradeSettings = gke.NodePool.UpgradeSettings.from_json(surge.original)
        return original
    wanted = gke.NodePool.UpgradeSettings(current)
    wanted.max_surge, wanted.max_unavailable = surge.max_surge, surge.max_unavailable
    return wanted


def operation_of(cluster: ClusterRef, operation: gke.Operation) -> Operation:
    done, total = _progress(operation.progress)
    return Operation(
        ref=OperationRef(operation.name, cluster, operation.location),
        kind=_KINDS.get(operation.operation_type, OperationKind.OTHER),
        state=_STATES.get(operation.status, OperationState.RUNNING),
        target=target_of(operation)[1],
        detail=operation.detail,
        error=_error(operation),
        began=operation.start_time,
        ended=operation.end_time,
        nodes_done=done,
        nodes_total=total,
    )


def target_of(operation: gke.Operation) -> tuple[str, str]:
    """The cluster's and the pool's name an operation works on; empty where it has none."""
    found = _TARGET.search(operation.target_link)
    return (found["cluster"], found["pool"] or "") if found else ("", "")


def offered_of(config: gke.ServerConfig) -> OfferedVersions:
    return OfferedVersions(
        control_plane=tuple(Version(text) for text in config.valid_master_versions),
        nodes=tuple(Version(text) for text in config.valid_node_versions),
        default=Version(config.default_cluster_version),
        channel_defaults={
            offer.channel.name.lower(): Version(offer.default_version)
            for offer in config.channels
            if offer.default_version
        },
    )


def access_of(cluster: gke.Cluster, tokens: TokenSource) -> KubeAccess:
    """By DNS name where that is open to us (its certificate is public), else by address with the cluster's own CA."""
    dns = cluster.control_plane_endpoints_config.dns_endpoint_config
    if dns.endpoint and dns.allow_external_traffic:
        return KubeAccess(f"https://{dns.endpoint}", None, tokens)
    ca = base64.b64decode(cluster.master_auth.cluster_ca_certificate).decode()
    return KubeAccess(f"https://{cluster.endpoint}", ca, tokens)


def _progress(progress: gke.OperationProgress) -> tuple[int | None, int | None]:
    metrics = {metric.name: metric.int_value for metric in progress.metrics}
    total = metrics.get(_NODES_TOTAL)
    if total is None:
        return None, None
    return max((metrics.get(name, 0) for name in _NODES_DONE), default=0), total


def _error(operation: gke.Operation) -> str:
    """`status_message` is deprecated, but still all that some failed operations carry."""
    if operation.error.code:
        return operation.error.message or f"code {operation.error.code}"
    return operation.status_message if operation.status == _Status.DONE else ""
