"""Services and what they lead to."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import replicas_of, running
from fairlead.checks.several.reading import makes_pods_unseen, mapping, mappings, spec_of, text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/service/"
# Labels that are in no pod template, since controllers give them to each pod.
_GIVEN = frozenset(
    {
        *("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash"),
        *("pod-template-hash", "rollouts-pod-template-hash", "batch.kubernetes.io/job-completion-index"),
    }
)


def targets_of(service: KubeObject, scope: Scope) -> list[KubeObject]:
    """The workloads whose pods a Service selects; Jobs are left out where others are among them."""
    selector = mapping(spec_of(service).get("selector"))
    if not selector or spec_of(service).get("type") == "ExternalName":
        return []
    return scope.objects.selected(service.namespace, _of_template(selector))


def _of_template(selector: Mapping[str, Any]) -> dict[str, Any]:
    """Without the labels that controllers give each pod; all of them where nothing else is left."""
    own = {key: value for key, value in selector.items() if key not in _GIVEN} or dict(selector)
    return own if all(isinstance(value, str) for value in own.values()) else {}


def _selects_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        selector = mapping(spec_of(service).get("selector"))
        if not selector or spec_of(service).get("type") == "ExternalName" or not scope.is_whole(service.namespace):
            continue
        is_for_one_pod = selector.keys() <= _GIVEN
        if (
            is_for_one_pod
            or not _of_template(selector)
            or makes_pods_unseen(service.namespace, scope)
            or targets_of(service, scope)
        ):
            continue
        labels = ", ".join(f"{key}={value}" for key, value in selector.items())
        yield rule.found(service, f"no pods carry {labels}", path=("spec", "selector"))


def _container_ports(each: KubeObject) -> list[dict[str, Any]]:
    return [port for _, _, container in running(mapping(each.pod_spec)) for port in mappings(container.get("ports"))]


def _lasting(targets: list[KubeObject]) -> list[KubeObject]:
    return [each for each in targets if each.kind not in {"Job", "CronJob"}]


def _named_port_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        targets = _lasting(targets_of(service, scope))
        for index, port in enumerate(mappings(spec_of(service).get("ports"))):
            name = port.get("targetPort")
            if not isinstance(name, str) or name.isdigit() or not targets:
                continue
            # Pods without the name are left out of the endpoints, which may be meant; nobody having it is not.
            if all(has.get("name") != name for each in targets for has in _container_ports(each)):
                said = f"port {port.get('port')} goes to `{name}`, which {targets[0].ref} does not have"
                yield rule.found(service, said, path=("spec", "ports", index, "targetPort"))


def _number_not_declared(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    """Ports need not be declared; where some are and this one is not, it is most often a mistake."""
    for service in scope.objects.of("Service"):
        declared = [_container_ports(each) for each in _lasting(targets_of(service, scope))]
        if not declared or not all(declared):
            continue
        for index, port in enumerate(mappings(spec_of(service).get("ports"))):
            number = port.get("targetPort", port.get("port"))
            numbers = {int(has["containerPort"]) for ports in declared for has in ports if _is_number(has)}
            if isinstance(number, int) and number not in numbers:
                known = ", ".join(map(str, sorted(numbers)))
                said = f"goes to port {number}; its pods declare {known}"
                yield rule.found(service, said, path=("spec", "ports", index))


def _is_number(port: Mapping[str, Any]) -> bool:
    return isinstance(port.get("containerPort"), int)


def _protocol_differs(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        ports = [port for each in _lasting(targets_of(service, scope)) for port in _container_ports(each)]
        for index, port in enumerate(mappings(spec_of(service).get("ports"))):
            target = port.get("targetPort", port.get("port"))
            protocols = {
                text(has.get("protocol", "TCP"))
                for has in ports
                if target in (has.get("name"), has.get("containerPort"))
            }
            if protocols and text(port.get("protocol", "TCP")) not in protocols:
                said = f"takes {port.get('protocol', 'TCP')} for a port that is {' and '.join(sorted(protocols))}"
                yield rule.found(service, said, path=("spec", "ports", index))


def _selects_jobs(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        targets = targets_of(service, scope)
        jobs = [each for each in targets if each.kind in {"Job", "CronJob"}]
        if jobs and len(jobs) < len(targets):
            said = f"also selects the pods of {jobs[0].ref}"
            yield rule.found(service, said, path=("spec", "selector"))


def _local_with_one_pod(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        spec = spec_of(service)
        if spec.get("externalTrafficPolicy") != "Local" or text(spec.get("type")) not in {"LoadBalancer", "NodePort"}:
            continue
        targets = _lasting(targets_of(service, scope))
        if not targets or any(each.kind == "DaemonSet" for each in targets):
            continue
        pods = sum(replicas_of(each) for each in targets)
        if pods < 2:
            said = f"only the node of its {pods} pod takes traffic"
            yield rule.found(service, said, path=("spec", "externalTrafficPolicy"))
        elif not any(_is_spread(each) for each in targets):
            said = f"its {pods} pods may stand on one node, which then takes all traffic"
            yield rule.found(service, said, path=("spec", "externalTrafficPolicy"))


def _is_spread(each: KubeObject) -> bool:
    pod = mapping(each.pod_spec)
    return bool(pod.get("topologySpreadConstraints")) or "podAntiAffinity" in mapping(pod.get("affinity"))


def _internal_local(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        targets = _lasting(targets_of(service, scope))
        if spec_of(service).get("internalTrafficPolicy") != "Local" or not targets:
            continue
        if all(each.kind != "DaemonSet" for each in targets):
            said = "callers on nodes without one of its pods are refused"
            yield rule.found(service, said, path=("spec", "internalTrafficPolicy"))


def _node_port_twice(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    first: dict[tuple[int, str], KubeObject] = {}
    for service in scope.objects.of("Service"):
        for index, port in enumerate(mappings(spec_of(service).get("ports"))):
            number = port.get("nodePort")
            if not isinstance(number, int) or number == 0:
                continue
            key = (number, text(port.get("protocol")) or "TCP")
            other = first.setdefault(key, service)
            # The same manifest for another environment is no second Service.
            if (other.namespace, other.name) != (service.namespace, service.name):
                said = f"node port {number} is also that of {other.ref}"
                yield rule.found(service, said, path=("spec", "ports", index, "nodePort"))


def _web(ports: list[Mapping[str, Any]], **spec: Any) -> dict[str, Any]:
    whole = {"selector": {"app": "cart"}, "ports": ports, **spec}
    return {"kind": "Service", "metadata": {"name": "cart"}, "spec": whole}


_CART: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "cart"},
    "podMeta": {"labels": {"app": "cart"}},
    "container": {"ports": [{"name": "http", "containerPort": 8080}]},
}
_AGENT = {**_CART, "kind": "DaemonSet"}
_SPREAD = {"topologySpreadConstraints": [{"topologyKey": "kubernetes.io/hostname"}]}

RULES = (
    SeveralRule(
        id="NET201",
        title="Service that selects nothing",
        severity=Severity.ERROR,
        why="Whoever calls it is refused: there is nothing behind it.",
        fix="Make the selector agree with the labels in the workload's pod template.",
        source=_DOCS + "#services-without-selectors",
        like=("kube-linter:dangling-service", "kube-score:service-targets-pod"),
        about=("Service",),
        check=_selects_nothing,
        good=(
            (_CART, {"kind": "Service", "spec": {"selector": {"app": "cart"}}}),
            ({"kind": "Service", "spec": {"type": "ExternalName", "externalName": "shop.example"}},),
            (_CART, _web([], selector={"statefulset.kubernetes.io/pod-name": "cart-0"})),
            (_CART, _web([], selector={"app": "cart", "statefulset.kubernetes.io/pod-name": "cart-0"})),
        ),
        bad=((_CART, {"kind": "Service", "spec": {"selector": {"app": "carts"}}}),),
    ),
    SeveralRule(
        id="NET202",
        title="Service for a named port that the pods do not have",
        severity=Severity.ERROR,
        why="Pods without a port of that name are not among its endpoints; where none has it, every call is refused.",
        fix="Name the container's port so, or give its number in `targetPort`.",
        source=_DOCS + "#field-spec-ports",
        like=("popeye:1106",),
        about=("Service",),
        check=_named_port_missing,
        good=((_CART, _web([{"port": 80, "targetPort": "http"}])), (_CART, _web([{"port": 80, "targetPort": 9090}]))),
        bad=((_CART, _web([{"port": 80, "targetPort": "web"}])),),
    ),
    SeveralRule(
        id="NET203",
        title="Service for a port that the pods do not declare",
        severity=Severity.ADVICE,
        why="The pods declare other ports; if nothing listens on this one, every call is refused.",
        fix="Correct `targetPort`, or declare the port in the container.",
        source=_DOCS + "#field-spec-ports",
        like=("popeye:1106",),
        about=("Service",),
        check=_number_not_declared,
        good=(
            (_CART, _web([{"port": 80, "targetPort": 8080}])),
            (_CART, _web([{"port": 80, "targetPort": "http"}])),
            ({**_CART, "container": {}}, _web([{"port": 80}])),
        ),
        bad=((_CART, _web([{"port": 80}])), (_CART, _web([{"port": 80, "targetPort": 8081}]))),
    ),
    SeveralRule(
        id="NET204",
        title="Service with another protocol than its pods",
        severity=Severity.ERROR,
        why="Packets of the one protocol reach no listener of the other.",
        fix="Set the same `protocol` on both; a port that speaks both needs two entries.",
        source=_DOCS + "#protocol-support",
        about=("Service",),
        check=_protocol_differs,
        good=((_CART, _web([{"port": 80, "targetPort": 8080, "protocol": "TCP"}])),),
        bad=((_CART, _web([{"port": 53, "targetPort": 8080, "protocol": "UDP"}])),),
    ),
    SeveralRule(
        id="NET205",
        title="Service that sends traffic to the pods of a Job",
        severity=Severity.ERROR,
        why="While the Job runs, part of the requests goes to its pods, which answer none of them.",
        fix="Give the Job's pods other labels, or the selector one that only the servers carry.",
        source=_DOCS + "#defining-a-service",
        about=("Service",),
        check=_selects_jobs,
        good=((_CART, {"kind": "CronJob", "podMeta": {"labels": {"app": "cart-report"}}}, _web([{"port": 8080}])),),
        bad=((_CART, {"kind": "CronJob", "podMeta": {"labels": {"app": "cart"}}}, _web([{"port": 8080}])),),
    ),
    SeveralRule(
        id="NET206",
        title="Few nodes take the traffic of a balancer",
        severity=Severity.WARNING,
        why=(
            "With the policy Local only nodes with a pod take traffic. In a rollout or a drain the last one goes "
            "before the balancer has found the next, and connections are refused."
        ),
        fix="Run two or more replicas spread over nodes, or use the policy Cluster.",
        source="https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-policies",
        about=("Service",),
        check=_local_with_one_pod,
        good=(
            (
                {**_CART, "spec": {"replicas": 3}, "pod": _SPREAD},
                _web([{"port": 8080}], type="LoadBalancer", externalTrafficPolicy="Local"),
            ),
            (_AGENT, _web([{"port": 8080}], type="LoadBalancer", externalTrafficPolicy="Local")),
            (_CART, _web([{"port": 8080}], type="LoadBalancer")),
        ),
        bad=(
            (_CART, _web([{"port": 8080}], type="LoadBalancer", externalTrafficPolicy="Local")),
            (
                {**_CART, "spec": {"replicas": 3}},
                _web([{"port": 8080}], type="LoadBalancer", externalTrafficPolicy="Local"),
            ),
        ),
    ),
    SeveralRule(
        id="NET207",
        title="Service that only serves callers of its own nodes",
        severity=Severity.WARNING,
        why="With the policy Local a caller on a node without one of its pods is refused, also after a drain.",
        fix="Use it for DaemonSets; otherwise `trafficDistribution: PreferClose`.",
        source="https://kubernetes.io/docs/concepts/services-networking/service-traffic-policy/",
        about=("Service",),
        check=_internal_local,
        good=((_AGENT, _web([{"port": 8080}], internalTrafficPolicy="Local")), (_CART, _web([{"port": 8080}]))),
        bad=((_CART, _web([{"port": 8080}], internalTrafficPolicy="Local")),),
    ),
    SeveralRule(
        id="NET208",
        title="Node port of two Services",
        severity=Severity.ERROR,
        why="The API server refuses the second one.",
        fix="Leave `nodePort` out, or give each another.",
        source=_DOCS + "#type-nodeport",
        about=("Service",),
        check=_node_port_twice,
        good=((_web([{"port": 80, "nodePort": 30080}]), {**_web([{"port": 80, "nodePort": 30081}])}),),
        bad=(
            (
                _web([{"port": 80, "nodePort": 30080}]),
                {**_web([{"port": 80, "nodePort": 30080}]), "metadata": {"name": "shop"}},
            ),
        ),
    ),
)
