"""Fields of objects that may hold anything: what is not of the expected form reads as empty."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.snapshot.objects import KubeObject, Objects


def at(raw: Any, *path: str) -> Any:
    """What stands at a path of mappings; None where it is not there."""
    for step in path:
        if not isinstance(raw, dict):
            return None
        raw = raw.get(step)
    return raw


def mapping_at(raw: Any, *path: str) -> dict[str, Any]:
    value = at(raw, *path)
    return value if isinstance(value, dict) else {}


def mappings_at(raw: Any, *path: str) -> list[dict[str, Any]]:
    """The mappings of a list; other elements count as empty ones, so that indices stay true."""
    value = at(raw, *path)
    return [each if isinstance(each, dict) else {} for each in value] if isinstance(value, list) else []


def texts_at(raw: Any, *path: str) -> list[str]:
    value = at(raw, *path)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def labels_at(raw: Any, *path: str) -> dict[str, str]:
    """Labels to look something up by: none where one of them is no text."""
    labels = mapping_at(raw, *path)
    return labels if all(isinstance(value, str) for value in labels.values()) else {}


def text_at(raw: Any, *path: str) -> str:
    value = at(raw, *path)
    return value if isinstance(value, str) else ""


def containers_of(each: KubeObject) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Each container of a pod spec with its list and its index there."""
    for listed_in in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(mappings_at(each.pod_spec, listed_in)):
            yield listed_in, index, container


def is_made_by_another(each: KubeObject) -> bool:
    """Whether a controller owns it: what is to be changed then is what made it."""
    return any(owner.get("controller") is True for owner in mappings_at(each.raw, "metadata", "ownerReferences"))


def selected_by(objects: Objects, namespace: str, selector: Any) -> list[KubeObject]:
    """What makes pods that a label selector fits: all of the namespace for an empty one, none for none."""
    if not isinstance(selector, dict):
        return []
    labels = labels_at(selector, "matchLabels")
    if labels:
        candidates = objects.selected(namespace, labels)
    else:
        makers = {each.key for each in objects.workloads}
        candidates = [
            each for kind in sorted(makers) for each in objects.of(kind, namespace) if each.pod_spec is not None
        ]
    expressions = {"matchExpressions": selector.get("matchExpressions")}
    return [each for each in candidates if selects(expressions, each.pod_labels)]


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a label selector (`matchLabels`, `matchExpressions`) fits; an empty one fits everything."""
    wanted = mapping_at(selector, "matchLabels")
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(expression, labels) for expression in mappings_at(selector, "matchExpressions"))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), expression.get("values")
    allowed = values if isinstance(values, list) else []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in allowed if key in labels else False
        case "NotIn":
            return labels.get(key) not in allowed
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
