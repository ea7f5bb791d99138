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
# `kubernetes.io/bootstrapping: rbac-defaults` is on the roles the API server makes at each start.
# https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
_BOOTSTRAP_LABEL = "kubernetes.io/bootstrapping"
_ADDON_LABEL = "addonmanager.kubernetes.io/mode"
_AUTOMANAGED_LABEL = "kube-aggregator.kubernetes.io/automanaged"
_AUTOUPDATE = "apf.kubernetes.io/autoupdate-spec"

Ref = tuple[str, str, str]


def system_refs(objects: Iterable[KubeObject], *, but: frozenset[str] = frozenset()) -> frozenset[Ref]:
    """Kind, namespace and name of each; `but` are namespaces somebody asked for by name."""
    return frozenset((each.kind, each.namespace, each.name) for each in objects if _is_system(each, but))


def _is_system(each: KubeObject, but: frozenset[str]) -> bool:
    namespace = each.name if each.key == "Namespace" else each.namespace
    if namespace:
        return namespace not in but and (namespace in _NAMESPACES or namespace.startswith(_PREFIXES))
    labels = each.labels
    return (
        each.name.startswith("system:")
        or (each.key == "PriorityClass" and each.name.startswith("system-"))
        or not labels.keys().isdisjoint({_BOOTSTRAP_LABEL, _ADDON_LABEL, _AUTOMANAGED_LABEL})
        or each.annotations.get(_AUTOUPDATE) == "true"
    )
