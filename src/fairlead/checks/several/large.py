"""What grows with the number of objects: endpoints, watches, what etcd keeps."""

from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import replicas_of
from fairlead.checks.several.reading import mapping, mappings, spec_of, text, workloads
from fairlead.checks.several.traffic import targets_of
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_SERVICES = 200  # each Service is seven variables or more, and all of them together have to fit the arguments' space
_ENDPOINTS = 1000
_HEADLESS = 100  # an answer of DNS over UDP holds about eighty addresses of version 4
_STORED = 1_200_000
_RELEASES = 20
_FINISHED = 500
_HEAVY = frozenset({"events", "secrets", "configmaps", "replicasets", "*"})
_HPA = "HorizontalPodAutoscaler"


def _service_links(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        services = len(scope.objects.of("Service", each.namespace))
        if services >= _SERVICES and mapping(each.pod_spec).get("enableServiceLinks") is not False:
            said = f"starts with variables for {services} Services"
            yield rule.found(each, said, path=(*each.pod_path, "enableServiceLinks"))


def _limits(scope: Scope) -> dict[tuple[str, str, str], int]:
    """Up to how many replicas autoscalers go: by namespace, kind and name of what they scale."""
    limits: dict[tuple[str, str, str], int] = {}
    for autoscaler in scope.objects.of(_HPA):
        target, limit = mapping(spec_of(autoscaler).get("scaleTargetRef")), spec_of(autoscaler).get("maxReplicas")
        if isinstance(limit, int):
            limits[(autoscaler.namespace, text(target.get("kind")), text(target.get("name")))] = limit
    return limits


def _most_pods(each: KubeObject, limits: dict[tuple[str, str, str], int]) -> int:
    return max(replicas_of(each), limits.get((each.namespace, each.kind, each.name), 0))


def _many_endpoints(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    limits = _limits(scope)
    for service in scope.objects.of("Service"):
        pods = sum(_most_pods(each, limits) for each in targets_of(service, scope) if each.kind != "DaemonSet")
        is_headless = spec_of(service).get("clusterIP") == "None"
        if pods > _ENDPOINTS and not is_headless:
            yield rule.found(service, f"leads to up to {pods} pods", path=("spec", "selector"))


def _long_answers(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    limits = _limits(scope)
    for service in scope.objects.of("Service"):
        if spec_of(service).get("clusterIP") != "None":
            continue
        targets = [each for each in targets_of(service, scope) if each.kind in {"Deployment", "Rollout"}]
        pods = sum(_most_pods(each, limits) for each in targets)
        if pods > _HEADLESS:
            yield rule.found(service, f"its name stands for up to {pods} addresses", path=("spec", "clusterIP"))


def _size(each: KubeObject) -> int:
    return len(msgspec.json.encode(each.raw, enc_hook=str))


def _too_large_to_store(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects:
        if each.kind in {"ConfigMap", "Secret"} or _is_short(each):
            continue
        if (size := _size(each)) >= _STORED:
            yield rule.found(each, f"has {size // 1024} KiB")


def _is_short(each: KubeObject) -> bool:
    """Kinds that cannot be so long, so that not every object is written out."""
    return each.kind in {"Service", "ServiceAccount", "Namespace", "Deployment", "RoleBinding", "Pod", "Node", "Lease"}


def _agents_that_watch(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    bound: dict[tuple[str, str], set[str]] = {}
    for binding in scope.objects.of("ClusterRoleBinding"):
        role = scope.objects.get("ClusterRole", "", text(mapping(binding.raw.get("roleRef")).get("name")))
        resources = _watched_by(role) if role else set()
        for subject in mappings(binding.raw.get("subjects")) if resources else ():
            if subject.get("kind") == "ServiceAccount":
                key = (text(subject.get("namespace")), text(subject.get("name")))
                bound.setdefault(key, set()).update(resources)
    for each in scope.objects.of("DaemonSet"):
        account = text(mapping(each.pod_spec).get("serviceAccountName")) or "default"
        found = bound.get((each.namespace, account))
        if found:
            names = "everything" if "*" in found else " and ".join(sorted(found))
            path = (*each.pod_path, "serviceAccountName")
            yield rule.found(each, f"may watch {names} of the cluster from every node", path=path)


def _watched_by(role: KubeObject) -> set[str]:
    found: set[str] = set()
    for each in mappings(role.raw.get("rules")):
        verbs = each.get("verbs")
        if isinstance(verbs, list) and {"watch", "*"} & set(map(str, verbs)) and not each.get("resourceNames"):
            resources = each.get("resources")
            found.update(map(str, resources if isinstance(resources, list) else ()))
    return found & _HEAVY


def _old_releases(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    releases: dict[tuple[str, str], list[KubeObject]] = {}
    for secret in scope.objects.of("Secret"):
        if secret.raw.get("type") == "helm.sh/release.v1":
            releases.setdefault((secret.namespace, str(secret.labels.get("name", ""))), []).append(secret)
    for (_, name), secrets in releases.items():
        if len(secrets) > _RELEASES:
            yield rule.found(secrets[0], f"Helm keeps {len(secrets)} revisions of {name or 'a release'}")


def _finished_pods(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    finished: dict[str, list[KubeObject]] = {}
    for pod in scope.objects.of("Pod"):
        if text(mapping(pod.raw.get("status")).get("phase")) in {"Succeeded", "Failed"}:
            finished.setdefault(pod.namespace, []).append(pod)
    for namespace, pods in finished.items():
        if len(pods) >= _FINISHED:
            where = scope.objects.get("Namespace", "", namespace) or pods[0]
            yield rule.found(where, f"{len(pods)} pods have ended and are kept")


def _many(kind: str, number: int, **more: Any) -> tuple[dict[str, Any], ...]:
    return tuple({"kind": kind, **more, "metadata": {"name": f"a{each}"}} for each in range(number))


_SELECTOR = {"selector": {"app": "example"}}
_CRD: dict[str, Any] = {"kind": "CustomResourceDefinition", "spec": {"group": "example"}}
_BINDING = {
    "kind": "ClusterRoleBinding",
    "roleRef": {"kind": "ClusterRole", "name": "example"},
    "subjects": [{"kind": "ServiceAccount", "name": "agent", "namespace": "shop"}],
}
_AGENT = {"kind": "DaemonSet", "pod": {"serviceAccountName": "agent"}}


def _role(resource: str) -> dict[str, Any]:
    return {"kind": "ClusterRole", "rules": [{"resources": [resource], "verbs": ["get", "list", "watch"]}]}


def _release(number: int) -> tuple[dict[str, Any], ...]:
    return _many("Secret", number, type="helm.sh/release.v1")


RULES = (
    SeveralRule(
        id="LRG301",
        title="Pods that start with a variable for every Service",
        severity=Severity.WARNING,
        why=(
            "Every Service of the namespace is seven variables or more in each container; with hundreds of them "
            "starts get slow, and at some point fail with `argument list too long`."
        ),
        fix="Set `enableServiceLinks` to false; find Services by DNS.",
        source="https://kubernetes.io/docs/tutorials/services/connect-applications-service/#accessing-the-service",
        like=("kyverno-policies:disable-service-discovery",),
        about=("Service",),
        check=_service_links,
        good=(({"pod": {"enableServiceLinks": False}}, *_many("Service", _SERVICES)), ({}, *_many("Service", 20))),
        bad=(({}, *_many("Service", _SERVICES)),),
    ),
    SeveralRule(
        id="LRG302",
        title="Service of more than a thousand pods",
        severity=Severity.ADVICE,
        why=(
            "Each pod that comes or goes changes a slice that every node reads; and what still reads Endpoints "
            "sees the first thousand only."
        ),
        fix="Divide the workload, each part behind a Service of its own; let clients read EndpointSlices.",
        source="https://kubernetes.io/docs/concepts/services-networking/service/#over-capacity-endpoints",
        about=("Service",),
        check=_many_endpoints,
        good=(({"spec": {"replicas": 900}}, {"kind": "Service", "spec": _SELECTOR}),),
        bad=(
            ({"spec": {"replicas": 1200}}, {"kind": "Service", "spec": _SELECTOR}),
            (
                {},
                {"kind": "Service", "spec": _SELECTOR},
                {
                    "kind": _HPA,
                    "spec": {"maxReplicas": 2000, "scaleTargetRef": {"kind": "Deployment", "name": "example"}},
                },
            ),
        ),
    ),
    SeveralRule(
        id="LRG303",
        title="Name that stands for hundreds of addresses",
        severity=Severity.WARNING,
        why=(
            "The answer does not fit a UDP packet: each lookup is made again over TCP, or is cut, and clients "
            "that take the first address all meet at the same pods."
        ),
        fix="Use a Service with a cluster address, or client-side balancing that watches EndpointSlices (xDS).",
        source="https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/",
        about=("Service",),
        check=_long_answers,
        good=(
            ({"spec": {"replicas": 500}}, {"kind": "Service", "spec": _SELECTOR}),
            ({"spec": {"replicas": 20}}, {"kind": "Service", "spec": {**_SELECTOR, "clusterIP": "None"}}),
        ),
        bad=(({"spec": {"replicas": 500}}, {"kind": "Service", "spec": {**_SELECTOR, "clusterIP": "None"}}),),
    ),
    SeveralRule(
        id="LRG305",
        title="Object close to what etcd takes",
        severity=Severity.ERROR,
        why=(
            "etcd refuses requests above 1.5 MiB. The next addition, or only the status, makes every update of "
            "the object fail."
        ),
        fix="Divide it, or keep the large part outside and name where it is.",
        source="https://etcd.io/docs/latest/dev-guide/limit/#request-size-limit",
        check=_too_large_to_store,
        good=(({**_CRD, "spec": {"text": "a" * (_STORED // 2)}},),),
        bad=(({**_CRD, "spec": {"text": "a" * _STORED}},),),
    ),
    SeveralRule(
        id="LRG306",
        title="Watch on the whole cluster from every node",
        severity=Severity.WARNING,
        why=(
            "Each agent holds a watch and a copy of its own. When the API server restarts, as in each upgrade, "
            "all nodes list everything at the same moment."
        ),
        fix=(
            "Let one Deployment watch and tell the agents, or watch metadata only; take away what the agent does "
            "not read."
        ),
        source="https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes",
        about=("DaemonSet",),
        check=_agents_that_watch,
        good=(
            (_AGENT, _BINDING, _role("nodes")),
            (_AGENT, _role("events")),
            ({**_AGENT, "pod": {}}, _BINDING, _role("*")),
        ),
        bad=((_AGENT, _BINDING, _role("events")), (_AGENT, _BINDING, _role("*"))),
    ),
    SeveralRule(
        id="LRG308",
        title="Many old revisions of a Helm release",
        severity=Severity.ADVICE,
        why=(
            "Each is a Secret of up to a MiB with the whole release; they fill etcd, and every list of Secrets "
            "carries them."
        ),
        fix="Set `--history-max` (10 is the default), and delete the old ones.",
        source="https://helm.sh/docs/helm/helm_upgrade/",
        about=("Secret",),
        check=_old_releases,
        good=(_release(_RELEASES),),
        bad=(_release(_RELEASES + 1),),
    ),
    SeveralRule(
        id="LRG309",
        title="Pods that have ended pile up",
        severity=Severity.WARNING,
        why="They are listed by every controller and agent; the cluster deletes them by itself only from 12,500 on.",
        fix="Set `ttlSecondsAfterFinished` on Jobs and history limits on CronJobs; delete evicted pods.",
        source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection",
        about=("Pod",),
        check=_finished_pods,
        good=(_many("Pod", 3, status={"phase": "Failed"}), _many("Pod", _FINISHED, status={"phase": "Running"})),
        bad=(_many("Pod", _FINISHED, status={"phase": "Failed"}),),
    ),
)
