"""What a cluster, or whoever runs it for us, brings with itself: nobody of ours can mend it."""

from collections.abc import Iterable

from fairlead.snapshot.objects import KubeObject

# Those of Kubernetes, GKE, AKS and OpenShift.
_NAMESPACES = frozenset(
    {
        *("kube-system", "kube-public", "kube-node-lease"),
        *("gke-connect", "gke-gmp-system", "gke-mcs", "gke-system", "gmp-public", "gmp-system", "asm-system"),
        *("aks-command", "aks-istio-system", "aks-istio-ingress", "aks-istio-egress", "calico-system"),
        *("tigera-operator", "openshift"),
    }
)
_PREFIXES = ("gke-managed-", "openshift-")
# `kubernetes.io/bootstrapping` is on the roles the API server makes at each start, the others on its APIServices, on
# the endpoints that controllers write, and on what GKE and kubeadm add.
# https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
_MADE_LABELS = frozenset(
    {
        "kubernetes.io/bootstrapping",
        "kube-aggregator.kubernetes.io/automanaged",
        "addonmanager.kubernetes.io/mode",
        "endpoints.kubernetes.io/managed-by",
        "endpointslice.kubernetes.io/managed-by",
    }
)
_AUTOUPDATE = "apf.kubernetes.io/autoupdate-spec"
_MADE_KINDS = frozenset({"Lease"})
_MADE_EVERYWHERE = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
_MADE_NAMES = {"ClusterRole": "system:", "ClusterRoleBinding": "system:", "PriorityClass": "system-"}
_NO_NAME = "\0"

Ref = tuple[str, str, str]


def system_refs(objects: Iterable[KubeObject], *, but: frozenset[str] = frozenset()) -> frozenset[Ref]:
    """Kind, namespace and name of each; `but` are namespaces somebody asked for by name."""
    return frozenset((each.kind, each.namespace, each.name) for each in objects if _is_system(each, but))


def _is_system(each: KubeObject, but: frozenset[str]) -> bool:
    namespace = each.name if each.key == "Namespace" else each.namespace
    if namespace and namespace not in but and (namespace in _NAMESPACES or namespace.startswith(_PREFIXES)):
        return True
    return (
        each.key in _MADE_KINDS
        or (each.key, each.name) in _MADE_EVERYWHERE
        or (each.key, namespace, each.name) == ("Service", "default", "kubernetes")
        or not each.labels.keys().isdisjoint(_MADE_LABELS)
        or each.annotations.get(_AUTOUPDATE) == "true"
        or (not namespace and each.name.startswith(_MADE_NAMES.get(each.key, _NO_NAME)))
    )
