"""Whether pods can be placed at all: on the nodes there are, beside the pods there are, by the classes there are."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.amounts import pod_request, replicas_of
from fairlead.checks.several.nodes import Nodes, holds, tolerates, untolerated
from fairlead.checks.several.reading import chosen_by, mapping, mappings, matches, spec_of, text, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_ASSIGN = "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"
_TAINTS = "https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"
_SPREAD = "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"
_PRIORITY = "https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_HOSTNAME = "kubernetes.io/hostname"
_BUILT_IN_PRIORITIES = frozenset({"", "system-node-critical", "system-cluster-critical"})
# These make nodes for what waits, so that no node fits now says nothing.
_MAKERS = ("NodePool.karpenter.sh", "Provisioner.karpenter.sh")


def _placed(scope: Scope) -> Iterator[tuple[KubeObject, dict[str, Any], Nodes]]:
    """Workloads whose pods have to find a node among those there are, and Nodes that remembers."""
    found = scope.objects.of("Node")
    if not found or any(scope.objects.of(kind) for kind in _MAKERS):
        return
    nodes = Nodes(found)
    for each in workloads(scope):
        pod = mapping(each.pod_spec)
        if each.kind not in {"DaemonSet", "PodTemplate"} and not pod.get("nodeName") and replicas_of(each) > 0:
            yield each, dict(pod), nodes


def _no_label(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, pod, nodes in _placed(scope):
        if not nodes.chosen(pod):
            selector = ", ".join(f"{key}={value}" for key, value in mapping(pod.get("nodeSelector")).items())
            asked = selector or "what its node affinity requires"
            field = "nodeSelector" if selector else "affinity"
            message = f"none of the {len(nodes.all)} nodes has {asked}"
            yield rule.found(each, message, path=(*each.pod_path, field))


def _not_tolerated(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, pod, nodes in _placed(scope):
        chosen = nodes.chosen(pod)
        if chosen and not nodes.open(pod):
            taint = mapping(untolerated(chosen[0], mappings(pod.get("tolerations"))))
            told = f"{taint.get('key')}={taint.get('value') or ''}:{taint.get('effect')}"
            message = f"does not tolerate the taints of the {len(chosen)} nodes it may run on, such as {told}"
            yield rule.found(each, message, path=(*each.pod_path, "tolerations"))


def _no_room(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, pod, nodes in _placed(scope):
        found = nodes.open(pod)
        if found and not any(holds(node, pod) for node in found):
            cpu, memory = pod_request(pod, "cpu"), pod_request(pod, "memory") / 2**20
            message = (
                f"a pod requests {cpu:g} CPUs and {memory:.0f}Mi; none of the {len(found)} nodes it may run on has that"
            )
            yield rule.found(each, message, path=(*each.pod_path, "containers"))


def _apart(pod: Mapping[str, Any], labels: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Index and topology key of the required terms that keep a pod from its own kind."""
    anti = mapping(mapping(pod.get("affinity")).get("podAntiAffinity"))
    for index, term in enumerate(mappings(anti.get(_REQUIRED))):
        selector = term.get("labelSelector")
        if isinstance(selector, dict) and not term.get("namespaces") and matches(selector, labels):
            yield index, text(term.get("topologyKey"))


def _too_few_places(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, pod, nodes in _placed(scope):
        for index, key in _apart(pod, each.pod_labels):
            places = {node.labels.get(key) for node in nodes.open(pod)} - {None}
            wanted = replicas_of(each)
            if nodes.open(pod) and wanted > len(places):
                path: Path = (*each.pod_path, "affinity", "podAntiAffinity", _REQUIRED, index)
                message = f"wants {wanted} pods apart by {key}; the nodes they may run on have {len(places)}"
                yield rule.found(each, message, path=path)


def _spread_over_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, pod, nodes in _placed(scope):
        for index, spread in enumerate(mappings(pod.get("topologySpreadConstraints"))):
            if spread.get("whenUnsatisfiable", "DoNotSchedule") != "DoNotSchedule":
                continue
            key, least = text(spread.get("topologyKey")), spread.get("minDomains", 1)
            places = {node.labels.get(key) for node in nodes.chosen(pod)} - {None}
            path: Path = (*each.pod_path, "topologySpreadConstraints", index)
            if not nodes.chosen(pod):
                continue
            if not places:
                message = f"spreads by {key}, which no node it may run on has"
                yield rule.found(each, message, path=path)
            elif isinstance(least, int) and least > len(places) and _beyond(spread, each, len(places)):
                message = f"wants {least} different values of {key}, the nodes it may run on have {len(places)}"
                yield rule.found(each, message, path=path)


def _beyond(spread: Mapping[str, Any], each: KubeObject, places: int) -> bool:
    """With too few domains each holds at most `maxSkew` pods."""
    skew = spread.get("maxSkew", 1)
    return replicas_of(each) > (skew if isinstance(skew, int) else 1) * places


def _no_companion(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        affinity = mapping(mapping(mapping(each.pod_spec).get("affinity")).get("podAffinity"))
        for index, term in enumerate(mappings(affinity.get(_REQUIRED))):
            selector = term.get("labelSelector")
            if not isinstance(selector, dict) or term.get("namespaceSelector") is not None:
                continue
            namespaces = term.get("namespaces") or [each.namespace]
            if not any(chosen_by(selector, str(namespace), scope) for namespace in namespaces):
                path: Path = (*each.pod_path, "affinity", "podAffinity", _REQUIRED, index)
                yield rule.found(each, "must stand beside pods that are not there", path=path)


def _no_priority(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        name = text(mapping(each.pod_spec).get("priorityClassName"))
        if name not in _BUILT_IN_PRIORITIES and scope.objects.get("PriorityClass", "", name) is None:
            yield rule.found(each, f"there is no PriorityClass `{name}`", path=(*each.pod_path, "priorityClassName"))


def _no_runtime(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        name = text(mapping(each.pod_spec).get("runtimeClassName"))
        if name and scope.objects.get("RuntimeClass", "", name) is None:
            yield rule.found(each, f"there is no RuntimeClass `{name}`", path=(*each.pod_path, "runtimeClassName"))


def _two_defaults(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    defaults = [each for each in scope.objects.of("PriorityClass") if each.raw.get("globalDefault") is True]
    for other in defaults[1:]:
        yield rule.found(other, f"is the default, and so is {defaults[0].name}", path=("globalDefault",))


def _for_nobody(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = [
        toleration
        for each in workloads(scope)
        if each.kind != "DaemonSet"
        for toleration in mappings(mapping(each.pod_spec).get("tolerations"))
    ]
    judged: dict[str, bool] = {}
    for node in scope.objects.of("Node"):
        for index, taint in enumerate(mappings(spec_of(node).get("taints"))):
            key = text(taint.get("key"))
            said = f"{key}={taint.get('value') or ''}:{taint.get('effect')}"
            if "kubernetes.io/" in key or taint.get("effect") == "PreferNoSchedule":
                continue
            if said not in judged:
                judged[said] = any(tolerates(toleration, taint) for toleration in known)
                if not judged[said]:
                    yield rule.found(node, f"no workload tolerates {said}", path=("spec", "taints", index))


def _node(name: str = "node-1", zone: str = "a", cpu: str = "4", **spec: Any) -> dict[str, Any]:
    labels = {_HOSTNAME: name, "topology.kubernetes.io/zone": zone, "pool": "web"}
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": {"cpu": cpu, "memory": "15Gi"}},
    }


def _asking(cpu: str) -> dict[str, Any]:
    return {"container": {"resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}}


def _anti(key: str, replicas: int) -> dict[str, Any]:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": "example"}}}
    return {"spec": {"replicas": replicas}, "pod": {"affinity": {"podAntiAffinity": {_REQUIRED: [term]}}}}


def _beside(app: str) -> dict[str, Any]:
    term = {"topologyKey": _HOSTNAME, "labelSelector": {"matchLabels": {"app": app}}}
    return {"pod": {"affinity": {"podAffinity": {_REQUIRED: [term]}}}}


def _spreading(replicas: int, **fields: Any) -> dict[str, Any]:
    spread = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
    return {"spec": {"replicas": replicas}, "pod": {"topologySpreadConstraints": [spread | fields]}}


_GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
_ZONE_A = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["b"]}
_KARPENTER = {"kind": "NodePool", "apiVersion": "karpenter.sh/v1", "spec": {}}

RULES = (
    SeveralRule(
        id="SCH201",
        title="No node has the labels a pod asks for",
        severity=Severity.ERROR,
        why="Its pods stay Pending, unless an autoscaler has an empty pool with these labels.",
        fix="Select by labels that nodes have, or label the node pool.",
        source=_ASSIGN,
        about=("Node",),
        check=_no_label,
        good=(
            ({"pod": {"nodeSelector": {"pool": "web"}}}, _node()),
            ({"pod": {"nodeSelector": {"pool": "batch"}}},),
            ({"pod": {"nodeSelector": {"pool": "batch"}}}, _node(), _KARPENTER),
            ({"kind": "DaemonSet", "pod": {"nodeSelector": {"pool": "batch"}}}, _node()),
        ),
        bad=(
            ({"pod": {"nodeSelector": {"pool": "batch"}}}, _node()),
            (
                {
                    "pod": {
                        "affinity": {
                            "nodeAffinity": {_REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [_ZONE_A]}]}}
                        }
                    }
                },
                _node(),
            ),
        ),
    ),
    SeveralRule(
        id="SCH202",
        title="Every node a pod may run on keeps it away",
        severity=Severity.ERROR,
        why="The nodes with the labels it asks for all have taints it does not tolerate; its pods stay Pending.",
        fix="Add the toleration that belongs to the node pool, or select another pool.",
        source=_TAINTS,
        about=("Node",),
        check=_not_tolerated,
        good=(
            ({"container": {}}, _node()),
            ({"pod": {"tolerations": [{"key": "gpu", "operator": "Exists"}]}}, _node(taints=[_GPU])),
            ({"container": {}}, _node(taints=[{**_GPU, "effect": "PreferNoSchedule"}])),
            ({"container": {}}, _node(taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}])),
        ),
        bad=(
            ({"container": {}}, _node(taints=[_GPU])),
            ({"pod": {"tolerations": [{"key": "gpu", "value": "no"}]}}, _node(taints=[_GPU])),
        ),
    ),
    SeveralRule(
        id="SCH203",
        title="Pod larger than any node",
        severity=Severity.ERROR,
        why="No node could hold it even when empty, so it stays Pending, and an autoscaler adds nodes of no use.",
        fix="Lower the requests, or add a pool with larger machines.",
        source="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"
        "#my-pods-are-pending-with-event-message-failedscheduling",
        about=("Node",),
        check=_no_room,
        good=(
            (_asking("3"), _node()),
            (_asking("5"), _node(), _node("node-2", cpu="8")),
            (_asking("900m"), _node(cpu="940m")),
        ),
        bad=((_asking("5"), _node()), (_asking("4500m"), _node(), _node("node-2"))),
    ),
    SeveralRule(
        id="SCH204",
        title="More replicas than places to keep them apart",
        severity=Severity.ERROR,
        why="Required anti-affinity allows one pod for each node or zone. The rest stay Pending, and a drain has "
        "nowhere to put its pod.",
        fix="Use preferred anti-affinity or a spread constraint, or fewer replicas than places.",
        source=_ASSIGN + "#inter-pod-affinity-and-anti-affinity",
        about=("Node",),
        check=_too_few_places,
        good=((_anti(_HOSTNAME, 2), _node(), _node("node-2")), (_anti(_HOSTNAME, 9),)),
        bad=(
            (_anti(_HOSTNAME, 3), _node(), _node("node-2")),
            (_anti("topology.kubernetes.io/zone", 2), _node(), _node("node-2")),
        ),
    ),
    SeveralRule(
        id="SCH205",
        title="Spread over zones that are not there",
        severity=Severity.ERROR,
        why="A hard constraint by a label that nodes do not have, or over more zones than there are, leaves pods "
        "Pending.",
        fix="Spread by a label that every node has, and set `minDomains` to the zones there are.",
        source=_SPREAD,
        about=("Node",),
        check=_spread_over_nothing,
        good=(
            (_spreading(3), _node(), _node("node-2", "b")),
            (_spreading(3, topologyKey="rack", whenUnsatisfiable="ScheduleAnyway"), _node()),
            (_spreading(2, minDomains=3), _node(), _node("node-2", "b")),
        ),
        bad=(
            (_spreading(3, topologyKey="rack"), _node()),
            (_spreading(3, minDomains=3), _node(), _node("node-2", "b")),
        ),
    ),
    SeveralRule(
        id="SCH206",
        title="Pod that must stand beside pods that are not there",
        severity=Severity.ERROR,
        needs=(WHOLE,),
        why="Required affinity to pods there are none of leaves it Pending; often a label was renamed.",
        fix="Make the selector agree with the labels of the pods that are meant, or prefer instead of require.",
        source=_ASSIGN + "#inter-pod-affinity-and-anti-affinity",
        check=_no_companion,
        good=(
            (_beside("cart"), {"metadata": {"name": "cart"}, "podMeta": {"labels": {"app": "cart"}}}),
            (_beside("example"),),
        ),
        bad=((_beside("carts"), {"metadata": {"name": "cart"}, "podMeta": {"labels": {"app": "cart"}}}),),
    ),
    SeveralRule(
        id="SCH207",
        title="Priority class that is not there",
        severity=Severity.ERROR,
        needs=(WHOLE,),
        why="The API server refuses the pods; the workload is there and has none.",
        fix="Add the PriorityClass before the workload, or write its name right.",
        source=_PRIORITY,
        check=_no_priority,
        good=(
            (
                {"pod": {"priorityClassName": "high"}},
                {"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 10},
            ),
            ({"pod": {"priorityClassName": "system-node-critical"}},),
        ),
        bad=(({"pod": {"priorityClassName": "high"}},),),
    ),
    SeveralRule(
        id="SCH208",
        title="Two default priority classes",
        severity=Severity.ERROR,
        why="Only one may be; which of them new pods get is not said, and the API server refuses the second.",
        fix="Set `globalDefault` on one.",
        source=_PRIORITY,
        about=("PriorityClass",),
        check=_two_defaults,
        good=(
            (
                {"kind": "PriorityClass", "value": 0, "globalDefault": True},
                {"kind": "PriorityClass", "metadata": {"name": "b"}},
            ),
        ),
        bad=(
            (
                {"kind": "PriorityClass", "value": 0, "globalDefault": True},
                {"kind": "PriorityClass", "metadata": {"name": "b"}, "value": 1, "globalDefault": True},
            ),
        ),
    ),
    SeveralRule(
        id="SCH209",
        title="Runtime class that is not there",
        severity=Severity.ERROR,
        needs=(WHOLE,),
        why="The API server refuses the pods; the workload is there and has none.",
        fix="Add the RuntimeClass, or write its name right.",
        source="https://kubernetes.io/docs/concepts/containers/runtime-class/",
        check=_no_runtime,
        good=(
            (
                {"pod": {"runtimeClassName": "gvisor"}},
                {"kind": "RuntimeClass", "metadata": {"name": "gvisor"}, "handler": "runsc"},
            ),
        ),
        bad=(({"pod": {"runtimeClassName": "gvisor"}},),),
    ),
    SeveralRule(
        id="SCH210",
        title="Taint that no workload tolerates",
        severity=Severity.ADVICE,
        needs=(WHOLE,),
        why="Its nodes are paid for and carry only agents.",
        fix="Give the workloads that are meant the toleration, or remove the pool.",
        source=_TAINTS,
        like=("popeye:700",),
        about=("Node",),
        check=_for_nobody,
        good=(
            ({"pod": {"tolerations": [{"key": "gpu", "operator": "Exists"}]}}, _node(taints=[_GPU])),
            (
                {"container": {}},
                _node(taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]),
            ),
        ),
        bad=(({"container": {}}, _node(taints=[_GPU])),),
    ),
)
