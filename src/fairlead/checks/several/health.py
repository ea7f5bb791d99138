"""Probes against who asks: Services that send traffic, and balancers with health checks of their own."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import running
from fairlead.checks.several.reading import mapping, mappings, spec_of, text
from fairlead.checks.several.served import served
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_CONFIG = "cloud.google.com/backend-config"


def _never_unready(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    seen: set[int] = set()
    for service, each in served(scope):
        pod = mapping(each.pod_spec)
        found = [container for _, _, container in running(pod)]
        # Where ports are declared HEA101 says it of the container.
        if id(each) in seen or any(container.get("readinessProbe") or container.get("ports") for container in found):
            continue
        if spec_of(service).get("publishNotReadyAddresses") is True or pod.get("readinessGates"):
            continue
        seen.add(id(each))
        message = f"gets traffic through Service {service.name}, and no container has a readiness probe"
        yield rule.found(each, message, path=(*each.pod_path, "containers", 0, "readinessProbe"))


def _asked_elsewhere(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service, each in served(scope):
        said = text(service.annotations.get(_CONFIG))
        paths = {
            text(mapping(mapping(container.get("readinessProbe")).get("httpGet")).get("path"))
            for container in _with_probe(each)
        }
        for config in scope.objects.of("BackendConfig.cloud.google.com", service.namespace):
            path = text(mapping(spec_of(config).get("healthCheck")).get("requestPath"))
            if f'"{config.name}"' in said and path and paths and path not in paths:
                message = f"asks `{path}`, and readiness of {each.kind} {each.name} is `{min(paths)}`"
                yield rule.found(config, message, path=("spec", "healthCheck", "requestPath"))


def _with_probe(each: KubeObject) -> list[Mapping[str, Any]]:
    found = mappings(mapping(each.pod_spec).get("containers"))
    return [container for container in found if mapping(container.get("readinessProbe")).get("httpGet")]


_SERVICE: dict[str, Any] = {"kind": "Service", "spec": {"selector": {"app": "example"}}}
_READY = {"container": {"readinessProbe": {"httpGet": {"path": "/ready", "port": 80}}}}
_CONFIGURED = {**_SERVICE, "metadata": {"annotations": {_CONFIG: '{"default": "example"}'}}}


def _config(path: str) -> dict[str, Any]:
    return {
        "kind": "BackendConfig",
        "apiVersion": "cloud.google.com/v1",
        "spec": {"healthCheck": {"requestPath": path}},
    }


RULES = (
    SeveralRule(
        id="HEA201",
        title="Workload behind a Service that can never be unready",
        severity=Severity.WARNING,
        why="Its pods get traffic from the moment their process starts, and go on getting it when they cannot answer.",
        fix="Add a `readinessProbe` that answers only when the container can serve.",
        source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes",
        like=("kube-score:pod-probes", "kubescape:C-0018", "popeye:102"),
        about=("Service",),
        check=_never_unready,
        good=(
            (_READY, _SERVICE),
            ({"container": {"ports": [{"containerPort": 80}]}}, _SERVICE),
            ({"container": {}},),
            (
                {"container": {}},
                {**_SERVICE, "spec": {**_SERVICE["spec"], "ports": [{"name": "http-metrics", "port": 80}]}},
            ),
            ({"kind": "Job", "container": {}, "podMeta": {"labels": {"app": "example"}}}, _SERVICE),
        ),
        bad=(
            ({"container": {}}, _SERVICE),
            ({"container": {}}, {**_SERVICE, "spec": {**_SERVICE["spec"], "ports": [{"name": "http", "port": 80}]}}),
        ),
    ),
    SeveralRule(
        id="HEA202",
        title="Balancer and Kubernetes ask different questions",
        severity=Severity.ADVICE,
        why="A pod can be ready for one and down for the other: rollouts go on while the balancer has no healthy "
        "backend.",
        fix="Let the health check of the balancer ask the path of the readiness probe.",
        source="https://cloud.google.com/kubernetes-engine/docs/concepts/ingress#health_checks",
        about=("Service",),
        check=_asked_elsewhere,
        good=((_READY, _CONFIGURED, _config("/ready")), (_READY, _SERVICE, _config("/"))),
        bad=((_READY, _CONFIGURED, _config("/")),),
    ),
)
