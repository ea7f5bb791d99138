"""StatefulSets with their Services, budgets and autoscalers."""

from collections.abc import Iterator
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import replicas_of
from fairlead.checks.several.claims import templates_of
from fairlead.checks.several.reading import chosen_by, mapping, mappings, spec_of, text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

# What needs more than half of its members: by the last part of the image's name.
_VOTERS = frozenset(
    {
        *("etcd", "zookeeper", "cp-zookeeper", "kubernetes-zookeeper", "consul", "vault", "mongo", "mongodb"),
        *("rabbitmq", "nats", "rqlite", "mariadb-galera", "percona-xtradb-cluster", "redis-sentinel"),
    }
)


def _image_names(each: KubeObject) -> set[str]:
    images = (text(container.get("image")) for container in mappings(mapping(each.pod_spec).get("containers")))
    return {image.partition("@")[0].rpartition("/")[2].partition(":")[0] for image in images}


def _sets_that_vote(scope: Scope) -> Iterator[KubeObject]:
    for each in scope.objects.of("StatefulSet"):
        if replicas_of(each) > 1 and _image_names(each) & _VOTERS:
            yield each


def _governing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.of("StatefulSet"):
        name = text(spec_of(each).get("serviceName"))
        if name and (wrong := _wrong_with(scope, each, name)):
            yield rule.found(each, wrong, path=("spec", "serviceName"))


def _wrong_with(scope: Scope, each: KubeObject, name: str) -> str:
    service = scope.objects.get("Service", each.namespace, name)
    if service is None:
        return f"there is no Service `{name}`" if scope.is_whole(each.namespace) else ""
    if spec_of(service).get("clusterIP") != "None":
        return f"Service `{name}` is not headless"
    selector = mapping(spec_of(service).get("selector"))
    is_selected = selector and selector.items() <= each.pod_labels.items()
    return "" if is_selected else f"Service `{name}` does not select its pods"


def _not_found_before_ready(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in _sets_that_vote(scope):
        service = scope.objects.get("Service", each.namespace, text(spec_of(each).get("serviceName")))
        if service is None or spec_of(service).get("clusterIP") != "None":
            continue
        if spec_of(service).get("publishNotReadyAddresses") is not True:
            said = f"members of {each.ref} do not find each other before they are ready"
            yield rule.found(service, said, path=("spec", "publishNotReadyAddresses"))


def _budget_breaks_quorum(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    voting = {each.ref: each for each in _sets_that_vote(scope)}
    for budget in scope.objects.of("PodDisruptionBudget"):
        chosen = chosen_by(spec_of(budget).get("selector"), budget.namespace, scope)
        for each in chosen:
            if each.ref not in voting:
                continue
            members = replicas_of(each)
            down, field = _may_be_down(budget, members)
            if down is not None and down > (members - 1) // 2:
                said = f"lets {down} of the {members} members of {each.ref} be evicted at once"
                yield rule.found(budget, said, path=("spec", field))


def _may_be_down(budget: KubeObject, members: int) -> tuple[int | None, str]:
    spec = spec_of(budget)
    if "maxUnavailable" in spec:
        return _share(spec["maxUnavailable"], members), "maxUnavailable"
    kept = _share(spec.get("minAvailable"), members)
    return (None if kept is None else members - kept), "minAvailable"


def _share(value: Any, members: int) -> int | None:
    """Kubernetes rounds percentages up for both fields."""
    if isinstance(value, int) and not isinstance(value, bool):
        return min(value, members)
    share = text(value).removesuffix("%")
    return -(-int(share) * members // 100) if share.isdigit() and text(value).endswith("%") else None


def _scaled_with_volumes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for autoscaler in scope.objects.of("HorizontalPodAutoscaler"):
        target = mapping(spec_of(autoscaler).get("scaleTargetRef"))
        if target.get("kind") != "StatefulSet":
            continue
        each = scope.objects.get("StatefulSet", autoscaler.namespace, text(target.get("name")))
        if each is not None and templates_of(each):
            yield rule.found(autoscaler, f"scales {each.ref}, which keeps data", path=("spec", "scaleTargetRef"))


_ETCD: dict[str, Any] = {
    "kind": "StatefulSet",
    "metadata": {"name": "etcd"},
    "container": {"image": "quay.io/coreos/etcd:v3.5.16"},
    "spec": {"replicas": 3, "serviceName": "etcd"},
}

_HEADLESS: dict[str, Any] = {
    "kind": "Service",
    "metadata": {"name": "etcd"},
    "spec": {"clusterIP": "None", "selector": {"app": "example"}},
}

_DB: dict[str, Any] = {
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {
        "serviceName": "db",
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}],
    },
}


def _budget(**spec: Any) -> dict[str, Any]:
    return {"kind": "PodDisruptionBudget", "spec": {"selector": {"matchLabels": {"app": "example"}}, **spec}}


RULES = (
    SeveralRule(
        id="STA421",
        title="StatefulSet without its headless Service",
        severity=Severity.WARNING,
        why="Its pods have no DNS names of their own: members do not find each other, and clients no particular one.",
        fix="Add a Service of that name with `clusterIP: None` and a selector for the set's pods.",
        source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id",
        like=("kube-score:statefulset-has-servicename",),
        about=("StatefulSet",),
        check=_governing,
        good=((_ETCD, _HEADLESS),),
        bad=(
            (_ETCD,),
            (_ETCD, {"kind": "Service", "metadata": {"name": "etcd"}, "spec": {"selector": {"app": "example"}}}),
            (_ETCD, {**_HEADLESS, "spec": {"clusterIP": "None", "selector": {"app": "etcd"}}}),
        ),
    ),
    SeveralRule(
        id="STA422",
        title="Members that cannot find each other before they are ready",
        severity=Severity.WARNING,
        why=(
            "DNS names only ready pods, and a member is ready only once it has found the others: after all of them "
            "went down together, none comes up again."
        ),
        fix="Set `publishNotReadyAddresses` to true on the headless Service, and use another Service for clients.",
        source="https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec",
        about=("StatefulSet",),
        check=_not_found_before_ready,
        good=((_ETCD, {**_HEADLESS, "spec": {**_HEADLESS["spec"], "publishNotReadyAddresses": True}}),),
        bad=((_ETCD, _HEADLESS),),
    ),
    SeveralRule(
        id="STA423",
        title="Disruption budget that gives up the majority",
        severity=Severity.ERROR,
        why="A drain may take more members than the rest can bear, and nothing can be written until they are back.",
        fix="Set `maxUnavailable` to 1.",
        source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/#think-about-how-your-application-reacts-to-disruptions",
        about=("PodDisruptionBudget",),
        check=_budget_breaks_quorum,
        good=(
            (_ETCD, _budget(maxUnavailable=1)),
            (_ETCD, _budget(minAvailable=2)),
            (_ETCD, _budget(minAvailable="51%")),
        ),
        bad=(
            (_ETCD, _budget(maxUnavailable=2)),
            (_ETCD, _budget(minAvailable=1)),
            (_ETCD, _budget(minAvailable="30%")),
        ),
    ),
    SeveralRule(
        id="STA430",
        title="Autoscaler of a workload with data",
        severity=Severity.ADVICE,
        why="A replica that is scaled away leaves data behind or takes copies along; a new one must copy it first.",
        fix="Scale what keeps data by hand or by its operator, which moves the data; autoscale what stands before it.",
        source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations",
        about=("HorizontalPodAutoscaler",),
        check=_scaled_with_volumes,
        good=(
            (
                {**_DB, "spec": {"serviceName": "db"}},
                {
                    "kind": "HorizontalPodAutoscaler",
                    "spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "db"}},
                },
            ),
        ),
        bad=(
            (
                _DB,
                {
                    "kind": "HorizontalPodAutoscaler",
                    "spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "db"}},
                },
            ),
        ),
    ),
)
