"""Whether pods end in the time that balancers, routes and nodes give them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import grace_of, has_stop_hook, running, seconds_of, wait_before_stop
from fairlead.checks.several.reading import is_made_by_another, mapping, mappings, spec_of, text, workloads
from fairlead.checks.several.served import served
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_SERVING = frozenset(
    {"Deployment", "ReplicaSet", "Rollout.argoproj.io", "DeploymentConfig.apps.openshift.io", "CloneSet.apps.kruise.io"}
)
_LIFECYCLE = "https://kubernetes.io/docs/tutorials/services/pods-and-endpoint-termination-flow/"
_AWS = "service.beta.kubernetes.io/aws-load-balancer-"
_GKE_CONFIG = "cloud.google.com/backend-config"
_NGINX = "nginx.ingress.kubernetes.io/"
_ALB = "alb.ingress.kubernetes.io/target-group-attributes"


class Time(NamedTuple):
    """Seconds that an object asks for, of the pods behind a Service; `path` is where it says so."""

    holder: KubeObject
    path: tuple[str | int, ...]
    seconds: float
    service: str


def _behind(scope: Scope, namespace: str, service: str) -> list[KubeObject]:
    """The workloads behind a Service, by its name."""
    found = scope.objects.get("Service", namespace, service)
    selector = mapping(spec_of(found).get("selector")) if found is not None else {}
    return [each for each in scope.objects.selected(namespace, selector) if not is_made_by_another(each)]


def _balanced(scope: Scope) -> Iterator[tuple[KubeObject, KubeObject]]:
    """Each workload behind a Service that balances, once, with the first such Service."""
    seen: set[int] = set()
    for service, each in served(scope):
        if spec_of(service).get("clusterIP") != "None" and each.key in _SERVING and id(each) not in seen:
            seen.add(id(each))
            yield each, service


def _no_wait(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, service in _balanced(scope):
        pod = mapping(each.pod_spec)
        if not any(has_stop_hook(container) for _, _, container in running(pod)) and not _waits_by_itself(pod):
            message = f"gets traffic through Service {service.name}, and ends without waiting for its balancers"
            yield rule.found(each, message, path=(*each.pod_path, "containers", 0, "lifecycle", "preStop"))


def _waits_by_itself(pod: Mapping[str, Any]) -> bool:
    """Programs that go on serving after SIGTERM say so by such options."""
    words = [
        str(word)
        for _, _, container in running(pod)
        for part in ("command", "args")
        for word in (container.get(part) if isinstance(container.get(part), list) else [])  # type: ignore[union-attr]
    ]
    return any("shutdown-delay" in word or "lameduck" in word or "requestAcceptGraceTimeout" in word for word in words)


def _before_the_balancer(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        spec = spec_of(service)
        if spec.get("type") != "LoadBalancer" or spec.get("externalTrafficPolicy") != "Local":
            continue
        needed = _noticed_after(service, float(rule.params["seconds"]))
        for each in scope.objects.selected(service.namespace, mapping(spec.get("selector"))):
            waits = max((wait_before_stop(container) for _, _, container in running(mapping(each.pod_spec))), default=0)
            if each.key in _SERVING and not is_made_by_another(each) and 0 < waits < needed:
                message = f"preStop waits {waits} s, the balancer of Service {service.name} needs {needed:g} s"
                yield rule.found(each, message, path=(*each.pod_path, "containers", 0, "lifecycle", "preStop"))


def _noticed_after(service: KubeObject, default: float) -> float:
    """How long the balancer asks a node that says no before it leaves it out."""
    interval = seconds_of(service.annotations.get(_AWS + "healthcheck-interval"))
    times = seconds_of(service.annotations.get(_AWS + "healthcheck-unhealthy-threshold"))
    return default if interval is None or times is None else interval * times


def _drains(scope: Scope) -> Iterator[Time]:
    """For how long balancers say they let connections go on."""
    for service in scope.objects.of("Service"):
        attributes = text(service.annotations.get(_AWS + "target-group-attributes"))
        if (seconds := _delay_in(attributes)) is not None:
            yield Time(service, ("metadata", "annotations", _AWS + "target-group-attributes"), seconds, service.name)
        for config in _backend_configs(scope, service):
            seconds = seconds_of(mapping(spec_of(config).get("connectionDraining")).get("drainingTimeoutSec"))
            if seconds is not None:
                yield Time(config, ("spec", "connectionDraining", "drainingTimeoutSec"), seconds, service.name)
    for policy in scope.objects.of("GCPBackendPolicy.networking.gke.io"):
        draining = mapping(mapping(spec_of(policy).get("default")).get("connectionDraining"))
        seconds = seconds_of(draining.get("drainingTimeoutSec"))
        target = mapping(spec_of(policy).get("targetRef"))
        if seconds is not None and target.get("kind") == "Service":
            path = ("spec", "default", "connectionDraining", "drainingTimeoutSec")
            yield Time(policy, path, seconds, text(target.get("name")))
    for ingress in scope.objects.of("Ingress"):
        if (seconds := _delay_in(text(ingress.annotations.get(_ALB)))) is not None:
            for service_name in _services_of(ingress):
                yield Time(ingress, ("metadata", "annotations", _ALB), seconds, service_name)


def _delay_in(attributes: str) -> float | None:
    for attribute in attributes.split(","):
        key, _, value = attribute.strip().partition("=")
        if key == "deregistration_delay.timeout_seconds":
            return seconds_of(value)
    return None


def _backend_configs(scope: Scope, service: KubeObject) -> Iterator[KubeObject]:
    """Those its annotation names: `{"default": "cart"}`, `{"ports": {"http": "cart"}}`."""
    said = text(service.annotations.get(_GKE_CONFIG))
    for config in scope.objects.of("BackendConfig.cloud.google.com", service.namespace):
        if f'"{config.name}"' in said:
            yield config


def _services_of(ingress: KubeObject) -> Iterator[str]:
    spec = spec_of(ingress)
    backends = [mapping(spec.get("defaultBackend"))]
    for rule in mappings(spec.get("rules")):
        backends += [mapping(path.get("backend")) for path in mappings(mapping(rule.get("http")).get("paths"))]
    names = {text(mapping(backend.get("service")).get("name")) for backend in backends}
    yield from sorted(names - {""})


def _allowed(scope: Scope) -> Iterator[Time]:
    """How long routes let one request take."""
    for ingress in scope.objects.of("Ingress"):
        for name in (_NGINX + "proxy-read-timeout", _NGINX + "proxy-send-timeout"):
            if (seconds := seconds_of(ingress.annotations.get(name))) is not None:
                yield from (
                    Time(ingress, ("metadata", "annotations", name), seconds, of) for of in _services_of(ingress)
                )
    for service in scope.objects.of("Service"):
        for config in _backend_configs(scope, service):
            if (seconds := seconds_of(spec_of(config).get("timeoutSec"))) is not None:
                yield Time(config, ("spec", "timeoutSec"), seconds, service.name)
    for route in scope.objects.of("HTTPRoute.gateway.networking.k8s.io"):
        yield from _allowed_by(route)


def _allowed_by(route: KubeObject) -> Iterator[Time]:
    for index, rule in enumerate(mappings(spec_of(route).get("rules"))):
        timeouts = mapping(rule.get("timeouts"))
        seconds = seconds_of(timeouts.get("backendRequest") or timeouts.get("request"))
        for backend in mappings(rule.get("backendRefs")):
            if seconds is not None and not backend.get("namespace"):
                yield Time(route, ("spec", "rules", index, "timeouts"), seconds, text(backend.get("name")))


def _outlived(scope: Scope, times: Iterator[Time]) -> Iterator[tuple[Time, KubeObject, int]]:
    """Times longer than the grace period of pods they are about, each object once."""
    seen: set[tuple[int, tuple[str | int, ...]]] = set()
    for time in times:
        key = (id(time.holder), time.path)
        for each in _behind(scope, time.holder.namespace, time.service):
            grace = grace_of(mapping(each.pod_spec))
            if time.seconds > grace and key not in seen:
                seen.add(key)
                yield time, each, grace


def _drained_longer(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for time, each, grace in _outlived(scope, _drains(scope)):
        message = f"lets connections go on for {time.seconds:g} s, the pods of {each.kind} {each.name} have {grace} s"
        yield rule.found(time.holder, message, path=time.path)


def _allowed_longer(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for time, each, grace in _outlived(scope, _allowed(scope)):
        message = f"allows a request {time.seconds:g} s, the pods of {each.kind} {each.name} have {grace} s to end"
        yield rule.found(time.holder, message, path=time.path)


def _longer_than_nodes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for config in scope.objects.of("KubeletConfiguration"):
        whole = seconds_of(config.raw.get("shutdownGracePeriod"))
        critical = seconds_of(config.raw.get("shutdownGracePeriodCriticalPods")) or 0.0
        if not whole or critical >= whole:
            continue
        longer = [each for each in workloads(scope) if grace_of(mapping(each.pod_spec)) > whole - critical]
        if longer:
            most = max(longer, key=lambda each: grace_of(mapping(each.pod_spec)))
            message = (
                f"leaves applications {whole - critical:g} s when the node shuts down; {len(longer)} ask for more, "
                f"{most.kind} {most.name} for {grace_of(mapping(most.pod_spec))} s"
            )
            yield rule.found(config, message, path=("shutdownGracePeriod",))


_CART = {"podMeta": {"labels": {"app": "cart"}}}
_WAITS = {**_CART, "container": {"lifecycle": {"preStop": {"sleep": {"seconds": 10}}}}}
_SERVICE = {"kind": "Service", "metadata": {"name": "cart"}, "spec": {"selector": {"app": "cart"}}}
_LOCAL = {
    "kind": "Service",
    "spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": {"app": "cart"}},
}
_CONFIGURED = {**_SERVICE, "metadata": {"name": "cart", "annotations": {_GKE_CONFIG: '{"default": "cart"}'}}}
_PATHS = {
    "rules": [{"http": {"paths": [{"path": "/", "backend": {"service": {"name": "cart", "port": {"number": 80}}}}]}}]
}


def _config(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "BackendConfig",
        "apiVersion": "cloud.google.com/v1",
        "metadata": {"name": "cart"},
        "spec": spec,
    }


def _ingress(name: str, value: str) -> dict[str, Any]:
    return {"kind": "Ingress", "metadata": {"annotations": {name: value}}, "spec": _PATHS}


RULES = (
    SeveralRule(
        id="END201",
        title="Pods behind a Service end before their balancers know",
        severity=Severity.WARNING,
        why="Endpoints are told at the same moment as the process. One that closes its port on SIGTERM refuses "
        "what is still "
        "sent to it, at every rollout and every drain.",
        fix="Let `preStop` sleep for 5 to 15 seconds, or let the process go on serving for that long after SIGTERM.",
        source=_LIFECYCLE,
        like=("datree:CONTAINERS_MISSING_PRESTOP_KEY",),
        about=("Service",),
        check=_no_wait,
        good=(
            (_WAITS, _SERVICE),
            (_CART,),
            ({"kind": "Job", **_CART}, _SERVICE),
            (_CART, {**_SERVICE, "metadata": {"name": "cart-metrics"}}),
            (_CART, {**_SERVICE, "spec": {"clusterIP": "None", "selector": {"app": "cart"}}}),
            ({**_CART, "container": {"args": ["--shutdown-delay-duration=10s"]}}, _SERVICE),
        ),
        bad=(
            (_CART, _SERVICE),
            ({**_CART, "kind": "Rollout"}, _SERVICE),
        ),
    ),
    SeveralRule(
        id="END202",
        title="Pods end before the balancer has left out their node",
        severity=Severity.WARNING,
        why="With `externalTrafficPolicy` Local the balancer learns only by health checks that no pod is left on "
        "a node; until "
        "then it sends connections there.",
        fix="Let preStop wait for interval times threshold of those checks, and raise the grace period by as much.",
        source="https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/"
        "#preserving-the-client-source-ip",
        params={"seconds": 24},
        about=("Service",),
        check=_before_the_balancer,
        good=(
            ({**_CART, "container": {"lifecycle": {"preStop": {"sleep": {"seconds": 25}}}}}, _LOCAL),
            (_WAITS, _SERVICE),
            (
                _WAITS,
                {
                    **_LOCAL,
                    "metadata": {
                        "annotations": {
                            _AWS + "healthcheck-interval": "5",
                            _AWS + "healthcheck-unhealthy-threshold": "2",
                        }
                    },
                },
            ),
        ),
        bad=(
            (_WAITS, _LOCAL),
            (
                {**_CART, "container": {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "25"]}}}}},
                {
                    **_LOCAL,
                    "metadata": {
                        "annotations": {
                            _AWS + "healthcheck-interval": "10",
                            _AWS + "healthcheck-unhealthy-threshold": "3",
                        }
                    },
                },
            ),
        ),
    ),
    SeveralRule(
        id="END203",
        title="Balancer drains for longer than its pods live",
        severity=Severity.WARNING,
        why="The balancer lets connections go on, but the pod behind them is killed when its grace period is "
        "over; they are cut.",
        fix="Raise `terminationGracePeriodSeconds` above the drain time, or lower that.",
        source="https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#draining_timeout",
        about=("Service", "Ingress", "GCPBackendPolicy.networking.gke.io"),
        check=_drained_longer,
        good=(
            (_CART, _CONFIGURED, _config(connectionDraining={"drainingTimeoutSec": 30})),
            (
                {**_CART, "pod": {"terminationGracePeriodSeconds": 90}},
                _CONFIGURED,
                _config(connectionDraining={"drainingTimeoutSec": 60}),
            ),
            (_CART, _SERVICE, _config(connectionDraining={"drainingTimeoutSec": 60})),
        ),
        bad=(
            (_CART, _CONFIGURED, _config(connectionDraining={"drainingTimeoutSec": 60})),
            (_CART, _SERVICE, _ingress(_ALB, "deregistration_delay.timeout_seconds=300")),
            (
                _CART,
                _SERVICE,
                {
                    "kind": "GCPBackendPolicy",
                    "apiVersion": "networking.gke.io/v1",
                    "spec": {
                        "default": {"connectionDraining": {"drainingTimeoutSec": 120}},
                        "targetRef": {"kind": "Service", "name": "cart"},
                    },
                },
            ),
        ),
    ),
    SeveralRule(
        id="END204",
        title="Requests may take longer than their pod has to end",
        severity=Severity.ADVICE,
        why="A request or stream that the route allows to run so long is cut when its pod is drained, however "
        "well that ends.",
        fix="Raise `terminationGracePeriodSeconds` to the longest request, or let clients resume.",
        source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow",
        about=("Ingress", "Service", "HTTPRoute.gateway.networking.k8s.io"),
        check=_allowed_longer,
        good=(
            ({**_CART, "pod": {"terminationGracePeriodSeconds": 90}}, _CONFIGURED, _config(timeoutSec=60)),
            (_CART, _SERVICE, _ingress(_NGINX + "proxy-read-timeout", "20")),
        ),
        bad=(
            (_CART, _SERVICE, _ingress(_NGINX + "proxy-read-timeout", "3600")),
            (_CART, _CONFIGURED, _config(timeoutSec=600)),
            (
                _CART,
                _SERVICE,
                {
                    "kind": "HTTPRoute",
                    "spec": {"rules": [{"timeouts": {"request": "2m"}, "backendRefs": [{"name": "cart"}]}]},
                },
            ),
        ),
    ),
    SeveralRule(
        id="END205",
        title="Pods ask for more time than a node's shutdown gives",
        severity=Severity.WARNING,
        why="When a node is shut down, by a spot notice or a repair, they are killed in the middle of their ending.",
        fix="Raise `shutdownGracePeriod` by as much, where the machine's own shutdown allows it, or shorten the "
        "endings.",
        source="https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#graceful-node-shutdown",
        about=("KubeletConfiguration",),
        check=_longer_than_nodes,
        good=(
            (
                _CART,
                {
                    "kind": "KubeletConfiguration",
                    "shutdownGracePeriod": "60s",
                    "shutdownGracePeriodCriticalPods": "15s",
                },
            ),
            (_CART, {"kind": "KubeletConfiguration"}),
        ),
        bad=(
            (
                _CART,
                {
                    "kind": "KubeletConfiguration",
                    "shutdownGracePeriod": "30s",
                    "shutdownGracePeriodCriticalPods": "10s",
                },
            ),
        ),
    ),
)
