"""The clusters a twin begins with, as the API shows them."""

import base64
import math

from google.cloud import container_v1 as gke

from fairlead.twin.gke.books import Books, PoolNotes
from fairlead.twin.nodes import KIND_LABEL
from fairlead.twin.state import ClusterSpec, PoolSpec, TwinState


def begin(books: Books, state: TwinState, stamp: str) -> None:
    """Fill empty books from the twin's state, and save them."""
    ca = base64.b64encode((state.pki / "ca.crt").read_bytes()).decode()
    for spec in state.spec.clusters:
        cluster = _cluster(spec, stamp)
        cluster.endpoint = f"127.0.0.1:{state.clusters[spec.name].endpoint}"
        cluster.master_auth = gke.MasterAuth(cluster_ca_certificate=ca)
        books.clusters[spec.name] = cluster
        for pool in spec.pools:
            books.notes[f"{spec.name}/{pool.name}"] = PoolNotes(kind=pool.kind)
            books.touch(spec.name, pool.name)
    books.save()


def _cluster(spec: ClusterSpec, stamp: str) -> gke.Cluster:
    version = str(spec.version)
    return gke.Cluster(
        name=spec.name,
        location=spec.location,
        zone=spec.location,
        locations=sorted({zone for pool in spec.pools for zone in pool.zones}),
        status=gke.Cluster.Status.RUNNING,
        initial_cluster_version=version,
        current_master_version=version,
        current_node_version=version,
        create_time=stamp,
        node_pools=[_pool(pool, version) for pool in spec.pools],
        maintenance_policy=gke.MaintenancePolicy(resource_version="00000001"),
    )


def _pool(spec: PoolSpec, version: str) -> gke.NodePool:
    # Where it has fewer nodes than zones, it is a pool of fewer zones.
    zones = list(spec.zones)[: max(spec.nodes, 1)]
    return gke.NodePool(
        name=spec.name,
        version=version,
        # The API knows a size per zone only.
        initial_node_count=math.ceil(spec.nodes / max(len(zones), 1)),
        locations=zones,
        status=gke.NodePool.Status.RUNNING,
        config=gke.NodeConfig(
            image_type="COS_CONTAINERD", machine_type="e2-standard-8", labels={KIND_LABEL: spec.kind}
        ),
        management=gke.NodeManagement(auto_repair=spec.auto_repair, auto_upgrade=spec.auto_upgrade),
        upgrade_settings=gke.NodePool.UpgradeSettings(
            max_surge=spec.max_surge,
            max_unavailable=spec.max_unavailable,
            strategy=gke.NodePoolUpdateStrategy.SURGE,
        ),
    )
