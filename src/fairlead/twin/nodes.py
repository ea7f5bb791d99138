"""What a node of the twin looks like: the same for those it begins with and those the GKE emulator makes."""

from typing import Any

from fairlead.model.version import Version

POOL_LABEL = "cloud.google.com/gke-nodepool"
ZONE_LABEL = "topology.kubernetes.io/zone"
KIND_LABEL = "fairlead.dev/pool-kind"
# A node with this label never becomes Ready: our kwok stages pass it by.
NEVER_READY_LABEL = "fairlead.dev/never-ready"

_CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
# What GKE leaves of such a machine for pods.
_ALLOCATABLE = {"cpu": "7910m", "memory": "28Gi", "pods": "110", "ephemeral-storage": "47Gi"}


def taints_of(kind: str) -> list[dict[str, str]]:
    """Pools of kind `system` and `batch` are kept for those who tolerate it."""
    if kind == "app":
        return []
    return [{"key": KIND_LABEL, "value": kind, "effect": "NoSchedule"}]


def node_manifest(cluster: str, pool: str, kind: str, zone: str, name: str, version: Version) -> dict[str, Any]:
    """A Node as a kubelet of `version` would register it, not yet Ready; POST it with its status."""
    region = zone.rsplit("-", 1)[0]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                POOL_LABEL: pool,
                ZONE_LABEL: zone,
                KIND_LABEL: kind,
                "goog-k8s-cluster-name": cluster,
                "topology.kubernetes.io/region": region,
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": "e2-standard-8",
            },
        },
        "spec": {
            "providerID": f"gce://twin/{zone}/{name}",
            "taints": taints_of(kind),
        },
        "status": {
            "capacity": _CAPACITY,
            "allocatable": _ALLOCATABLE,
            "nodeInfo": _node_info(name, version),
            "conditions": [],
        },
    }


def _node_info(name: str, version: Version) -> dict[str, str]:
    return {
        "architecture": "amd64",
        "bootID": name,
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.6.105+",
        "kubeProxyVersion": f"v{version}",
        "kubeletVersion": f"v{version}",
        "machineID": name,
        "operatingSystem": "linux",
        "osImage": "Container-Optimized OS from Google",
        "systemUUID": name,
    }
