"""Quotas, limit ranges and device claims against the pods of their namespace."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.amounts import amount, asked, limited, pod_request, replicas_of, running
from fairlead.checks.several.reading import mapping, mappings, spec_of, text, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_QUOTAS = "https://kubernetes.io/docs/concepts/policy/resource-quotas/"
_RANGES = "https://kubernetes.io/docs/concepts/policy/limit-range/"
# What a quota asks every container to set, and what a container sets for it.
_DEMANDS: Mapping[str, tuple[str, str]] = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
_SUMMED: Mapping[str, str] = {
    "cpu": "cpu",
    "memory": "memory",
    "requests.cpu": "cpu",
    "requests.memory": "memory",
    "requests.ephemeral-storage": "ephemeral-storage",
}
_COUNTED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "Rollout.argoproj.io", "Pod"})
_ROLLED = frozenset({"Deployment", "Rollout.argoproj.io"})


def _by_namespace(scope: Scope) -> dict[str, list[KubeObject]]:
    found: dict[str, list[KubeObject]] = {}
    for each in workloads(scope):
        found.setdefault(each.namespace, []).append(each)
    return found


def _quotas(scope: Scope) -> Iterator[tuple[KubeObject, Mapping[str, Any]]]:
    """Quotas for all pods of their namespace; those with scopes are for some of them."""
    for quota in scope.objects.of("ResourceQuota"):
        spec = spec_of(quota)
        if not spec.get("scopes") and not spec.get("scopeSelector"):
            yield quota, mapping(spec.get("hard"))


def _defaults(scope: Scope, namespace: str) -> dict[tuple[str, str], bool]:
    """What limit ranges fill in: a default limit is the request too, where none is set for it."""
    found: dict[tuple[str, str], bool] = {}
    for each in scope.objects.of("LimitRange", namespace):
        for limit in mappings(spec_of(each).get("limits")):
            if limit.get("type") != "Container":
                continue
            for name in {**mapping(limit.get("default")), **mapping(limit.get("max"))}:
                found["limits", name] = found["requests", name] = True
            for name in mapping(limit.get("defaultRequest")):
                found["requests", name] = True
    return found


def _refused_by_quota(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    grouped = _by_namespace(scope)
    for quota, hard in _quotas(scope):
        filled = _defaults(scope, quota.namespace)
        wanted = [(part, name) for key, (part, name) in _DEMANDS.items() if key in hard and (part, name) not in filled]
        for each in grouped.get(quota.namespace, ()):
            pod = mapping(each.pod_spec)
            missing = next(_missing(pod, wanted), None)
            if missing is not None:
                listed_in, index, part, name = missing
                message = f"sets no {part} for {name}, which ResourceQuota {quota.name} asks for"
                path: Path = (*each.pod_path, listed_in, index, "resources", part, name)
                yield rule.found(each, message, path=path)


def _missing(pod: Mapping[str, Any], wanted: list[tuple[str, str]]) -> Iterator[tuple[str, int, str, str]]:
    of_pod = {(part, name) for part, name in wanted if _says(pod, part, name)}
    for listed_in in ("containers", "initContainers"):
        for index, container in enumerate(mappings(pod.get(listed_in))):
            left = (pair for pair in wanted if pair not in of_pod and not _says(container, *pair))
            yield from ((listed_in, index, part, name) for part, name in left)


def _says(container: Mapping[str, Any], part: str, name: str) -> bool:
    get = asked if part == "requests" else limited
    return get(container, name) is not None


def _total(of: list[KubeObject], name: str) -> float:
    return sum(pod_request(mapping(each.pod_spec), name) * replicas_of(each) for each in of if each.key in _COUNTED)


def _pods(of: list[KubeObject]) -> int:
    return sum(replicas_of(each) for each in of if each.key in _COUNTED)


def _too_small(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    grouped = _by_namespace(scope)
    for quota, hard in _quotas(scope):
        here = grouped.get(quota.namespace, [])
        for key, bound in hard.items():
            most = amount(bound)
            needed = _needed(here, key)
            if most is not None and needed > most:
                message = f"allows {bound} of {key}, the workloads of its namespace ask for {_told(needed)}"
                yield rule.found(quota, message, path=("spec", "hard", key))


def _needed(of: list[KubeObject], key: str) -> float:
    if key in {"pods", "count/pods"}:
        return _pods(of)
    return _total(of, _SUMMED[key]) if key in _SUMMED else 0.0


def _told(number: float) -> str:
    """A number as people write quantities."""
    for unit, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if number >= size:
            return f"{number / size:.4g}{unit}"
    return f"{number:.4g}"


def _no_room_to_roll(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    grouped = _by_namespace(scope)
    for quota, hard in _quotas(scope):
        here = grouped.get(quota.namespace, [])
        for key, bound in hard.items():
            for each in _without_a_step(here, key, amount(bound)):
                message = (
                    f"ResourceQuota {quota.name} leaves no room of {key} for one pod more, which its rollout needs"
                )
                yield rule.found(each, message, path=("spec", "strategy"))


def _without_a_step(here: list[KubeObject], key: str, most: float | None) -> list[KubeObject]:
    """Those for which one pod more is too many, where all that is there fits."""
    needed = _needed(here, key)
    if most is None or needed > most:
        return []
    steps = [(each, _needed([each], key) / replicas_of(each)) for each in _surging(here)]
    return [each for each, step in steps if step and needed + step > most]


def _surging(of: list[KubeObject]) -> list[KubeObject]:
    return [each for each in of if each.key in _ROLLED and replicas_of(each) > 0 and _rolls_by_surge_only(each)]


def _rolls_by_surge_only(each: KubeObject) -> bool:
    """Whether no old pod goes before a new one is ready: 25 % of up to three replicas are none."""
    strategy = mapping(spec_of(each).get("strategy"))
    if strategy.get("type") == "Recreate":
        return False
    unavailable = str(mapping(strategy.get("rollingUpdate")).get("maxUnavailable", "25%"))
    percent = unavailable.removesuffix("%")
    if not percent.isdigit():
        return False
    share = int(percent) * replicas_of(each) // 100 if unavailable.endswith("%") else int(percent)
    return share == 0


def _outside_range(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    grouped = _by_namespace(scope)
    for limits in scope.objects.of("LimitRange"):
        bounds = [one for one in mappings(spec_of(limits).get("limits")) if one.get("type") == "Container"]
        for each in grouped.get(limits.namespace, ()):
            yield from _containers_outside(rule, each, bounds, limits.name)


def _containers_outside(
    rule: SeveralRule, each: KubeObject, bounds: list[dict[str, Any]], limits: str
) -> Iterator[Found]:
    for listed_in, index, container in running(mapping(each.pod_spec)):
        for said in _outside(bounds, container):
            path: Path = (*each.pod_path, listed_in, index, "resources")
            item = f"container {text(container.get('name'))}"
            yield rule.found(each, f"{said}, outside LimitRange {limits}", path=path, item=item)


def _outside(bounds: list[dict[str, Any]], container: Mapping[str, Any]) -> Iterator[str]:
    for bound in bounds:
        for name, value in mapping(bound.get("max")).items():
            most, has = amount(value), limited(container, name)
            if most is not None and has is not None and has > most:
                yield f"may use more {name} than {value}"
        for name, value in mapping(bound.get("min")).items():
            least, has = amount(value), asked(container, name)
            if least is not None and has is not None and has < least:
                yield f"requests less {name} than {value}"


def _without(kind: str, scope: Scope) -> Iterator[KubeObject]:
    """Namespaces among the objects that hold workloads and nothing of a kind."""
    grouped = _by_namespace(scope)
    for namespace in scope.objects.of("Namespace"):
        if grouped.get(namespace.name) and not scope.objects.of(kind, namespace.name):
            yield namespace


def _no_quota(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for namespace in _without("ResourceQuota", scope):
        yield rule.found(namespace, "has workloads and no ResourceQuota")


def _no_range(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for namespace in _without("LimitRange", scope):
        yield rule.found(namespace, "has workloads and no LimitRange")


def _no_claim(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        for index, claim in enumerate(mappings(mapping(each.pod_spec).get("resourceClaims"))):
            field = "resourceClaimName" if "resourceClaimName" in claim else "resourceClaimTemplateName"
            kind, name = field[0].upper() + field[1:].removesuffix("Name"), text(claim.get(field))
            if name and scope.objects.get(kind, each.namespace, name) is None:
                path: Path = (*each.pod_path, "resourceClaims", index, field)
                yield rule.found(each, f"there is no {kind} `{name}`", path=path)


def _quota(**hard: Any) -> dict[str, Any]:
    return {"kind": "ResourceQuota", "spec": {"hard": {key.replace("__", "."): value for key, value in hard.items()}}}


def _range(**limit: Any) -> dict[str, Any]:
    return {"kind": "LimitRange", "spec": {"limits": [{"type": "Container", **limit}]}}


def _sized(replicas: int, **requests: Any) -> dict[str, Any]:
    return {"spec": {"replicas": replicas}, "container": {"resources": {"requests": requests}}}


_NAMESPACE = {"kind": "Namespace", "metadata": {"name": "shop"}}

RULES = (
    SeveralRule(
        id="RES201",
        title="Pods that their namespace's quota refuses",
        severity=Severity.ERROR,
        why="A quota of CPU or memory takes only pods that say how much they ask for; the workload is there and "
        "has no pods.",
        fix="Set it on every container, or give the namespace a LimitRange with defaults.",
        source=_QUOTAS,
        about=("ResourceQuota",),
        check=_refused_by_quota,
        good=(
            (_quota(requests__cpu=10), _sized(1, cpu="100m")),
            (_quota(limits__memory="10Gi"), _range(default={"memory": "512Mi"}), {"container": {}}),
            (_quota(pods=10), {"container": {}}),
            (_quota(requests__cpu=10), {"pod": {"resources": {"requests": {"cpu": 1}}}}),
        ),
        bad=(
            (_quota(requests__cpu=10), {"container": {}}),
            (_quota(limits__memory="10Gi"), _sized(1, memory="1Gi")),
            (_quota(requests__cpu=10), {**_sized(1, cpu=1), "init-container": {}}),
        ),
    ),
    SeveralRule(
        id="RES202",
        title="Quota smaller than what is to run there",
        severity=Severity.ERROR,
        why="The last replicas are never made, and what is drained may not come back.",
        fix="Raise the quota, with room for a rollout, or lower replicas or requests.",
        source=_QUOTAS,
        about=("ResourceQuota",),
        check=_too_small,
        good=((_quota(requests__cpu=3, pods=3), _sized(3, cpu=1)), (_quota(requests__memory="1Gi"), _sized(2, cpu=1))),
        bad=(
            (_quota(requests__cpu=2), _sized(3, cpu=1)),
            (_quota(pods=2), _sized(3, cpu=1)),
            (_quota(requests__memory="1Gi"), _sized(2, memory="600Mi")),
        ),
    ),
    SeveralRule(
        id="RES203",
        title="Quota that leaves no room for a rollout",
        severity=Severity.WARNING,
        why="A rollout that may take no old pod away first needs room for a new one; the quota refuses it and "
        "the rollout stands still.",
        fix="Leave room for one more pod, or set `maxUnavailable` to 1.",
        source=_QUOTAS,
        about=("ResourceQuota",),
        check=_no_room_to_roll,
        good=(
            (_quota(requests__cpu=4), _sized(3, cpu=1)),
            (_quota(requests__cpu=4), _sized(4, cpu=1)),
            (_quota(requests__cpu=2), _sized(3, cpu=1)),
        ),
        bad=((_quota(requests__cpu=3), _sized(3, cpu=1)), (_quota(pods=2), _sized(2, cpu=1))),
    ),
    SeveralRule(
        id="RES204",
        title="Container outside its namespace's limit range",
        severity=Severity.ERROR,
        why="The API server refuses the pods; the workload is there and has none.",
        fix="Keep to the range, or change it.",
        source=_RANGES,
        about=("LimitRange",),
        check=_outside_range,
        good=(
            (
                _range(max={"memory": "2Gi"}, min={"cpu": "50m"}),
                {"container": {"resources": {"limits": {"memory": "2Gi", "cpu": "50m"}}}},
            ),
            (_range(max={"memory": "2Gi"}), {"container": {}}),
        ),
        bad=(
            (_range(max={"memory": "2Gi"}), {"container": {"resources": {"limits": {"memory": "3Gi"}}}}),
            (_range(min={"cpu": "50m"}), _sized(1, cpu="10m")),
        ),
    ),
    SeveralRule(
        id="RES205",
        title="Namespace without a quota",
        severity=Severity.ADVICE,
        enabled=False,
        why="One team's workload may take the room of all others.",
        fix="Give each namespace a ResourceQuota, with a LimitRange for its defaults.",
        source=_QUOTAS,
        like=("trivy:KSV-0040", "hardeneks:ensure_namespace_quotas_exist", "kyverno-policies:add-ns-quota"),
        about=("Namespace",),
        check=_no_quota,
        good=((_NAMESPACE, _quota(pods=10), {"container": {}}), (_NAMESPACE,)),
        bad=((_NAMESPACE, {"container": {}}),),
    ),
    SeveralRule(
        id="RES206",
        title="Namespace without a limit range",
        severity=Severity.ADVICE,
        enabled=False,
        why="A container that says nothing about resources runs with none.",
        fix="Give each namespace a LimitRange with `defaultRequest` and a default memory limit.",
        source=_RANGES,
        like=("trivy:KSV-0039",),
        about=("Namespace",),
        check=_no_range,
        good=((_NAMESPACE, _range(default={"memory": "1Gi"}), {"container": {}}),),
        bad=((_NAMESPACE, {"container": {}}),),
    ),
    SeveralRule(
        id="RES207",
        title="Device claim that is not there",
        severity=Severity.ERROR,
        why="The pods wait for it and stay Pending.",
        fix="Add the ResourceClaim or its template to the namespace, or write its name right.",
        source="https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/",
        needs=(WHOLE,),
        check=_no_claim,
        good=(
            (
                {"pod": {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "gpu"}]}},
                {"kind": "ResourceClaimTemplate", "metadata": {"name": "gpu"}},
            ),
        ),
        bad=(({"pod": {"resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu"}]}},),),
    ),
)
