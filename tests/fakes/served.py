"""What an API server serves, as aggregated discovery tells it, for the fake one."""

from typing import Any

from fairlead.review.needs import plural_of
from fakes.api_server import ApiServer

_CLUSTER_WIDE = {
    *("Namespace", "Node", "PersistentVolume", "StorageClass", "CustomResourceDefinition"),
    *("ClusterRole", "ClusterRoleBinding"),
}
_KINDS = (
    *(f"v1/{kind}" for kind in ("Namespace", "Node", "Pod", "Service", "ServiceAccount", "ConfigMap", "Secret")),
    *(f"apps/v1/{kind}" for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")),
    *(f"batch/v1/{kind}" for kind in ("CronJob", "Job")),
    *("storage.k8s.io/v1/StorageClass", "apiextensions.k8s.io/v1/CustomResourceDefinition"),
    *("policy/v1/PodDisruptionBudget", "rbac.authorization.k8s.io/v1/ClusterRole"),
)


def _path(named: str) -> str:
    version, kind = named.rsplit("/", 1)
    return f"/{'apis' if '/' in version else 'api'}/{version}/{plural_of(kind)}"


SERVED = {named.rsplit("/", 1)[1]: _path(named) for named in _KINDS}


def serve(server: ApiServer, *more: str) -> dict[str, str]:
    """Discovery of these kinds (`group/version/Kind`) and of Kubernetes' own, with empty lists; the paths of `more`."""
    groups: dict[str, dict[str, list[str]]] = {}
    for named in (*_KINDS, *more):
        version, kind = named.rsplit("/", 1)
        group, _, number = version.rpartition("/")
        groups.setdefault(group, {}).setdefault(number, []).append(kind)
        server.lists.setdefault(_path(named), [])
    core = {"": groups.pop("")}
    for path, these in (("/api", core), ("/apis", groups)):
        items = [_group(name, versions) for name, versions in these.items()]
        server.documents[path] = {"kind": "APIGroupDiscoveryList", "items": items}
    server.documents["/version"] = {"gitVersion": "v1.36.3-gke.1000"}
    return {named.rsplit("/", 1)[1]: _path(named) for named in more}


def definition(group: str, kind: str, template: dict[str, Any]) -> dict[str, object]:
    """A CustomResourceDefinition whose objects have this schema at `spec.template`."""
    root = {"properties": {"spec": {"properties": {"template": {"properties": template}}}}}
    versions = [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": root}}]
    return {"metadata": {"name": kind}, "spec": {"group": group, "names": {"kind": kind}, "versions": versions}}


def _group(name: str, versions: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "versions": [
            {"version": version, "freshness": "Current", "resources": [_resource(kind) for kind in kinds]}
            for version, kinds in versions.items()
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    scope = "Cluster" if kind in _CLUSTER_WIDE else "Namespaced"
    return {"resource": plural_of(kind), "responseKind": {"kind": kind}, "scope": scope, "verbs": ["get", "list"]}
