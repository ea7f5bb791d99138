"""Which nodes a pod may run on: labels, affinity, taints and room, as the scheduler's filters look at them."""

from collections.abc import Mapping
from typing import Any

from fairlead.checks.several.amounts import amount, pod_request
from fairlead.checks.several.reading import mapping, mappings, matches, spec_of, text
from fairlead.snapshot.objects import KubeObject

_NAMES = ("cpu", "memory")
_HARD = frozenset({"NoSchedule", "NoExecute"})


class Nodes:
    """Nodes with what was asked of them so far: workloads mostly ask the same few things."""

    def __init__(self, nodes: list[KubeObject]) -> None:
        self.all = nodes
        self._chosen: dict[str, list[KubeObject]] = {}
        self._open: dict[str, list[KubeObject]] = {}

    def chosen(self, pod: Mapping[str, Any]) -> list[KubeObject]:
        """Those with the labels a pod asks for."""
        selector = mapping(pod.get("nodeSelector"))
        required = mapping(mapping(mapping(pod.get("affinity")).get("nodeAffinity")).get(_REQUIRED))
        key = repr((selector, required))
        if key not in self._chosen:
            self._chosen[key] = [node for node in self.all if _has_labels(node, selector, required)]
        return self._chosen[key]

    def open(self, pod: Mapping[str, Any]) -> list[KubeObject]:
        """Those of them whose taints it tolerates."""
        chosen = self.chosen(pod)
        tolerations = mappings(pod.get("tolerations"))
        key = repr((pod.get("nodeSelector"), pod.get("affinity"), tolerations))
        if key not in self._open:
            self._open[key] = [node for node in chosen if not untolerated(node, tolerations)]
        return self._open[key]


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _has_labels(node: KubeObject, selector: Mapping[str, Any], required: Mapping[str, Any]) -> bool:
    labels = node.labels
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    terms = mappings(required.get("nodeSelectorTerms"))
    return not terms or any(_fits_term(node, term) for term in terms)


def _fits_term(node: KubeObject, term: Mapping[str, Any]) -> bool:
    expressions, fields = mappings(term.get("matchExpressions")), mappings(term.get("matchFields"))
    if not expressions and not fields:
        return False
    named = {"metadata.name": node.name}
    return all(_fits(one, node.labels) for one in expressions) and all(_fits(one, named) for one in fields)


def _fits(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """As label selectors, and also Gt and Lt."""
    operator, values = expression.get("operator"), expression.get("values")
    if operator not in {"Gt", "Lt"}:
        return matches({"matchExpressions": [expression]}, labels)
    has = str(labels.get(text(expression.get("key")), ""))
    bound = str(values[0]) if isinstance(values, list) and values else ""
    if not has.isdecimal() or not bound.isdecimal():
        return False
    return int(has) > int(bound) if operator == "Gt" else int(has) < int(bound)


def untolerated(node: KubeObject, tolerations: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first taint that keeps pods away which have only these tolerations."""
    for taint in mappings(spec_of(node).get("taints")):
        hard = taint.get("effect") in _HARD and not text(taint.get("key")).startswith("node.kubernetes.io/")
        if hard and not any(tolerates(toleration, taint) for toleration in tolerations):
            return taint
    return None


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def holds(node: KubeObject, pod: Mapping[str, Any]) -> bool:
    """Whether an empty node has the room; what it does not tell of itself it has."""
    return all(_room(node, name) is None or pod_request(pod, name) <= (_room(node, name) or 0.0) for name in _NAMES)


def _room(node: KubeObject, name: str) -> float | None:
    status = mapping(node.raw.get("status"))
    return amount(mapping(status.get("allocatable")).get(name) or mapping(status.get("capacity")).get(name))
