"""Fields, values, volumes, labels and annotations that Kubernetes no longer wants or heeds, from the table of them."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import is_made_by_another, mapping_at, mappings_at, text_at
from fairlead.knowledge import retired
from fairlead.knowledge.minors import Minor
from fairlead.knowledge.retired import Retired
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

# By rules of their own: STA111 and STA112, NET104, SEC154, SEC155, INI110; from 1.31 on STA118 for persistent volumes.
_TOLD_ELSEWHERE = {
    "volume.beta.kubernetes.io/storage-class",
    "spec.externalIPs",
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.apparmor.security.beta.kubernetes.io/*",
    "spec.schedule=TZ=*",
}
_VOLUMES_TOLD_SINCE = 31


class _Use(NamedTuple):
    """One place where an object has a retired thing: the words for it, and the field."""

    what: str
    path: Path


@cache
def _entries(kind: str) -> tuple[Retired, ...]:
    """What may be on objects of this kind; `Pod` is on whatever has a pod spec."""
    return tuple(
        entry
        for entry in retired.known().entries
        if kind in entry.on and entry.form not in {"label", "setting"} and not _TOLD_ELSEWHERE & set(entry.names)
    )


def _uses(each: KubeObject) -> Iterator[tuple[Retired, _Use]]:
    if is_made_by_another(each):
        return
    if each.pod_spec is not None:
        yield from ((entry, use) for entry in _entries("Pod") for use in _uses_in_pod(each, entry))
    if each.kind != "Pod" and each.key == each.kind:
        yield from ((entry, use) for entry in _entries(each.kind) for use in _uses_in(entry, each.raw, ()))


def _uses_in_pod(each: KubeObject, entry: Retired) -> Iterator[_Use]:
    pod = {"metadata": each.pod_metadata, "spec": each.pod_spec}
    if entry.form != "volume":
        yield from _uses_in(entry, pod, each.pod_path[:-1])
        return
    for index, volume in enumerate(mappings_at(each.pod_spec, "volumes")):
        for name in entry.names:
            if name in volume:
                yield _Use(
                    f"volume `{text_at(volume, 'name')}` of type `{name}`", (*each.pod_path, "volumes", index, name)
                )


def _uses_in(entry: Retired, raw: dict[str, Any], root: Path) -> Iterator[_Use]:
    for name in entry.names:
        match entry.form:
            case "annotation":
                yield from _annotated(raw, name, root)
            case "field":
                yield from _set(raw, name, "", root)
            case "value":
                field, _, value = name.partition("=")
                yield from _set(raw, field, value, root)
            case "volume" if name in mapping_at(raw, "spec"):
                yield _Use(f"volume of type `{name}`", (*root, "spec", name))


def _annotated(raw: dict[str, Any], name: str, root: Path) -> Iterator[_Use]:
    for key in mapping_at(raw, "metadata", "annotations"):
        if key == name or (name.endswith("*") and str(key).startswith(name[:-1])):
            yield _Use(f"annotation `{key}`", (*root, "metadata", "annotations", key))


def _set(raw: dict[str, Any], field: str, value: str, root: Path) -> Iterator[_Use]:
    *steps, last = field.split(".")
    holder = mapping_at(raw, *steps)
    found = holder.get(last)
    if found in (None, "", []):
        return
    if not value:
        yield _Use(f"`{field}`", (*root, *steps, last))
    elif isinstance(found, str) and (found == value or (value.endswith("*") and found.startswith(value[:-1]))):
        yield _Use(f"`{last}: {found}`", (*root, *steps, last))


def _is_over(entry: Retired, scope: Scope) -> bool:
    return entry.stops is not None and entry.stops <= Minor(1, scope.minor)


def _without_effect(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects:
        for entry, use in _uses(each):
            told = entry.form == "volume" and each.kind == "PersistentVolume" and scope.minor >= _VOLUMES_TOLD_SINCE
            if _is_over(entry, scope) and not told:
                effect = "works no more" if entry.form == "volume" else "has no effect or is refused"
                message = f"{use.what} {effect} since Kubernetes {entry.stops}; use {_quoted(entry.use)}"
                yield rule.found(each, message, path=use.path)


def _deprecated(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = Minor(1, scope.minor)
    for each in scope.objects:
        for entry, use in _uses(each):
            if (
                _is_over(entry, scope)
                or (entry.deprecated is not None and entry.deprecated > now)
                or _is_of_spec(entry, each)
            ):
                continue
            since = f" since Kubernetes {entry.deprecated}" if entry.deprecated else ""
            end = f" and ends with {entry.stops}" if entry.stops else ""
            planned = ", as planned" if entry.stops and entry.planned else ""
            message = f"{use.what} is deprecated{since}{end}{planned}; use {_quoted(entry.use)}"
            yield rule.found(each, message, path=use.path)


def _is_of_spec(entry: Retired, each: KubeObject) -> bool:
    """The API server itself sets `serviceAccount` beside `serviceAccountName`, and status is nobody's to write."""
    if entry.names == ("spec.serviceAccount",):
        spec = each.pod_spec or {}
        return spec.get("serviceAccount") == spec.get("serviceAccountName")
    return entry.names[0].startswith("status.")


def _quoted(use: str) -> str:
    return use if " " in use else f"`{use}`"


@cache
def _labels() -> dict[str, Retired]:
    return {name: entry for entry in retired.known().entries if entry.form == "label" for name in entry.names}


def _label_uses(each: KubeObject) -> Iterator[tuple[str, Path]]:
    """Every label of nodes that an object chooses nodes by, and where."""
    if each.pod_spec is not None:
        yield from _labels_of_pod(each.pod_spec, each.pod_path)
    if each.kind == "PersistentVolume":
        required = ("spec", "nodeAffinity", "required")
        yield from _labels_of_terms(mapping_at(each.raw, *required), required)
    if each.kind == "StorageClass":
        for index, term in enumerate(mappings_at(each.raw, "allowedTopologies")):
            for number, expression in enumerate(mappings_at(term, "matchLabelExpressions")):
                yield text_at(expression, "key"), ("allowedTopologies", index, "matchLabelExpressions", number, "key")


def _labels_of_pod(spec: dict[str, Any], root: Path) -> Iterator[tuple[str, Path]]:
    for key in mapping_at(spec, "nodeSelector"):
        yield key, (*root, "nodeSelector", key)
    affinity = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    yield from _labels_of_terms(mapping_at(spec, *affinity), (*root, *affinity))
    wished = ("affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution")
    for index, term in enumerate(mappings_at(spec, *wished)):
        yield from _labels_of_term(mapping_at(term, "preference"), (*root, *wished, index, "preference"))
    for index, spread in enumerate(mappings_at(spec, "topologySpreadConstraints")):
        yield text_at(spread, "topologyKey"), (*root, "topologySpreadConstraints", index, "topologyKey")
    for word in ("podAffinity", "podAntiAffinity"):
        yield from _labels_of_pod_terms(mapping_at(spec, "affinity", word), (*root, "affinity", word))


def _labels_of_pod_terms(affinity: dict[str, Any], root: Path) -> Iterator[tuple[str, Path]]:
    hard = "requiredDuringSchedulingIgnoredDuringExecution"
    for index, term in enumerate(mappings_at(affinity, hard)):
        yield text_at(term, "topologyKey"), (*root, hard, index, "topologyKey")
    soft = "preferredDuringSchedulingIgnoredDuringExecution"
    for index, term in enumerate(mappings_at(affinity, soft)):
        yield text_at(term, "podAffinityTerm", "topologyKey"), (*root, soft, index, "podAffinityTerm", "topologyKey")


def _labels_of_terms(required: dict[str, Any], root: Path) -> Iterator[tuple[str, Path]]:
    for index, term in enumerate(mappings_at(required, "nodeSelectorTerms")):
        yield from _labels_of_term(term, (*root, "nodeSelectorTerms", index))


def _labels_of_term(term: dict[str, Any], root: Path) -> Iterator[tuple[str, Path]]:
    for index, expression in enumerate(mappings_at(term, "matchExpressions")):
        yield text_at(expression, "key"), (*root, "matchExpressions", index, "key")


def _lost_label(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, key, entry, path in _by_retired_label(scope):
        if _is_over(entry, scope):
            yield rule.found(
                each, f"nodes carry no `{key}` since Kubernetes {entry.stops}; use `{entry.use}`", path=path
            )


def _old_label(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, key, entry, path in _by_retired_label(scope):
        if not _is_over(entry, scope) and entry.deprecated is not None and entry.deprecated <= Minor(1, scope.minor):
            yield rule.found(each, f"`{key}` is deprecated since {entry.deprecated}; use `{entry.use}`", path=path)


def _by_retired_label(scope: Scope) -> Iterator[tuple[KubeObject, str, Retired, Path]]:
    for each in (*scope.objects.workloads, *scope.objects.of("PersistentVolume"), *scope.objects.of("StorageClass")):
        if is_made_by_another(each):
            continue
        for key, path in _label_uses(each):
            entry = _labels().get(key)
            if entry is not None:
                yield each, key, entry, path


RULES = (
    SeveralRule(
        id="UPG412",
        title="Field or annotation that this Kubernetes no longer heeds",
        severity=Severity.ERROR,
        why="What it asked for does not happen any more: a volume is not mounted, a profile not applied.",
        fix="Write what replaces it.",
        source="https://kubernetes.io/docs/reference/labels-annotations-taints/",
        check=_without_effect,
        good=(
            ({"pod": {"priorityClassName": "system-node-critical"}},),
            ({"volume": {"emptyDir": {}}},),
            ({"volume": {"glusterfs": {"endpoints": "storage", "path": "data"}}, "kubernetes": "1.25"},),
            ({"kind": "PersistentVolume", "spec": {"csi": {"driver": "disk.csi.example", "volumeHandle": "1"}}},),
        ),
        bad=(
            ({"podMeta": {"annotations": {"scheduler.alpha.kubernetes.io/critical-pod": ""}}},),
            ({"volume": {"glusterfs": {"endpoints": "storage", "path": "data"}}},),
            ({"kind": "CronJob", "volume": {"gitRepo": {"repository": "https://git.shop.example/cart"}}},),
            ({"kind": "PersistentVolume", "spec": {"glusterfs": {"path": "data"}}, "kubernetes": "1.28"},),
        ),
    ),
    SeveralRule(
        id="UPG413",
        title="Field or annotation that is deprecated",
        severity=Severity.ADVICE,
        why="It works today; a later Kubernetes will ignore or refuse it, and the API server already warns.",
        fix="Write what replaces it.",
        source="https://kubernetes.io/docs/reference/labels-annotations-taints/",
        like=(
            "kube-linter:deprecated-service-account-field",
            "kubescape:C-0294",
            "kube-apiserver:pod, service, PV and node warnings",
        ),
        check=_deprecated,
        good=(
            ({"pod": {"serviceAccountName": "cart"}},),
            ({"pod": {"serviceAccountName": "cart", "serviceAccount": "cart"}},),
            ({"kind": "Service", "spec": {"type": "LoadBalancer"}},),
        ),
        bad=(
            ({"pod": {"serviceAccount": "cart"}},),
            ({"kind": "Service", "spec": {"trafficDistribution": "PreferClose"}},),
            ({"kind": "Ingress", "metadata": {"annotations": {"kubernetes.io/ingress.class": "nginx"}}},),
            ({"volume": {"gcePersistentDisk": {"pdName": "data"}}},),
        ),
    ),
    SeveralRule(
        id="UPG414",
        title="Chooses nodes by a label that nodes no longer have",
        severity=Severity.ERROR,
        why="No node fits, so its pods stay Pending after the next restart.",
        fix="Choose by the label that replaces it.",
        source="https://kubernetes.io/docs/reference/labels-annotations-taints/",
        like=("kubepreflight:NODE-003",),
        check=_lost_label,
        good=(
            ({"pod": {"nodeSelector": {"node-role.kubernetes.io/control-plane": ""}}},),
            ({"pod": {"nodeSelector": {"node-role.kubernetes.io/master": ""}}, "kubernetes": "1.23"},),
        ),
        bad=(({"pod": {"nodeSelector": {"node-role.kubernetes.io/master": ""}}},),),
    ),
    SeveralRule(
        id="UPG415",
        title="Chooses nodes by a deprecated label",
        severity=Severity.WARNING,
        why="Some providers no longer set it, elsewhere it goes with an upgrade; then pods stay Pending.",
        fix="Choose by the label that replaces it; it is on every supported node already.",
        source="https://kubernetes.io/docs/reference/labels-annotations-taints/",
        check=_old_label,
        good=(({"pod": {"nodeSelector": {"kubernetes.io/os": "linux"}}},),),
        bad=(
            ({"pod": {"nodeSelector": {"beta.kubernetes.io/os": "linux"}}},),
            (
                {
                    "kind": "StorageClass",
                    "provisioner": "disk.csi.example",
                    "allowedTopologies": [
                        {"matchLabelExpressions": [{"key": "failure-domain.beta.kubernetes.io/zone", "values": ["a"]}]}
                    ],
                },
            ),
            ({"pod": {"topologySpreadConstraints": [{"topologyKey": "failure-domain.beta.kubernetes.io/zone"}]}},),
        ),
    ),
)
