"""Health checks and policies of Google's balancers against the pods that they are for."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.amounts import running
from fairlead.checks.several.reading import mapping, mappings, spec_of, text
from fairlead.checks.several.traffic import targets_of
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_BACKEND = "BackendConfig.cloud.google.com"
_ANNOTATION = "cloud.google.com/backend-config"
_POLICIES = ("HealthCheckPolicy.networking.gke.io", "GCPBackendPolicy.networking.gke.io")
_GKE = "https://cloud.google.com/kubernetes-engine/docs/"


def _configured(scope: Scope) -> Iterator[tuple[KubeObject, KubeObject]]:
    """Each BackendConfig with a Service that it is for, once for each pair."""
    for service in scope.objects.of("Service"):
        for name in sorted(_named(service.annotations.get(_ANNOTATION))):
            config = scope.objects.get(_BACKEND, service.namespace, name)
            if config is not None:
                yield config, service


def _named(annotation: Any) -> set[str]:
    import json  # slow to load, and rarely needed

    try:
        said = json.loads(annotation) if isinstance(annotation, str) else {}
    except ValueError:
        return set()
    ports = mapping(mapping(said).get("ports"))
    return {text(name) for name in (mapping(said).get("default"), *ports.values())} - {""}


def _ready_probes(service: KubeObject, scope: Scope) -> list[Mapping[str, Any]]:
    containers = [part for each in targets_of(service, scope) for _, _, part in running(mapping(each.pod_spec))]
    probes = (mapping(mapping(container.get("readinessProbe")).get("httpGet")) for container in containers)
    return [probe for probe in probes if probe]


def _other_path(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for config, service in _configured(scope):
        check = mapping(spec_of(config).get("healthCheck"))
        paths = {text(probe.get("path")) or "/" for probe in _ready_probes(service, scope)}
        asked = text(check.get("requestPath")) or "/"
        if check and paths and asked not in paths:
            said = f"asks {asked}; readiness of the pods of {service.ref} is {' and '.join(sorted(paths))}"
            yield rule.found(config, said, path=("spec", "healthCheck", "requestPath"))


def _other_port(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for config, service in _configured(scope):
        port = mapping(spec_of(config).get("healthCheck")).get("port")
        declared = {
            int(has["containerPort"])
            for each in targets_of(service, scope)
            for _, _, container in running(mapping(each.pod_spec))
            for has in mappings(container.get("ports"))
            if isinstance(has.get("containerPort"), int)
        }
        node_ports = [each.get("nodePort") for each in mappings(spec_of(service).get("ports"))]
        if isinstance(port, int) and declared and port not in declared and port not in node_ports:
            known = ", ".join(map(str, sorted(declared)))
            said = f"asks port {port}; the pods of {service.ref} declare {known}"
            yield rule.found(config, said, path=("spec", "healthCheck", "port"))


def _policy_of_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for policy in (each for kind in _POLICIES for each in scope.objects.of(kind)):
        target = mapping(spec_of(policy).get("targetRef"))
        name = text(target.get("name"))
        if target.get("kind", "Service") != "Service" or not name:
            continue
        is_known = WHOLE in scope.evidence or bool(scope.objects.of("Service", policy.namespace))
        if is_known and scope.objects.get("Service", policy.namespace, name) is None:
            yield rule.found(policy, f"there is no Service `{name}`", path=("spec", "targetRef", "name"))


def _config(**check: Any) -> dict[str, Any]:
    return {
        "kind": "BackendConfig",
        "apiVersion": "cloud.google.com/v1",
        "metadata": {"name": "cart"},
        "spec": {"healthCheck": check},
    }


_SERVICE = {
    "kind": "Service",
    "metadata": {"name": "cart", "annotations": {_ANNOTATION: '{"default": "cart"}'}},
    "spec": {"selector": {"app": "example"}, "ports": [{"port": 80, "targetPort": 8080}]},
}
_PODS = {
    "container": {
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    }
}


def _policy(name: str) -> dict[str, Any]:
    spec = {"targetRef": {"group": "", "kind": "Service", "name": name}}
    return {"kind": "HealthCheckPolicy", "apiVersion": "networking.gke.io/v1", "spec": spec}


RULES = (
    SeveralRule(
        id="NET264",
        title="Balancer and kubelet ask different questions",
        severity=Severity.ADVICE,
        why=(
            "The balancer sends traffic to pods that say they are not ready, or leaves out pods that are; in a "
            "shutdown it learns later than Kubernetes that a pod is going."
        ),
        fix="Let `healthCheck.requestPath` be the path of the readiness probe.",
        source=_GKE + "how-to/ingress-configuration#direct_health",
        about=(_BACKEND,),
        check=_other_path,
        good=((_config(requestPath="/ready"), _SERVICE, _PODS), (_config(requestPath="/x"), _SERVICE)),
        bad=((_config(requestPath="/live"), _SERVICE, _PODS), (_config(port=8080), _SERVICE, _PODS)),
    ),
    SeveralRule(
        id="NET265",
        title="Balancer asks a port that the pods do not have",
        severity=Severity.ERROR,
        why="No pod answers the health check, and the balancer answers every request with 502.",
        fix="Name the container's port (with endpoint groups), or the node port (without).",
        source=_GKE + "how-to/ingress-configuration#direct_health",
        about=(_BACKEND,),
        check=_other_port,
        good=((_config(requestPath="/ready", port=8080), _SERVICE, _PODS), (_config(port=80), _SERVICE)),
        bad=((_config(requestPath="/ready", port=80), _SERVICE, _PODS),),
    ),
    SeveralRule(
        id="NET266",
        title="Balancer policy for a Service that is not there",
        severity=Severity.ERROR,
        why="The policy holds for nothing: health check, timeout and draining are the defaults.",
        fix="Name a Service of the same namespace in `targetRef`.",
        source=_GKE + "how-to/configure-gateway-resources",
        about=_POLICIES,
        check=_policy_of_nothing,
        good=((_policy("cart"), _SERVICE), (_policy("cart"),)),
        bad=((_policy("carts"), _SERVICE),),
    ),
)
