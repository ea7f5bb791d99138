"""What grows with the number of nodes and Services: rollouts over all nodes, DNS, proxies, webhooks."""

from collections.abc import Iterator
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import replicas_of
from fairlead.checks.several.reading import mapping, mappings, spec_of
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_SERVICES = 200  # each Service is seven variables or more, and all of them together have to fit the arguments' space
_NODES = 100
_PER_DNS_POD = 128
_MUTATING_SECONDS = 30
_HPA = "HorizontalPodAutoscaler"


def _slow_over_nodes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    nodes = len(scope.objects.of("Node"))
    if nodes < _NODES:
        return
    for each in scope.objects.of("DaemonSet"):
        strategy = mapping(spec_of(each).get("updateStrategy"))
        rolling = mapping(strategy.get("rollingUpdate"))
        if strategy.get("type", "RollingUpdate") != "RollingUpdate" or rolling.get("maxSurge"):
            continue
        if str(rolling.get("maxUnavailable", 1)) == "1":
            said = f"is rolled over {nodes} nodes one by one"
            yield rule.found(each, said, path=("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"))


def _no_node_cache(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    nodes = scope.objects.of("Node")
    agents = scope.objects.of("DaemonSet", "kube-system")
    dns = _dns(scope)
    if len(nodes) < _NODES or not agents or dns is None:
        return
    if not any("local-dns" in each.name or "nodelocaldns" in each.name for each in agents):
        yield rule.found(dns, f"answers {len(nodes)} nodes without a cache on them")


def _dns(scope: Scope) -> KubeObject | None:
    found = (scope.objects.get("Deployment", "kube-system", name) for name in ("coredns", "kube-dns"))
    return next(filter(None, found), None)


def _few_dns_pods(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    nodes, dns = len(scope.objects.of("Node")), _dns(scope)
    if nodes < _NODES or dns is None:
        return
    is_scaled = any("autoscaler" in each.name for each in scope.objects.of("Deployment", "kube-system"))
    is_scaled = is_scaled or bool(scope.objects.of(_HPA, "kube-system"))
    if not is_scaled and replicas_of(dns) * _PER_DNS_POD < nodes:
        said = f"{replicas_of(dns)} pods answer {nodes} nodes"
        yield rule.found(dns, said, path=("spec", "replicas"))


def _whole_mesh(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    """Without a Sidecar resource every proxy holds the endpoints of every Service of the mesh."""
    sidecars = {each.namespace for each in scope.objects.of("Sidecar.networking.istio.io")}
    services = len(scope.objects.of("Service"))
    if services < _SERVICES or "istio-system" in sidecars:
        return
    for namespace in scope.objects.of("Namespace"):
        is_injected = namespace.labels.get("istio-injection") == "enabled" or "istio.io/rev" in namespace.labels
        if is_injected and namespace.name not in sidecars:
            yield rule.found(namespace, f"its proxies hold the endpoints of {services} Services")


def _webhooks_in_a_row(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    """Mutating webhooks are asked one after another, so their times add up."""
    waits: list[tuple[int, KubeObject]] = []
    for each in scope.objects.of("MutatingWebhookConfiguration"):
        asked = [webhook for webhook in mappings(each.raw.get("webhooks")) if _is_for_all_pods(webhook)]
        seconds = [webhook.get("timeoutSeconds", 10) for webhook in asked]
        waits.append((sum(second for second in seconds if isinstance(second, int)), each))
    total = sum(seconds for seconds, _ in waits)
    if total > _MUTATING_SECONDS and waits:
        longest = max(waits, key=lambda wait: wait[0])[1]
        yield rule.found(longest, f"the webhooks for a new pod may take {total} s together", path=("webhooks",))


def _words(value: Any) -> set[str]:
    return set(map(str, value)) if isinstance(value, list) else set()


def _is_for_all_pods(webhook: dict[str, Any]) -> bool:
    if mapping(webhook.get("namespaceSelector")).get("matchLabels") or webhook.get("objectSelector"):
        return False
    return any(
        {"pods", "*", "*/*"} & _words(rule.get("resources"))
        and {"CREATE", "*"} & _words(rule.get("operations"))
        and {"", "*"} & _words(rule.get("apiGroups"))
        for rule in mappings(webhook.get("rules"))
    )


def _many(kind: str, number: int, **more: Any) -> tuple[dict[str, Any], ...]:
    return tuple({"kind": kind, **more, "metadata": {"name": f"a{each}"}} for each in range(number))


_NODE_LIST = _many("Node", _NODES)
_SCALER = {"kind": "Deployment", "metadata": {"name": "dns-autoscaler", "namespace": "kube-system"}, "container": {}}
_DNS_POD = {"kind": "Deployment", "metadata": {"name": "coredns", "namespace": "kube-system"}, "container": {}}
_CACHE = {"kind": "DaemonSet", "metadata": {"name": "node-local-dns", "namespace": "kube-system"}, "container": {}}
_PROXY = {"kind": "DaemonSet", "metadata": {"name": "kube-proxy", "namespace": "kube-system"}, "container": {}}
_AGENT = {"kind": "DaemonSet", "pod": {"serviceAccountName": "agent"}}
_MESH = {"kind": "Namespace", "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}}
_SIDECAR = {"kind": "Sidecar", "apiVersion": "networking.istio.io/v1", "spec": {}}


def _hooks(number: int, **more: Any) -> dict[str, Any]:
    rules = [{"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}]
    return {"kind": "MutatingWebhookConfiguration", "webhooks": [{"name": "a", "rules": rules, **more}] * number}


RULES = (
    SeveralRule(
        id="LRG307",
        title="Agent rolled over hundreds of nodes one by one",
        severity=Severity.WARNING,
        why=(
            "At a minute a node a security fix takes hours or days, and two versions work beside each other all "
            "the while."
        ),
        fix="Set `maxUnavailable` to a percentage such as 10%.",
        source="https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/",
        about=("DaemonSet",),
        check=_slow_over_nodes,
        good=(
            (
                {"kind": "DaemonSet", "spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "10%"}}}},
                *_NODE_LIST,
            ),
            (_AGENT, *_many("Node", 5)),
        ),
        bad=((_AGENT, *_NODE_LIST),),
    ),
    SeveralRule(
        id="LRG310",
        title="Large cluster without DNS caches on its nodes",
        severity=Severity.WARNING,
        why=(
            "Every lookup of every pod crosses the network to a few pods, and leaves entries in connection "
            "tables; their races show as lookups of five seconds."
        ),
        fix="Install NodeLocal DNSCache (an add-on on GKE, AKS and others).",
        source="https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/",
        about=("Node",),
        check=_no_node_cache,
        good=((_DNS_POD, _CACHE, *_NODE_LIST), (_DNS_POD, _PROXY, *_many("Node", 5))),
        bad=((_DNS_POD, _PROXY, *_NODE_LIST),),
    ),
    SeveralRule(
        id="LRG311",
        title="Few DNS pods for many nodes",
        severity=Severity.WARNING,
        why="Lookups queue up and time out in busy minutes, and the loss of one pod doubles the load of the rest.",
        fix="Add the cluster-proportional autoscaler for DNS, or more replicas.",
        source="https://kubernetes.io/docs/tasks/administer-cluster/dns-horizontal-autoscaling/",
        about=("Node",),
        check=_few_dns_pods,
        good=(
            ({**_DNS_POD, "spec": {"replicas": 4}}, *_many("Node", 300)),
            (
                _DNS_POD,
                _SCALER,
                *_many("Node", 300),
            ),
        ),
        bad=(({**_DNS_POD, "spec": {"replicas": 2}}, *_many("Node", 300)),),
    ),
    SeveralRule(
        id="LRG312",
        title="Proxies that know the whole mesh",
        severity=Severity.WARNING,
        why=(
            "Without a Sidecar resource each proxy is sent every Service and endpoint of the mesh; its memory and "
            "istiod's load grow with pods times Services."
        ),
        fix="Add a Sidecar to the namespace (or one to the root namespace) with the hosts that it calls.",
        source="https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration",
        about=("Namespace",),
        check=_whole_mesh,
        good=((_MESH, _SIDECAR, *_many("Service", _SERVICES)), (_MESH, *_many("Service", 20))),
        bad=((_MESH, *_many("Service", _SERVICES)),),
    ),
    SeveralRule(
        id="LRG313",
        title="Webhooks for pods that together take too long",
        severity=Severity.WARNING,
        why=(
            "Mutating webhooks are asked one after another. When several are slow, as after a node pool was "
            "replaced, the request ends before the last has answered, and no pod is made."
        ),
        fix="Set `timeoutSeconds` to 5 or less, and narrow the webhooks by namespace and object labels.",
        source="https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/",
        about=("MutatingWebhookConfiguration",),
        check=_webhooks_in_a_row,
        good=((_hooks(3),), (_hooks(6, timeoutSeconds=5),), (_hooks(9, objectSelector={"matchLabels": {"a": "b"}}),)),
        bad=((_hooks(4),),),
    ),
)
