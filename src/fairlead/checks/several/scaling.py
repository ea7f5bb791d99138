"""Autoscalers against what they scale, and against each other."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import asked
from fairlead.checks.several.reading import is_made_by_another, mapping, mappings, spec_of, text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

HPA = "HorizontalPodAutoscaler"
_VPA = "VerticalPodAutoscaler"
KEDA = "ScaledObject.keda.sh"
_DOCS = "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"


class Target(NamedTuple):
    """What an autoscaler names: apiVersion is left out, since one kind of a name is one thing in practice."""

    namespace: str
    kind: str
    name: str


def target_of(scaler: KubeObject) -> Target:
    field = "targetRef" if scaler.key == _VPA else "scaleTargetRef"
    ref = mapping(spec_of(scaler).get(field))
    return Target(scaler.namespace, text(ref.get("kind")) or "Deployment", text(ref.get("name")))


def scaled(scope: Scope) -> dict[Target, KubeObject]:
    """What makes pods, by the name autoscalers use. Kinds of other groups are found by their kind."""
    return {Target(each.namespace, each.kind, each.name): each for each in scope.objects.workloads}


def scalers(scope: Scope, *kinds: str) -> Iterator[KubeObject]:
    for kind in kinds:
        yield from scope.objects.of(kind)


_PLAIN_KINDS = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"})


def _aims_at_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = scaled(scope)
    for scaler in scalers(scope, HPA, _VPA, KEDA):
        target = target_of(scaler)
        if target.kind not in {*_PLAIN_KINDS, "Rollout"} or target in known:
            continue
        is_there = scope.objects.get(target.kind, target.namespace, target.name) is not None
        if not is_there and (scope.objects.of(target.kind, target.namespace) or scope.is_whole(scaler.namespace)):
            field = "targetRef" if scaler.key == _VPA else "scaleTargetRef"
            yield rule.found(scaler, f"there is no {target.kind} `{target.name}`", path=("spec", field))


def _two_for_one(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for kinds in ((HPA, KEDA), (_VPA,)):
        first: dict[Target, KubeObject] = {}
        for scaler in scalers(scope, *kinds):
            if is_made_by_keda(scaler):
                continue
            other = first.setdefault(target_of(scaler), scaler)
            if other is not scaler:
                message = (
                    f"scales {target_of(scaler).kind} {target_of(scaler).name}, and so does {other.kind} {other.name}"
                )
                yield rule.found(scaler, message, path=("spec",))


def is_made_by_keda(scaler: KubeObject) -> bool:
    return is_made_by_another(scaler) or scaler.labels.get("app.kubernetes.io/managed-by") == "keda-operator"


def _measured(scaler: KubeObject) -> Iterator[tuple[str, str]]:
    """Resource and container (empty for all) of metrics that are a share of the request."""
    spec = spec_of(scaler)
    if "targetCPUUtilizationPercentage" in spec or (scaler.key == HPA and not spec.get("metrics")):
        yield "cpu", ""
    for metric in mappings(spec.get("metrics")):
        for field in ("resource", "containerResource"):
            source = mapping(metric.get(field))
            if "averageUtilization" in mapping(source.get("target")) or "targetAverageUtilization" in source:
                yield text(source.get("name")), text(source.get("container"))
    for trigger in mappings(spec.get("triggers")):
        is_share = (trigger.get("metricType") or mapping(trigger.get("metadata")).get("type")) in {None, "Utilization"}
        if trigger.get("type") in {"cpu", "memory"} and is_share:
            yield text(trigger.get("type")), text(mapping(trigger.get("metadata")).get("containerName"))


def _share_of_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = scaled(scope)
    for scaler in scalers(scope, HPA, KEDA):
        each = known.get(target_of(scaler))
        if each is None or is_made_by_keda(scaler):
            continue
        for name, only in _measured(scaler):
            missing = next(_asking_nothing(scope, each, name, only), None)
            if missing is not None:
                message = f"measures {name} by the request, and container {missing} of {each.kind} {each.name} has none"
                yield rule.found(scaler, message, path=("spec",))


def _asking_nothing(scope: Scope, each: KubeObject, name: str, only: str) -> Iterator[str]:
    """Names of containers without the request, where no limit range fills it in."""
    pod = mapping(each.pod_spec)
    if asked(pod, name) is not None or _filled_in(scope, each.namespace, name):
        return
    for container in mappings(pod.get("containers")):
        if (not only or container.get("name") == only) and asked(container, name) is None:
            yield text(container.get("name"))


def _filled_in(scope: Scope, namespace: str, name: str) -> bool:
    return any(
        limit.get("type") == "Container"
        and (name in mapping(limit.get("default")) or name in mapping(limit.get("defaultRequest")))
        for each in scope.objects.of("LimitRange", namespace)
        for limit in mappings(spec_of(each).get("limits"))
    )


def _sets_replicas(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = scaled(scope)
    by_target = {target_of(scaler): scaler for scaler in scalers(scope, HPA, KEDA)}
    for target, scaler in by_target.items():
        each = known.get(target)
        # An object that the API server has answered always has the field; only a manifest that is applied resets it.
        if each is not None and "replicas" in spec_of(each) and not mapping(each.raw.get("metadata")).get("uid"):
            message = f"sets replicas, which {scaler.kind} {scaler.name} changes"
            yield rule.found(each, message, path=("spec", "replicas"))


def _against_each_other(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    horizontal = {target_of(scaler): scaler for scaler in scalers(scope, KEDA, HPA)}
    for vertical in scope.objects.of(_VPA):
        mode = mapping(spec_of(vertical).get("updatePolicy")).get("updateMode", "Auto")
        other = horizontal.get(target_of(vertical))
        if other is None or mode in {"Off", False}:
            continue
        both = {name for name, _ in _measured(other)} & _changed(vertical)
        if both:
            message = f"changes the request for {' and '.join(sorted(both))} by which {other.kind} {other.name} scales"
            yield rule.found(vertical, message, path=("spec",))


def _changed(vertical: KubeObject) -> set[str]:
    policies = mappings(mapping(spec_of(vertical).get("resourcePolicy")).get("containerPolicies"))
    controlled = [
        policy["controlledResources"] for policy in policies if isinstance(policy.get("controlledResources"), list)
    ]
    return {str(name) for names in controlled for name in names} if controlled else {"cpu", "memory"}


def most_of(scaler: KubeObject) -> int:
    field, default = ("maxReplicaCount", 100) if scaler.key == KEDA else ("maxReplicas", 0)
    found = spec_of(scaler).get(field, default)
    return found if isinstance(found, int) else default


def _asleep_behind_a_service(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = scaled(scope)
    served = {
        id(each)
        for service in scope.objects.of("Service")
        for each in scope.objects.selected(service.namespace, mapping(spec_of(service).get("selector")))
    }
    for scaler in scope.objects.of(KEDA):
        each = known.get(target_of(scaler))
        spec = spec_of(scaler)
        from_http = any("http" in text(trigger.get("type")) for trigger in mappings(spec.get("triggers")))
        if each is not None and id(each) in served and spec.get("minReplicaCount", 0) == 0 and not from_http:
            yield rule.found(
                scaler,
                f"lets {each.kind} {each.name} go to 0, which a Service sends traffic to",
                path=("spec", "minReplicaCount"),
            )


def _unscaled(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    aimed_at = {target_of(scaler) for scaler in scalers(scope, HPA, KEDA)}
    for service in scope.objects.of("Service"):
        for each in scope.objects.selected(service.namespace, mapping(spec_of(service).get("selector"))):
            if each.kind == "Deployment" and Target(each.namespace, each.kind, each.name) not in aimed_at:
                yield rule.found(each, "serves, and nothing scales it")


_REF = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "example"}


def hpa(*metrics: Mapping[str, Any], name: str = "example", **spec: Any) -> dict[str, Any]:
    whole = {
        "scaleTargetRef": _REF,
        "minReplicas": 2,
        "maxReplicas": 10,
        "metrics": list(metrics) or [_share("cpu")],
        **spec,
    }
    return {"kind": HPA, "metadata": {"name": name}, "spec": whole}


def _share(name: str) -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": 70}}}


def _vpa(mode: str, **spec: Any) -> dict[str, Any]:
    return {"kind": _VPA, "spec": {"targetRef": _REF, "updatePolicy": {"updateMode": mode}, **spec}}


def keda(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "ScaledObject",
        "spec": {"scaleTargetRef": {"name": "example"}, "triggers": [{"type": "kafka"}], **spec},
    }


ASKS = {"container": {"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}}
_PLAIN: dict[str, Any] = {"container": {}}
_AVERAGE = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "500m"}}}
_SERVICE = {"kind": "Service", "spec": {"selector": {"app": "example"}}}

RULES = (
    SeveralRule(
        id="SCA201",
        title="Autoscaler of a workload that is not there",
        severity=Severity.ERROR,
        why="It scales nothing, and what it was meant for keeps its number of pods under any load.",
        fix="Write kind and name as the workload has them, in the same namespace.",
        source=_DOCS,
        like=(
            "kube-linter:dangling-horizontalpodautoscaler",
            "kube-score:horizontalpodautoscaler-has-target",
            "popeye:600",
            "k8sgpt:hpa analyzer",
            "kyverno-policies:verify-vpa-target",
        ),
        about=(HPA, _VPA, KEDA),
        check=_aims_at_nothing,
        good=((ASKS, hpa()), (ASKS, hpa(scaleTargetRef={"kind": "Cluster", "name": "db"})), (hpa(),)),
        bad=(
            (ASKS, hpa(scaleTargetRef={**_REF, "name": "examples"})),
            (ASKS, hpa(scaleTargetRef={**_REF, "kind": "StatefulSet"})),
            (ASKS, keda(scaleTargetRef={"name": "cart"})),
        ),
    ),
    SeveralRule(
        id="SCA202",
        title="Two autoscalers for one workload",
        severity=Severity.ERROR,
        why="Each undoes what the other does; the number of pods goes up and down without end.",
        fix="Put all metrics into one; the highest wins.",
        source=_DOCS,
        like=("kyverno-policies:prevent-duplicate-hpa", "kyverno-policies:prevent-duplicate-vpa"),
        about=(HPA, _VPA, KEDA),
        check=_two_for_one,
        good=(
            (ASKS, hpa(), _vpa("Off")),
            (ASKS, hpa(), hpa(name="other", scaleTargetRef={**_REF, "name": "other"})),
        ),
        bad=((ASKS, hpa(), hpa(name="other")), (ASKS, hpa(), keda())),
    ),
    SeveralRule(
        id="SCA203",
        title="Autoscaler measures a share of a request that is not set",
        severity=Severity.ERROR,
        why="Without the request there is no share; the autoscaler reports FailedGetResourceMetric and does nothing.",
        fix="Set the request on every container, or measure one container (`ContainerResource`), or an average value.",
        source=_DOCS + "#support-for-resource-metrics",
        like=("k8sgpt:hpa analyzer",),
        about=(HPA, KEDA),
        check=_share_of_nothing,
        good=(
            (ASKS, hpa(_share("cpu"), _share("memory"))),
            (_PLAIN, hpa(_AVERAGE)),
            ({"pod": {"resources": {"requests": {"cpu": 1}}}}, hpa()),
            (
                _PLAIN,
                hpa(),
                {"kind": "LimitRange", "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "100m"}}]}},
            ),
        ),
        bad=(
            (_PLAIN, hpa()),
            ({"container": {"resources": {"requests": {"cpu": "500m"}}}}, hpa(_share("memory"))),
            (_PLAIN, keda(triggers=[{"type": "cpu", "metricType": "Utilization"}])),
        ),
    ),
    SeveralRule(
        id="SCA204",
        title="Manifest sets the replicas that an autoscaler changes",
        severity=Severity.WARNING,
        why="Each time it is applied the workload goes back to that number, under load too, and the autoscaler "
        "begins anew.",
        fix="Leave `replicas` out; with server-side apply hand it over first.",
        source=_DOCS + "#migrating-deployments-and-statefulsets-to-horizontal-autoscaling",
        like=("kube-score:deployment-targeted-by-hpa-does-not-have-replicas-configured",),
        about=(HPA, KEDA),
        check=_sets_replicas,
        good=(
            (ASKS, hpa()),
            ({"spec": {"replicas": 2}},),
            ({"metadata": {"uid": "1"}, "spec": {"replicas": 2}}, hpa()),
        ),
        bad=(({"spec": {"replicas": 2}}, hpa()), ({"spec": {"replicas": 2}}, keda())),
    ),
    SeveralRule(
        id="SCA205",
        title="Vertical and horizontal autoscaler on the same resource",
        severity=Severity.ERROR,
        why="One changes the request by which the other counts pods; both chase each other until pods are very "
        "many or very large.",
        fix="Let one of them take another resource or metric, or run the vertical one in mode Off.",
        source="https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/known-limitations.md",
        like=("kyverno-policies:check-vpa-configuration",),
        about=(_VPA,),
        check=_against_each_other,
        good=(
            (ASKS, hpa(), _vpa("Off")),
            (
                ASKS,
                hpa(),
                _vpa("Recreate", resourcePolicy={"containerPolicies": [{"controlledResources": ["memory"]}]}),
            ),
            (ASKS, hpa({"type": "External", "external": {}}), _vpa("Recreate")),
        ),
        bad=((ASKS, hpa(), _vpa("Recreate")), (ASKS, keda(triggers=[{"type": "cpu"}]), _vpa("Auto"))),
    ),
    SeveralRule(
        id="SCA208",
        title="Service whose pods may all be scaled away",
        severity=Severity.WARNING,
        why="KEDA goes to zero unless told otherwise. Requests do not wake pods that scale by something else: "
        "they are refused.",
        fix="Set `minReplicaCount` to 2, or scale by requests with the HTTP add-on.",
        source="https://keda.sh/docs/latest/reference/scaledobject-spec/#minreplicacount",
        about=(KEDA,),
        check=_asleep_behind_a_service,
        good=((ASKS, _SERVICE, keda(minReplicaCount=2)), (ASKS, keda())),
        bad=((ASKS, _SERVICE, keda()), (ASKS, _SERVICE, keda(minReplicaCount=0))),
    ),
    SeveralRule(
        id="SCA209",
        title="Service workload without an autoscaler",
        severity=Severity.ADVICE,
        enabled=False,
        why="Its number of pods is that of the day somebody wrote it down.",
        fix="Add a HorizontalPodAutoscaler where the load changes.",
        source=_DOCS,
        like=("kyverno-policies:check-hpa-exists", "hardeneks:check_horizontal_pod_autoscaling_exists"),
        about=("Service",),
        check=_unscaled,
        good=((ASKS, _SERVICE, hpa()), (ASKS,)),
        bad=((ASKS, _SERVICE),),
    ),
)
