"""Disruption budgets and what they stand before: budgets that stop every drain, and workloads that have none."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import is_made_by_another, labels_at, mapping_at, mappings_at, selected_by, text_at
from fairlead.checks.several.webhooks import called_services
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_PDB = "https://kubernetes.io/docs/tasks/run-application/configure-pdb/"
_SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout.argoproj.io"})
# What is asked to have a budget and more than one replica: what people write, not what a controller makes of it.
_SERVING = ("Deployment", "StatefulSet", "Rollout.argoproj.io")
Named = tuple[str, str, str]


class _Size(NamedTuple):
    """How many pods a workload keeps at least; `by` is the autoscaler that says so."""

    replicas: int
    by: str = ""


def _autoscaled(scope: Scope) -> dict[Named, _Size]:
    """By namespace, kind and name of the target. KEDA's may go to zero, where nothing is left to be evicted."""
    sizes: dict[Named, _Size] = {}
    for kind, field, default in (
        ("HorizontalPodAutoscaler", "minReplicas", 1),
        ("ScaledObject.keda.sh", "minReplicaCount", 0),
    ):
        for each in scope.objects.of(kind):
            spec = mapping_at(each.raw, "spec")
            target = mapping_at(spec, "scaleTargetRef")
            named = (each.namespace, text_at(target, "kind") or "Deployment", text_at(target, "name"))
            sizes[named] = _Size(_whole(spec.get(field), default), f"{each.kind} {each.name}")
    return sizes


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _size(each: KubeObject, autoscaled: dict[Named, _Size]) -> _Size:
    if each.key not in _SCALED:
        return _Size(1)
    by_autoscaler = autoscaled.get((each.namespace, each.kind, each.name))
    return by_autoscaler or _Size(_whole(mapping_at(each.raw, "spec").get("replicas"), 1))


def _budgets(scope: Scope) -> Iterator[tuple[KubeObject, dict[str, Any], list[KubeObject]]]:
    """Each budget with its spec and what it covers."""
    for budget in scope.objects.of("PodDisruptionBudget"):
        spec = mapping_at(budget.raw, "spec")
        covered = [
            each
            for each in selected_by(scope.objects, budget.namespace, spec.get("selector"))
            if not is_made_by_another(each) and each.kind not in {"Job", "CronJob", "PodTemplate"}
        ]
        yield budget, spec, covered


def _kept(spec: dict[str, Any], replicas: int) -> int | None:
    """How many of these a budget keeps, by `minAvailable`; None where it says 100 %, which is told without counting."""
    wanted = spec.get("minAvailable")
    if isinstance(wanted, str) and wanted.endswith("%") and wanted[:-1].isdigit():
        percent = int(wanted[:-1])
        return None if percent >= 100 else math.ceil(percent * replicas / 100)
    if isinstance(wanted, str) and wanted.isdigit():
        wanted = int(wanted)
    return wanted if isinstance(wanted, int) and not isinstance(wanted, bool) else None


def _blocking(scope: Scope, *, autoscaled: bool) -> Iterator[tuple[KubeObject, str]]:
    sizes = _autoscaled(scope)
    for budget, spec, covered in _budgets(scope):
        if not covered or any(each.key not in _SCALED for each in covered):
            continue
        of_each = [_size(each, sizes) for each in covered]
        by = [size.by for size in of_each if size.by]
        replicas = sum(size.replicas for size in of_each)
        kept = _kept(spec, replicas)
        if bool(by) is autoscaled and kept is not None and replicas and kept >= replicas:
            lowest = f"{by[0]} goes down to" if by else f"{covered[0].kind} {covered[0].name} has"
            percent = f" ({spec['minAvailable']})" if "%" in str(spec["minAvailable"]) else ""
            yield budget, f"keeps {kept}{percent} where {lowest} {replicas}"


def _keeps_all(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for budget, message in _blocking(scope, autoscaled=False):
        yield rule.found(budget, message, path=("spec", "minAvailable"))


def _keeps_all_at_minimum(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for budget, message in _blocking(scope, autoscaled=True):
        yield rule.found(budget, message, path=("spec", "minAvailable"))


def _overlap(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    first: dict[int, KubeObject] = {}
    for budget, _, covered in _budgets(scope):
        for each in covered:
            other = first.setdefault(id(each), budget)
            if other is not budget:
                message = f"covers the pods of {each.kind} {each.name} as PodDisruptionBudget {other.name} does"
                yield rule.found(budget, message, path=("spec", "selector"))
                break


def _covers_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for budget in scope.objects.of("PodDisruptionBudget"):
        selector = mapping_at(budget.raw, "spec", "selector")
        if (
            not selector
            or not scope.is_whole(budget.namespace)
            or _is_of_an_operator(budget.namespace, selector, scope)
        ):
            continue
        if not selected_by(scope.objects, budget.namespace, selector):
            yield rule.found(budget, "no pods here carry its labels", path=("spec", "selector"))


def _is_of_an_operator(namespace: str, selector: dict[str, Any], scope: Scope) -> bool:
    """Whether a custom resource here has a name or label that is selected by: its operator makes the pods."""
    asked = {value for value in mapping_at(selector, "matchLabels").values() if isinstance(value, str)}
    for kind in scope.objects.kinds:
        if "." in kind and any(
            asked & {each.name, *each.labels.values()} for each in scope.objects.of(kind, namespace)
        ):
            return True
    return False


def _uncovered(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    covered = {id(each) for _, _, some in _budgets(scope) for each in some}
    sizes = _autoscaled(scope)
    for each in _serving(scope):
        size = _size(each, sizes)
        if size.replicas > 1 and id(each) not in covered:
            yield rule.found(
                each, f"has {size.replicas} replicas and no PodDisruptionBudget", path=("spec", "replicas")
            )


def _serving(scope: Scope) -> Iterator[KubeObject]:
    for kind in _SERVING:
        for each in scope.objects.of(kind):
            if each.pod_spec is not None and not is_made_by_another(each):
                yield each


def _alone(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    served = _with_services(scope)
    sizes = _autoscaled(scope)
    for each in _serving(scope):
        size = _size(each, sizes)
        service = served.get(id(each))
        if service is None or size.replicas != 1:
            continue
        said = f"as {size.by} goes down to 1" if size.by else "one replica"
        yield rule.found(each, f"serves Service {service.name} with a single pod ({said})", path=("spec", "replicas"))


def _with_services(scope: Scope) -> dict[int, KubeObject]:
    """A Service for each workload that is behind one."""
    served: dict[int, KubeObject] = {}
    by_server = called_services(scope)
    for service in scope.objects.of("Service"):
        if (service.namespace, service.name) in by_server:
            continue  # told at the webhook or API that calls it
        ports = mappings_at(service.raw, "spec", "ports")
        if ports and all("metrics" in text_at(port, "name") for port in ports):
            continue  # nobody waits for a scrape
        selector = labels_at(service.raw, "spec", "selector")
        for each in scope.objects.selected(service.namespace, selector):
            served.setdefault(id(each), service)
    return served


def _uncounted(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for budget, spec, covered in _budgets(scope):
        bare = next((each for each in covered if each.key == "Pod"), None)
        asked = "maxUnavailable" if "maxUnavailable" in spec else "minAvailable"
        counts_controllers = asked == "maxUnavailable" or str(spec.get(asked, "")).endswith("%")
        if bare is not None and counts_controllers:
            yield rule.found(budget, f"covers Pod {bare.name}, which has no controller", path=("spec", asked))


def _one_by_one(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    sizes = _autoscaled(scope)
    for budget, spec, covered in _budgets(scope):
        replicas = sum(_size(each, sizes).replicas for each in covered)
        if replicas < rule.params["replicas"] or any(each.key not in _SCALED for each in covered):
            continue
        kept = _kept(spec, replicas)
        asked = "maxUnavailable" if "maxUnavailable" in spec else "minAvailable"
        allowed = replicas - kept if asked == "minAvailable" and kept is not None else spec.get("maxUnavailable")
        if str(allowed) == "1":
            yield rule.found(budget, f"lets {replicas} pods go one at a time", path=("spec", asked))


def _workload(kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "podMeta": {"labels": {"app": "cart"}}, "spec": spec}


def _budget(name: str = "cart", labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": labels or {"app": "cart"}}
    return {"kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": {"selector": selector, **spec}}


def _autoscaler(**spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "example"}
    return {"kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": target, "maxReplicas": 9, **spec}}


_SERVICE = {"kind": "Service", "spec": {"selector": {"app": "cart"}}}

RULES = (
    SeveralRule(
        id="UPG416",
        title="Disruption budget that keeps every replica",
        severity=Severity.BLOCKER,
        why="No pod may ever be evicted, so a drain of its node waits until it gives up, and the upgrade with it.",
        fix="Run more replicas than `minAvailable` asks for, or say `maxUnavailable: 1`, which holds for any number.",
        source=_PDB,
        like=(
            "kube-linter:pdb-min-available",
            "kyverno-policies:deployment-replicas-higher-than-pdb",
            "kyverno-policies:require-replicas-allow-disruption",
            "polaris:pdbDisruptionsIsZero",
            "popeye:901",
        ),
        about=("PodDisruptionBudget",),
        check=_keeps_all,
        good=(
            (_workload(replicas=3), _budget(minAvailable=2)),
            (_workload(replicas=3), _budget(minAvailable="50%")),
            (_workload(replicas=1), _budget(maxUnavailable=1)),
            (_workload(replicas=2), _workload("StatefulSet", replicas=2), _budget(minAvailable=3)),
            (_workload(), _budget(minAvailable=1), _autoscaler(minReplicas=2)),
        ),
        bad=(
            (_workload(replicas=2), _budget(minAvailable=2)),
            (_workload(), _budget(minAvailable=1)),
            (_workload(replicas=2), _budget(minAvailable="60%")),
            (_workload("StatefulSet", replicas=3), _budget(minAvailable=5)),
        ),
    ),
    SeveralRule(
        id="UPG417",
        title="Disruption budget that keeps all an autoscaler leaves",
        severity=Severity.ERROR,
        why="At night, when the autoscaler is at its minimum and nodes are upgraded, no pod may be evicted.",
        fix="Set the autoscaler's minimum above `minAvailable`, or use `maxUnavailable`.",
        source=_PDB,
        like=("kube-linter:pdb-min-available", "polaris:pdbMinAvailableGreaterThanHPAMinReplicas"),
        about=("PodDisruptionBudget",),
        check=_keeps_all_at_minimum,
        good=((_workload(), _budget(minAvailable=2), _autoscaler(minReplicas=3)),),
        bad=(
            (_workload(), _budget(minAvailable=2), _autoscaler(minReplicas=2)),
            (_workload(replicas=5), _budget(minAvailable=1), _autoscaler()),
        ),
    ),
    SeveralRule(
        id="UPG418",
        title="Two disruption budgets for the same pods",
        severity=Severity.BLOCKER,
        why="Pods that more than one budget covers cannot be evicted: the API answers with an error.",
        fix="Keep one budget, or make their selectors differ.",
        source="https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/",
        like=("popeye:209", "kubepreflight:PDB-002"),
        about=("PodDisruptionBudget",),
        check=_overlap,
        good=(
            (_workload(replicas=3), _budget(maxUnavailable=1)),
            (_workload(replicas=3), _budget(maxUnavailable=1), _budget("shop", {"app": "shop"}, maxUnavailable=1)),
        ),
        bad=((_workload(replicas=3), _budget(maxUnavailable=1), _budget("carts", minAvailable=1)),),
    ),
    SeveralRule(
        id="UPG419",
        title="Disruption budget for pods that are not there",
        severity=Severity.WARNING,
        why="The workload it was meant for is drained without regard.",
        fix="Make its selector agree with the labels in the pod template, or remove it.",
        source=_PDB,
        like=("popeye:900", "k8sgpt:pdb analyzer"),
        about=("PodDisruptionBudget",),
        check=_covers_nothing,
        good=(
            (_workload(replicas=3), _budget(maxUnavailable=1)),
            (_budget(maxUnavailable=1),),
            (
                _workload(),
                _budget(labels={"prometheus": "shop"}, minAvailable=1),
                {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "shop"}},
            ),
        ),
        bad=((_workload(replicas=3), _budget(labels={"app": "carts"}, maxUnavailable=1)),),
    ),
    SeveralRule(
        id="UPG420",
        title="Several replicas and no disruption budget",
        severity=Severity.WARNING,
        why="Nodes drained side by side may evict all its pods at once.",
        fix="Add a PodDisruptionBudget with `maxUnavailable: 1`, or a percentage where there are many.",
        source=_PDB,
        like=(
            "kube-score:deployment-has-poddisruptionbudget",
            "kube-score:statefulset-has-poddisruptionbudget",
            "polaris:missingPodDisruptionBudget",
            "popeye:206",
            "kyverno-policies:require-pdb",
            "eksup:K8S004",
            "redhat-cop:RHCOP-OCP_REQ_INV-00001",
        ),
        about=_SERVING,
        check=_uncovered,
        good=(
            (_workload(replicas=3), _budget(maxUnavailable=1)),
            (_workload(replicas=1),),
            (_workload("StatefulSet", replicas=3), _budget(maxUnavailable=1)),
        ),
        bad=(
            (_workload(replicas=3),),
            (_workload(), _autoscaler(minReplicas=2)),
            (_workload(replicas=3), _budget(labels={"app": "shop"}, maxUnavailable=1)),
        ),
    ),
    SeveralRule(
        id="UPG421",
        title="Single pod behind a Service",
        severity=Severity.WARNING,
        why="Each drain of its node is an outage: the new pod starts only after the old one was told to stop.",
        fix="Run two or more replicas on different nodes; where only one may run, plan its restarts.",
        source="https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
        like=("kubepreflight:DRAIN-001", "kube-score:deployment-replicas", "polaris:deploymentMissingReplicas"),
        about=_SERVING,
        check=_alone,
        good=(
            (_workload(replicas=2), _SERVICE),
            (_workload(replicas=1),),
            (_workload(), _SERVICE, _autoscaler(minReplicas=2)),
            (_workload(replicas=0), _SERVICE),
            (
                _workload(),
                {"kind": "Service", "spec": {"selector": {"app": "cart"}, "ports": [{"name": "http-metrics"}]}},
            ),
        ),
        bad=(
            (_workload(replicas=1), _SERVICE),
            (_workload("StatefulSet"), _SERVICE),
            (_workload(replicas=3), _SERVICE, _autoscaler(minReplicas=1)),
        ),
    ),
    SeveralRule(
        id="UPG422",
        title="Disruption budget that cannot count its pods",
        severity=Severity.ERROR,
        why="Percentages and `maxUnavailable` are counted from the pods' controller; without one none may be evicted.",
        fix="Make the pods by a Deployment or StatefulSet, or give `minAvailable` as a number.",
        source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors",
        about=("PodDisruptionBudget",),
        check=_uncounted,
        good=(
            (_workload("Pod"), _budget(minAvailable=1)),
            (_workload(replicas=3), _budget(maxUnavailable=1)),
        ),
        bad=(
            (_workload("Pod") | {"spec": {}}, _budget(maxUnavailable=1)),
            (_workload("Pod") | {"spec": {}}, _budget(minAvailable="50%")),
        ),
    ),
    SeveralRule(
        id="UPG479",
        title="Large workload that drains one pod at a time",
        severity=Severity.ADVICE,
        why="Each node's drain waits for each pod in turn, so the roll of its pool takes hours or runs out of time.",
        fix="Allow a share, such as `maxUnavailable: 10%`.",
        source=_PDB,
        about=("PodDisruptionBudget",),
        params={"replicas": 30},
        check=_one_by_one,
        good=(
            (_workload(replicas=3), _budget(maxUnavailable=1)),
            (_workload(replicas=40), _budget(maxUnavailable="10%")),
            (_workload("StatefulSet", replicas=5), _budget(minAvailable=4)),
        ),
        bad=(
            (_workload(replicas=40), _budget(maxUnavailable=1)),
            (_workload(replicas=40), _budget(minAvailable=39)),
        ),
    ),
)
