"""Monitors against what they are to watch, and pods that are not well now."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import LIVE, WHOLE, Scope
from fairlead.checks.several.reading import chosen_by, mapping, mappings, matches, spec_of, text, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_SERVICES = "ServiceMonitor.monitoring.coreos.com"
# The API server, kubelets and cluster DNS are there without any manifest.
_FILLED_BY_THE_CLUSTER = frozenset({"default", "kube-system"})
_PODS = "PodMonitor.monitoring.coreos.com"
_OPERATOR = "https://prometheus-operator.dev/docs/developer/getting-started/"
_RUNNING = "https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/"
_STUCK = frozenset(
    {
        *("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError"),
        *("CreateContainerError", "RunContainerError"),
    }
)
_METRICS = ("metrics", "prom", "telemetry")


def _namespaces(monitor: KubeObject) -> list[str] | None:
    """Where a monitor looks; None for everywhere."""
    selector = mapping(spec_of(monitor).get("namespaceSelector"))
    if selector.get("any") is True:
        return None
    names = selector.get("matchNames")
    return [str(name) for name in names] if isinstance(names, list) and names else [monitor.namespace]


def _services(scope: Scope, monitor: KubeObject) -> list[KubeObject]:
    wanted = _namespaces(monitor)
    # A monitor that names no namespace goes to one that is not known here.
    if wanted is None or wanted == [""]:
        found = scope.objects.of("Service")
    else:
        found = [each for name in wanted for each in scope.objects.of("Service", name)]
    return [each for each in found if matches(spec_of(monitor).get("selector"), each.labels)]


def _pods(scope: Scope, monitor: KubeObject) -> list[KubeObject]:
    wanted = _namespaces(monitor)
    names = sorted({each.namespace for each in scope.objects.workloads}) if wanted is None else wanted
    return [each for name in names for each in chosen_by(spec_of(monitor).get("selector"), name, scope)]


def _known(scope: Scope, monitor: KubeObject) -> bool:
    """Whether what it would find is all here: else nothing can be said about what is missing."""
    wanted = _namespaces(monitor)
    if wanted is None:
        return WHOLE in scope.evidence
    of_services = monitor.key == _SERVICES
    filled = frozenset() if LIVE in scope.evidence else _FILLED_BY_THE_CLUSTER
    return all(
        (scope.is_whole(name) and name not in filled) or (of_services and scope.objects.of("Service", name))
        for name in wanted
    )


def _watches_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for monitor in scope.objects.of(_SERVICES):
        if _known(scope, monitor) and not _services(scope, monitor):
            yield rule.found(monitor, "no Service carries its labels", path=("spec", "selector"))
    for monitor in scope.objects.of(_PODS):
        if _known(scope, monitor) and not _pods(scope, monitor):
            yield rule.found(monitor, "no pods carry its labels", path=("spec", "selector"))


def _no_such_port(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for monitor in scope.objects.of(_SERVICES):
        names = {
            text(port.get("name"))
            for service in _services(scope, monitor)
            for port in mappings(spec_of(service).get("ports"))
        }
        yield from _ports_of(rule, monitor, "endpoints", names)
    for monitor in scope.objects.of(_PODS):
        yield from _ports_of(rule, monitor, "podMetricsEndpoints", _port_names(_pods(scope, monitor)))


def _port_names(found: list[KubeObject]) -> set[str]:
    return {
        text(port.get("name"))
        for each in found
        for part in ("containers", "initContainers")
        for container in mappings(mapping(each.pod_spec).get(part))
        for port in mappings(container.get("ports"))
    }


def _ports_of(rule: SeveralRule, monitor: KubeObject, field: str, names: set[str]) -> Iterator[Found]:
    for index, endpoint in enumerate(mappings(spec_of(monitor).get(field))):
        port = text(endpoint.get("port"))
        if names and port and port not in names:
            path: Path = ("spec", field, index, "port")
            yield rule.found(monitor, f"no port of what it selects is called `{port}`", path=path)


def _not_watched(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    monitors = [*scope.objects.of(_SERVICES), *scope.objects.of(_PODS)]
    if not monitors:
        return
    watched = {id(each) for monitor in scope.objects.of(_PODS) for each in _pods(scope, monitor)}
    for monitor in scope.objects.of(_SERVICES):
        for service in _services(scope, monitor):
            selector = mapping(spec_of(service).get("selector"))
            watched |= {id(each) for each in scope.objects.selected(service.namespace, selector)}
    for each in workloads(scope):
        names = sorted(name for name in _port_names([each]) if any(word in name for word in _METRICS))
        if names and id(each) not in watched and "prometheus.io/scrape" not in each.pod_annotations:
            yield rule.found(each, f"has a port `{names[0]}`, and no monitor selects it")


def _stuck(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for pod in scope.objects.of("Pod"):
        status = mapping(pod.raw.get("status"))
        for container in (*mappings(status.get("initContainerStatuses")), *mappings(status.get("containerStatuses"))):
            waiting = mapping(mapping(container.get("state")).get("waiting"))
            if waiting.get("reason") in _STUCK:
                message = f"waits: {waiting['reason']}"
                yield rule.found(pod, message, item=f"container {text(container.get('name'))}", path=("status",))


def _restarts(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for pod in scope.objects.of("Pod"):
        for container in mappings(mapping(pod.raw.get("status")).get("containerStatuses")):
            count = container.get("restartCount", 0)
            waiting = mapping(mapping(container.get("state")).get("waiting"))
            if isinstance(count, int) and count >= int(rule.params["restarts"]) and waiting.get("reason") not in _STUCK:
                item = f"container {text(container.get('name'))}"
                yield rule.found(pod, f"was restarted {count} times{_last(container)}", item=item, path=("status",))


def _last(container: Mapping[str, Any]) -> str:
    last = mapping(mapping(container.get("lastState")).get("terminated"))
    return f", last by {last.get('reason')} (exit code {last.get('exitCode')})" if last else ""


def _monitor(kind: str = "ServiceMonitor", port: str = "metrics", **spec: Any) -> dict[str, Any]:
    field = "endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"
    return {"kind": kind, "spec": {"selector": {"matchLabels": {"app": "example"}}, field: [{"port": port}], **spec}}


def _pod(**status: Any) -> dict[str, Any]:
    return {"kind": "Pod", "container": {}, "status": {"containerStatuses": [{"name": "example", **status}]}}


_APP = {"container": {"ports": [{"name": "metrics", "containerPort": 9100}]}}
_SERVICE = {
    "kind": "Service",
    "metadata": {"labels": {"app": "example"}},
    "spec": {"selector": {"app": "example"}, "ports": [{"name": "metrics", "port": 9100}]},
}
_OTHER = {"metadata": {"name": "other"}, "podMeta": {"labels": {"app": "other"}}, **_APP}

RULES = (
    SeveralRule(
        id="OBS201",
        title="Monitor that watches nothing",
        severity=Severity.WARNING,
        why="There is no target, so its alerts never fire, and nothing says so.",
        fix="Make the selector agree with the labels of the Service (ServiceMonitor) or of the pods (PodMonitor).",
        source=_OPERATOR,
        like=("kube-linter:dangling-servicemonitor",),
        about=(_SERVICES, _PODS),
        check=_watches_nothing,
        good=(
            (_APP, _SERVICE, _monitor()),
            (_APP, _monitor("PodMonitor")),
            (_SERVICE, {**_monitor(), "metadata": {"namespace": None}}),
            (_APP, _monitor(namespaceSelector={"matchNames": ["elsewhere"]})),
            (
                {**_APP, "metadata": {"namespace": "kube-system"}},
                _monitor(namespaceSelector={"matchNames": ["kube-system"]}),
            ),
            (_monitor(),),
        ),
        bad=(
            (_APP, {**_SERVICE, "metadata": {"labels": {"app": "cart"}}}, _monitor()),
            (_OTHER, _monitor("PodMonitor")),
        ),
    ),
    SeveralRule(
        id="OBS202",
        title="Monitor that names a port nobody has",
        severity=Severity.ERROR,
        why="What it selects has no port of that name, so nothing is scraped, and the target does not even show "
        "as down.",
        fix="Write the name of the port as the Service (ServiceMonitor) or the container (PodMonitor) has it.",
        source=_OPERATOR,
        about=(_SERVICES, _PODS),
        check=_no_such_port,
        good=((_APP, _SERVICE, _monitor()), (_APP, _monitor("PodMonitor")), (_monitor(port="web"),)),
        bad=((_APP, _SERVICE, _monitor(port="http-metrics")), (_APP, _monitor("PodMonitor", port="web"))),
    ),
    SeveralRule(
        id="OBS203",
        title="Metrics that nobody scrapes",
        severity=Severity.ADVICE,
        why="The workload offers metrics, others here are watched, and this one is not; it will be missed in the "
        "next incident.",
        fix="Add a ServiceMonitor or PodMonitor, or remove the port.",
        source=_OPERATOR,
        like=("redhat-cop:RHCOP-OCP_REQ_INV-00005",),
        about=(_SERVICES, _PODS),
        check=_not_watched,
        good=((_APP, _SERVICE, _monitor()), (_APP,), (_APP, _monitor("PodMonitor"))),
        bad=((_APP, _SERVICE, _monitor(), _OTHER),),
    ),
    SeveralRule(
        id="OBS204",
        title="Container that does not start",
        severity=Severity.ERROR,
        why="It does none of its work, and its budget may forbid the next drain.",
        fix="Look at its last logs and the events of the pod.",
        source=_RUNNING,
        like=("popeye:200", "popeye:203", "k8sgpt:pod analyzer", "kubepreflight:WORKLOAD-001"),
        about=("Pod",),
        check=_stuck,
        good=((_pod(state={"running": {}}),), (_pod(state={"waiting": {"reason": "ContainerCreating"}}),)),
        bad=(
            (_pod(state={"waiting": {"reason": "CrashLoopBackOff"}}),),
            (_pod(state={"waiting": {"reason": "ImagePullBackOff"}}),),
        ),
    ),
    SeveralRule(
        id="OBS205",
        title="Container that is restarted often",
        severity=Severity.WARNING,
        why="Each restart cuts what it was doing; often memory or a liveness probe is too tight.",
        fix="Read why it ended last, and mend that.",
        source=_RUNNING,
        like=("popeye:205",),
        params={"restarts": 5},
        about=("Pod",),
        check=_restarts,
        good=((_pod(restartCount=1),),),
        bad=((_pod(restartCount=7, lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}}),),),
    ),
)
