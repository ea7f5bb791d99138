"""What NetworkPolicies keep from what it needs: DNS from the pods, callers from the port of a Service."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.network_policies import Direction, by_namespace, peers_of, policies_of, policy_example
from fairlead.checks.several.reading import chosen_by, mapping, mappings, spec_of, text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
_DNS = 53


def _ruling(namespace: str, direction: Direction, scope: Scope) -> dict[int, list[KubeObject]]:
    """The policies that rule a direction for each workload of a namespace, by the workload's `id`."""
    ruling: dict[int, list[KubeObject]] = {}
    for policy in policies_of(namespace, direction, scope):
        for each in chosen_by(spec_of(policy).get("podSelector"), namespace, scope):
            ruling.setdefault(id(each), []).append(policy)
    return ruling


def _without_dns(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for namespace, inside in by_namespace(scope).items():
        ruling = _ruling(namespace, "Egress", scope)
        for each in inside:
            policies = ruling.get(id(each), [])
            # Without any rule the pod is to reach nothing; with some it is to reach something, mostly by its name.
            if any(_names_anybody(policy) for policy in policies) and not any(map(_lets_out_dns, policies)):
                names = ", ".join(policy.name for policy in policies)
                message = f"may not ask DNS: no egress rule of {names} allows port 53"
                yield rule.found(each, message, path=each.pod_path)


def _names_anybody(policy: KubeObject) -> bool:
    """Whether it lets out to pods or namespaces, which are called by name; addresses need none."""
    peers = [peer for path, peer in peers_of(policy) if path[1] == "egress"]
    has_open_ports = any(not each.get("to") and each.get("ports") for each in mappings(spec_of(policy).get("egress")))
    return has_open_ports or any("ipBlock" not in peer for peer in peers)


def _lets_out_dns(policy: KubeObject) -> bool:
    return any(_is_dns_open(each.get("ports")) for each in mappings(spec_of(policy).get("egress")))


def _is_dns_open(ports: Any) -> bool:
    return not ports or any(_is_dns(port) for port in mappings(ports))


def _is_dns(port: Mapping[str, Any]) -> bool:
    number, end = port.get("port"), port.get("endPort")
    if number is None or isinstance(number, str):
        return number is None or "dns" in number
    return number in (_DNS, 5353) or (isinstance(end, int) and number <= _DNS <= end)


def _shut_port(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for namespace in sorted({policy.namespace for policy in scope.objects.of("NetworkPolicy")}):
        ruling = _ruling(namespace, "Ingress", scope)
        for service, each in _served(namespace, scope):
            # Where nothing at all is let in, what lets it in most likely stands elsewhere.
            rules = [one for policy in ruling.get(id(each), ()) for one in _ingress(policy)]
            for port in sorted(_shut(service, each, rules)) if rules else ():
                yield rule.found(service, f"no NetworkPolicy for {each.ref} lets in its port {port}", path=_PORTS)


_PORTS = ("spec", "ports")


def _served(namespace: str, scope: Scope) -> Iterator[tuple[KubeObject, KubeObject]]:
    """Each Service of a namespace with each workload behind it."""
    for service in scope.objects.of("Service", namespace):
        selector = spec_of(service).get("selector")
        for each in (
            chosen_by({"matchLabels": selector}, namespace, scope) if selector and isinstance(selector, dict) else ()
        ):
            yield service, each


def _ingress(policy: KubeObject) -> list[dict[str, Any]]:
    return mappings(spec_of(policy).get("ingress"))


def _shut(service: KubeObject, workload: KubeObject, rules: list[dict[str, Any]]) -> set[int]:
    """The ports that a Service leads to and no rule lets in."""
    if any(not each.get("ports") for each in rules):
        return set()
    said = [port for each in rules for port in mappings(each.get("ports"))]
    ports = _target_ports(service, workload)
    return {port[0] for port in ports if not any(_covers(one, port) for one in said)}


def _target_ports(service: KubeObject, workload: KubeObject) -> set[tuple[int, str]]:
    """Numbers and names that the pods' containers have for the ports of a Service, TCP only."""
    numbers: dict[str, int] = {}
    for container in mappings(mapping(workload.pod_spec).get("containers")):
        for port in mappings(container.get("ports")):
            if isinstance(port.get("containerPort"), int):
                numbers[text(port.get("name"))] = port["containerPort"]
    named = {number: name for name, number in numbers.items() if name}
    found: set[tuple[int, str]] = set()
    for port in mappings(spec_of(service).get("ports")):
        target = port.get("targetPort", port.get("port"))
        number = numbers.get(target) if isinstance(target, str) else target
        if isinstance(number, int) and port.get("protocol", "TCP") == "TCP":
            found.add((number, named.get(number, "")))
    return found


def _covers(said: Mapping[str, Any], port: tuple[int, str]) -> bool:
    number, end = said.get("port"), said.get("endPort")
    if said.get("protocol", "TCP") != "TCP":
        return False
    if isinstance(number, int) and isinstance(end, int):
        return number <= port[0] <= end
    return number is None or number in port


_PODS: dict[str, Any] = {"container": {}}
_OTHER = {"metadata": {"name": "other"}, "podMeta": {"labels": {"app": "other"}}}
_MINE = {"podSelector": {"matchLabels": {"app": "example"}}}
_DENY = policy_example({"podSelector": {}, "policyTypes": ["Ingress"]})
_DENY_ALL = policy_example({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
_TO_DB = {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": 5432}]}
_TO_DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}
_FROM_OTHER = {"from": [{"podSelector": {"matchLabels": {"app": "other"}}}]}
_SERVICE = {"kind": "Service", "spec": {"selector": {"app": "example"}, "ports": [{"port": 80, "targetPort": "http"}]}}
_WITH_PORT = {"container": {"ports": [{"name": "http", "containerPort": 8080}]}}
_TO_ADDRESS = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 443}]}

RULES = (
    SeveralRule(
        id="SEC428",
        title="Workload that its policies cut off from DNS",
        severity=Severity.ERROR,
        why="Once egress is ruled, names are not resolved unless a rule allows it; the program finds nobody.",
        fix="Allow UDP and TCP port 53 to the pods with `k8s-app: kube-dns` in `kube-system`.",
        source=f"{_DOCS}#default-deny-all-egress-traffic",
        about=("NetworkPolicy",),
        check=_without_dns,
        good=(
            (_PODS, policy_example({**_MINE, "egress": [_TO_DB, _TO_DNS]})),
            (
                _PODS,
                policy_example({**_MINE, "egress": [_TO_DB]}),
                policy_example({"podSelector": {}, "egress": [_TO_DNS]}, "dns"),
            ),
            (_PODS, policy_example({**_MINE, "egress": [{"to": [{"podSelector": {}}]}]})),
            (_PODS, _DENY_ALL),
            (
                _PODS,
                policy_example({**_MINE, "egress": [_TO_ADDRESS]}),
            ),
            (_OTHER, policy_example({**_MINE, "egress": [_TO_DB]})),
        ),
        bad=(
            (_PODS, policy_example({**_MINE, "egress": [_TO_DB]})),
            (
                _PODS,
                _DENY_ALL,
                policy_example({**_MINE, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 443}]}]}, "web"),
            ),
        ),
    ),
    SeveralRule(
        id="SEC430",
        title="Service whose port its policies keep shut",
        severity=Severity.ERROR,
        why="Policies are about the port of the pod, not that of the Service; every call runs into a time-out.",
        fix="Allow the number or the name of the container's port in `ingress[].ports`.",
        source=f"{_DOCS}#networkpolicy-resource",
        about=("NetworkPolicy",),
        check=_shut_port,
        good=(
            (_WITH_PORT, _SERVICE, policy_example({**_MINE, "ingress": [{"ports": [{"port": 8080}]}]})),
            (_WITH_PORT, _SERVICE, policy_example({**_MINE, "ingress": [{"ports": [{"port": "http"}]}]})),
            (_WITH_PORT, _SERVICE, policy_example({**_MINE, "ingress": [_FROM_OTHER]})),
            (_WITH_PORT, _SERVICE),
            (_WITH_PORT, _SERVICE, _DENY),
            (
                _WITH_PORT,
                _SERVICE,
                _DENY,
                policy_example({**_MINE, "ingress": [{"ports": [{"port": 8000, "endPort": 8999}]}]}, "b"),
            ),
        ),
        bad=(
            (_WITH_PORT, _SERVICE, policy_example({**_MINE, "ingress": [{"ports": [{"port": 80}]}]})),
            (
                _WITH_PORT,
                _SERVICE,
                _DENY,
                policy_example({**_MINE, "ingress": [{"ports": [{"port": 9090}]}]}, "metrics"),
            ),
        ),
    ),
)
