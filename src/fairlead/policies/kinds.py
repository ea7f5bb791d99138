"""What the API server calls the kinds of a rule in its paths, and where each keeps its pods."""

import re

import msgspec

from fairlead.checks.examples import VERSIONS
from fairlead.checks.rule import ObjectRule
from fairlead.snapshot.objects import POD_KINDS


class Resource(msgspec.Struct, frozen=True, order=True):
    """One resource: `apps`, `v1`, `deployments`. `version` is `*` where a cluster may serve any."""

    group: str
    version: str
    plural: str


# What is read from files on a node and never asked of an API server, and what that shows to no policy
# (`excludedPolicyResources` in k8s.io/apiserver).
_FILES = {"KubeletConfiguration", "KubeProxyConfiguration"}
_HIDDEN = {f"{way}AdmissionPolicy{binding}" for way in ("Validating", "Mutating") for binding in ("", "Binding")}
_SERVED = VERSIONS.keys() - _FILES - _HIDDEN
_WORKLOADS = tuple(sorted(POD_KINDS))
_IRREGULAR = {
    "Endpoints": "endpoints",
    "K8sAllowedRepos": "k8sallowedrepos",
    "SecurityContextConstraints": "securitycontextconstraints",
}


def kinds_of(rule: ObjectRule) -> tuple[str, ...]:
    """The kinds that a policy for it would match; none for a rule over every kind there is."""
    if isinstance(rule.applies, tuple):
        return tuple(kind for kind in rule.applies if is_foreign(kind) or kind in _SERVED)
    return _WORKLOADS if rule.applies == "workloads" else ()


def resource_of(kind: str) -> Resource:
    """`kind` as `KubeObject.key` has it: `Service`, `Rollout.argoproj.io`."""
    name, _, group = kind.partition(".")
    if group:
        return Resource(group, "*", _plural(name))
    within, _, version = VERSIONS[name].rpartition("/")
    return Resource(within, version, _plural(name))


def _plural(kind: str) -> str:
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    word = kind.lower()
    if word.endswith(("s", "x", "ch")):
        return f"{word}es"
    return re.sub("y$", "ie", word) + "s"


def is_foreign(kind: str) -> bool:
    """A kind of another group than Kubernetes' own."""
    return "." in kind


# Where a kind keeps what its pods are made from.
_TEMPLATES = {"Pod": ("",), "PodTemplate": ("template",), "CronJob": ("spec", "jobTemplate", "spec", "template")}
_USUAL = ("spec", "template")


def pod_expression(kinds: tuple[str, ...]) -> str:
    """CEL for the pod spec of an object of one of these kinds; `{}` where it makes no pods."""
    if len(kinds) == 1 and kinds[0] in POD_KINDS - {"ReplicationController"}:
        # The API server checks types where there is a single kind; `dyn` would keep it from that.
        return ".".join(("object", *filter(None, _template_of(kinds[0])), "spec"))
    return _by_kind(kinds, "spec")


def pod_meta_expression(kinds: tuple[str, ...]) -> str:
    """CEL for the metadata of the pods that an object makes; of a Pod its own."""
    return _by_kind(kinds, "metadata")


def _by_kind(kinds: tuple[str, ...], field: str) -> str:
    """One branch for each place where kinds keep their pods; that of the most kinds comes last, without a test."""
    branches: dict[str, list[str]] = {}
    for kind in kinds:
        branches.setdefault(_at(kind, field), []).append(kind.partition(".")[0])
    *asked, (last, _) = sorted(branches.items(), key=lambda branch: len(branch[1]))
    tests = (f"object.kind in [{', '.join(map(repr, names))}] ? {expression} : " for expression, names in asked)
    return "".join(tests) + last


def _at(kind: str, field: str) -> str:
    if not is_foreign(kind) and kind not in POD_KINDS:
        return "dyn({})"
    steps = "".join(f".?{step}" for step in (*filter(None, _template_of(kind)), field))
    there = f"dyn(object){steps}.orValue({{}})"
    if not is_foreign(kind):
        return there
    # What looks like a pod template in a kind we do not know is one where it has containers.
    containers = "".join(f".?{step}" for step in (*_USUAL, "spec", "containers"))
    return f"(type(dyn(object){containers}.orValue(null)) == list ? {there} : dyn({{}}))"


def _template_of(kind: str) -> tuple[str, ...]:
    return _TEMPLATES.get(kind, _USUAL)
