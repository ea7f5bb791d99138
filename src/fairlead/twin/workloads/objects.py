"""The objects a cluster begins with: its nodes and its workloads, as plain manifests."""

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from fairlead.twin.nodes import node_manifest
from fairlead.twin.state import ClusterSpec, PoolSpec

_FILE = Path(__file__).with_name("manifests.yaml")


def nodes(cluster: ClusterSpec) -> list[dict[str, Any]]:
    """Every pool's nodes, zone after zone in turn."""
    return [node for pool in cluster.pools for node in _nodes_of(cluster, pool)]


def workloads(cluster: ClusterSpec) -> list[dict[str, Any]]:
    """In the order in which they can be created; what no pool of the cluster can run is left out."""
    kinds = {pool.kind for pool in cluster.pools if pool.nodes}
    return [_fitted(manifest, cluster) for manifest in _read() if _home_of(manifest) in {None, *kinds}]


def _nodes_of(cluster: ClusterSpec, pool: PoolSpec) -> Iterator[dict[str, Any]]:
    for number in range(pool.nodes):
        zone = pool.zones[number % len(pool.zones)]
        # Like GKE's names, and the same at each start.
        suffix = hashlib.sha256(f"{cluster.name}/{pool.name}/{number}".encode()).hexdigest()[:4]
        name = f"gke-{cluster.name}-{pool.name}-{suffix}"
        yield node_manifest(cluster.name, pool.name, pool.kind, zone, name, cluster.version)


@functools.cache
def _read() -> tuple[dict[str, Any], ...]:
    return tuple(YAML(typ="safe").load_all(_FILE.read_text()))


def _home_of(manifest: dict[str, Any]) -> str | None:
    template = manifest.get("spec", {}).get("template", {})
    home: str | None = template.get("spec", {}).get("nodeSelector", {}).get("fairlead.dev/pool-kind")
    return home


def _fitted(manifest: dict[str, Any], cluster: ClusterSpec) -> dict[str, Any]:
    if manifest["metadata"]["name"] != "web":
        return manifest
    match manifest["kind"]:
        case "Deployment":
            return manifest | {"spec": manifest["spec"] | {"replicas": cluster.web_replicas}}
        case "HorizontalPodAutoscaler":
            bounds = {"minReplicas": cluster.web_replicas, "maxReplicas": cluster.web_replicas * 2}
            return manifest | {"spec": manifest["spec"] | bounds}
        case _:
            return manifest
