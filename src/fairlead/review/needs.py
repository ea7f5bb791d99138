"""Which kinds rules look at: what is read from a cluster, and what its reader must be allowed to list."""

from collections.abc import Iterable
from typing import NamedTuple

from fairlead.checks.examples import VERSIONS
from fairlead.checks.lookups import looked_up
from fairlead.checks.rule import ObjectRule, Rule, SeveralRule
from fairlead.snapshot.objects import POD_KINDS, WORKLOADS, key_of

_OF_FILES = ".config.k8s.io"
# Of Kubernetes' own kinds those that no short example is written of.
_GROUPS = {
    "AdminNetworkPolicy": "policy.networking.k8s.io",
    "BaselineAdminNetworkPolicy": "policy.networking.k8s.io",
    "CSINode": "storage.k8s.io",
    "ClusterNetworkPolicy": "policy.networking.k8s.io",
    "MutatingAdmissionPolicy": "admissionregistration.k8s.io",
    "MutatingAdmissionPolicyBinding": "admissionregistration.k8s.io",
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
            found |= {*rule.about, *looked_up(rule)}
    return frozenset(kind for kind in found if kind != "all" and not _is_of_a_file(kind))


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
    named = ((_group_of(kind), kind.partition(".")[0]) for kind in native)
    return sorted(Permission(group, plural_of(kind)) for group, kind in named if group is not None)


def _is_of_a_file(kind: str) -> bool:
    """Files of node components carry a kind too, but no API server has them."""
    group = _group_of(kind)
    return kind.endswith("Configuration") if group is None else group.endswith(_OF_FILES)


def _group_of(kind: str) -> str | None:
    """Empty for the core group; None where it is not known."""
    name, _, group = kind.partition(".")
    if group or name in _GROUPS:
        return group or _GROUPS[name]
    known = VERSIONS.get(name, "").rpartition("/")[0]
    return known if name in VERSIONS and key_of(known, name) == name else None


def plural_of(kind: str) -> str:
    word = kind.lower()
    if kind == "Endpoints" or kind.startswith("K8s") or word.endswith("constraints"):
        return word  # Gatekeeper's constraints are not put into the plural
    if word.endswith("s"):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith(("cy", "ty", "ry")) else f"{word}s"
