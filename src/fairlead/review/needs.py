"""Which kinds rules look at: what is read from a cluster, and what its reader must be allowed to list."""

from collections.abc import Iterable
from typing import NamedTuple

from fairlead.checks.examples import VERSIONS
from fairlead.checks.rule import ObjectRule, Rule, SeveralRule
from fairlead.snapshot.objects import POD_KINDS, WORKLOADS, key_of

# What rules over several objects look things up in, besides the kinds they are about. A test watches that it is enough.
LOOKED_UP = frozenset(
    {
        *(WORKLOADS, "Namespace", "Service", "ServiceAccount", "ConfigMap", "Secret", "Node"),
        *("PersistentVolume", "PersistentVolumeClaim", "StorageClass", "PriorityClass", "RuntimeClass", "IngressClass"),
        *("Ingress", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler", "VerticalPodAutoscaler"),
        *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ResourceQuota", "LimitRange"),
        *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy"),
        *("MutatingAdmissionPolicy", "CustomResourceDefinition", "APIService", "ScaledObject.keda.sh"),
        *("Gateway.gateway.networking.k8s.io", "HTTPRoute.gateway.networking.k8s.io"),
    }
)
# Files of node components carry a kind too, but no API server has them.
_OF_FILES = frozenset({"KubeletConfiguration", "KubeProxyConfiguration"})
_GROUPS = {
    "MutatingAdmissionPolicy": "admissionregistration.k8s.io",
    "VerticalPodAutoscaler": "autoscaling.k8s.io",
}
_WHY = {"secrets": "  # values are dropped while reading; without this line, rules about Secrets lack evidence"}


class Permission(NamedTuple):
    group: str
    plural: str


def kinds_of(rules: Iterable[Rule]) -> frozenset[str]:
    """
    As `KubeObject.key`; `workloads` among them where all that makes pods is meant.

    A rule about every object there is judges those that others need: most of a cluster's objects are nobody's words.
    """
    found: set[str] = {"Namespace"}
    for rule in rules:
        if isinstance(rule, ObjectRule):
            found.update((rule.applies,) if isinstance(rule.applies, str) else rule.applies)
        elif isinstance(rule, SeveralRule):
            found |= {*rule.about, *LOOKED_UP}
    return frozenset(kind for kind in found - _OF_FILES if kind != "all")


def cluster_role(wanted: Iterable[Permission]) -> str:
    """The smallest ClusterRole that has these, as YAML."""
    by_group: dict[str, list[str]] = {}
    for group, plural in sorted(set(wanted)):
        by_group.setdefault(group, []).append(plural)
    lines = ["apiVersion: rbac.authorization.k8s.io/v1", "kind: ClusterRole", "metadata:", "  name: fairlead-check"]
    lines += ["rules:"]
    for group, plurals in by_group.items():
        lines += [f'  - apiGroups: ["{group}"]', "    resources:"]
        lines += [f"      - {plural}{_WHY.get(plural, '')}" for plural in plurals]
        lines += ["    verbs: [list]"]
    return "\n".join(lines) + "\n"


def permissions(kinds: frozenset[str]) -> list[Permission]:
    """What must be listed, without a cluster to ask: names of custom kinds' lists follow Kubernetes' habit."""
    native = {kind for kind in kinds if kind != WORKLOADS}
    if WORKLOADS in kinds:
        native |= {*POD_KINDS, "CustomResourceDefinition"}
    return sorted(Permission(_group_of(kind), plural_of(kind.partition(".")[0])) for kind in native)


def _group_of(kind: str) -> str:
    name, _, group = kind.partition(".")
    known = VERSIONS.get(name, "").rpartition("/")[0]
    return group or _GROUPS.get(name) or (known if key_of(known, name) == name else "")


def plural_of(kind: str) -> str:
    word = kind.lower()
    if kind == "Endpoints" or kind.startswith("K8s") or word.endswith("constraints"):
        return word  # Gatekeeper's constraints are not put into the plural
    if word.endswith("s"):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith(("cy", "ty", "ry")) else f"{word}s"
