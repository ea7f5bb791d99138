"""Known issues that several objects, images, nodes, pods or events show; each finding names the issue."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import (
    containers_of,
    is_made_by_another,
    mapping_at,
    mappings_at,
    text_at,
)
from fairlead.knowledge import known_issues
from fairlead.knowledge.known_issues import Feature, KnownIssue, Match
from fairlead.model.finding import Severity
from fairlead.model.version import Version
from fairlead.snapshot.objects import KubeObject

# Whose versions the table knows, by a part of the image's name; `3.17` and `alpine3.17` are 3.17.0.
_SOFTWARE: Mapping[str, re.Pattern[str]] = {
    "argo-cd": re.compile(r"(?:.*/)?argoproj/argocd:v?(\d+\.\d+(?:\.\d+)?)"),
    "cilium": re.compile(r"(?:.*/)?cilium/cilium:v?(\d+\.\d+(?:\.\d+)?)"),
    "alpine": re.compile(r"(?:.*/)?(?:alpine:|[^/:]+:.*-alpine)(\d+\.\d+(?:\.\d+)?)(?![\d])"),
}


_ON_NODES = {"cni", "containerd", "cos", "dataplane-v2", "gke", "kube-proxy", "kubelet", "node-problem-detector"}


def _version(text: str) -> Version | None:
    try:
        return Version(text if text.count(".") > 1 else f"{text}.0")
    except ValueError:
        return None


def _told(rule: SeveralRule, each: KubeObject, match: Match, path: Path) -> Found:
    """With the issue's own severity, and what helps against it."""
    issue = match.issue
    found = rule.found(each, f"{issue.id}: {issue.title} ({match.because})", path=path, evidence=issue.source)
    better = f"Go to {', '.join(issue.fixed_in)}. " if issue.fixed_in else ""
    return msgspec.structs.replace(found, severity=issue.severity, fix=f"{better}{issue.workaround.rstrip('.')}.")


def _images(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.workloads:
        if is_made_by_another(each):
            continue
        for listed_in, index, container in containers_of(each):
            for match in _of_image(text_at(container, "image")):
                yield _told(rule, each, match, (*each.pod_path, listed_in, index, "image"))


def _of_image(image: str) -> Iterator[Match]:
    for software, pattern in _SOFTWARE.items():
        found = pattern.match(image)
        version = _version(found[1]) if found else None
        if version is not None:
            yield from known_issues.matching(version, versions_of=software, having=())


def _nodes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    told: set[tuple[str, str]] = set()
    of_cluster = _features(scope)
    for each in scope.objects.of("Node"):
        version = _version(text_at(each.raw, "status", "nodeInfo", "kubeletVersion"))
        if version is None:
            continue
        for match in known_issues.matching(version, having=of_cluster | _features_of(each)):
            if not _is_of_nodes(match.issue) or (match.issue.id, str(version)) in told:
                continue
            told.add((match.issue.id, str(version)))
            yield _told(rule, each, match, ("status", "nodeInfo", "kubeletVersion"))


def _is_of_nodes(issue: KnownIssue) -> bool:
    """A fault of what runs on nodes that newer versions have not; limits that stay are no news about a version."""
    mended = issue.fixed_in or any("<" in affected for affected in issue.affected)
    return issue.component in _ON_NODES and issue.kind in {"bug", "regression", "security"} and bool(mended)


def _features(scope: Scope) -> frozenset[Feature]:
    """What the objects show of the cluster; a feature nobody sees counts as not there."""
    seen: set[Feature] = set()
    if scope.objects.get("DaemonSet", "kube-system", "anetd"):
        seen.add("dataplane-v2")
    if scope.objects.get("ConfigMap", "kube-system", "kubeadm-config"):
        seen.add("kubeadm")
    proxy = scope.objects.get("ConfigMap", "kube-system", "kube-proxy")
    if proxy and any("mode: ipvs" in str(value).replace('"', "") for value in mapping_at(proxy.raw, "data").values()):
        seen.add("ipvs")
    return frozenset(seen)


def _features_of(node: KubeObject) -> frozenset[Feature]:
    seen: set[Feature] = set()
    if "Container-Optimized OS" in text_at(node.raw, "status", "nodeInfo", "osImage"):
        seen.add("cos")
    if "true" in {node.labels.get("cloud.google.com/gke-spot"), node.labels.get("cloud.google.com/gke-preemptible")}:
        seen.add("spot-nodes")
    return frozenset(seen)


def _events(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    told: set[tuple[str, str]] = set()
    for each in scope.objects.of("Event"):
        message = text_at(each.raw, "message") or text_at(each.raw, "note")
        for match in known_issues.match_event(text_at(each.raw, "reason"), message):
            if (match.issue.id, each.namespace) not in told:
                told.add((match.issue.id, each.namespace))
                yield _told(rule, each, match, ("message",))


def _ports_of_host(each: KubeObject) -> Iterator[tuple[int, Path]]:
    field = "containerPort" if (each.pod_spec or {}).get("hostNetwork") is True else "hostPort"
    for listed_in, index, container in containers_of(each):
        for number, port in enumerate(mappings_at(container, "ports")):
            if isinstance(port.get(field), int):
                yield port[field], (*each.pod_path, listed_in, index, "ports", number, field)


def _taken_node_ports(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    node_ports = {
        port["nodePort"]: service
        for service in scope.objects.of("Service")
        for port in mappings_at(service.raw, "spec", "ports")
        if isinstance(port.get("nodePort"), int)
    }
    for each in scope.objects.workloads if node_ports else ():
        if is_made_by_another(each):
            continue
        for port, path in _ports_of_host(each):
            if port in node_ports:
                message = f"takes the node's port {port}, NodePort of Service {node_ports[port].name}"
                yield rule.found(each, message, path=path)


_MASTER = "node-role.kubernetes.io/master"


def _custom_selectors(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects:
        if each.key == each.kind or each.pod_spec is not None:
            continue
        path = next(_holding(each.raw.get("spec"), ("spec",)), None)
        if path is not None:
            yield rule.found(each, f"chooses nodes by `{_MASTER}`", path=path)


def _holding(value: Any, path: Path) -> Iterator[Path]:
    """Where a text or a key names the label; tolerations of the taint of the same name are no choice."""
    if isinstance(value, str) and _MASTER in value:
        yield path
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from _holding(child, (*path, index))
    if isinstance(value, dict):
        yield from ((*path, key) for key in value if key == _MASTER)
        for key, child in value.items():
            yield from _holding(child, (*path, key)) if key != "tolerations" else ()


def _node(version: str) -> dict[str, Any]:
    return {"kind": "Node", "status": {"nodeInfo": {"kubeletVersion": version}}}


_NODE_PORT = {"kind": "Service", "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}}
_SANDBOX = "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.254"


RULES = (
    SeveralRule(
        id="KNO901",
        title="Image in a version with a known issue",
        severity=Severity.WARNING,
        why="What others met in this version, you will meet.",
        fix="Move to a version without it, or use the workaround.",
        source="https://kubernetes.io/docs/concepts/containers/images/",
        check=_images,
        good=(
            ({"container": {"image": "alpine:3.20"}},),
            ({"container": {"image": "nginx:1.27-alpine3.20"}},),
            ({"container": {"image": "quay.io/argoproj/argocd:v2.8.2"}},),
            ({"container": {"image": "alpine:latest"}},),
        ),
        bad=(
            ({"container": {"image": "alpine:3.17"}},),
            ({"init-container": {"image": "nginx:1.23-alpine3.17"}},),
            ({"container": {"image": "quay.io/argoproj/argocd:v2.8.0"}},),
            ({"kind": "DaemonSet", "container": {"image": "quay.io/cilium/cilium:v1.13.4@sha256:00"}},),
        ),
    ),
    SeveralRule(
        id="KNO902",
        title="Node in a version with a known issue",
        severity=Severity.WARNING,
        why="What others met in this version, you will meet.",
        fix="Move the pool to a version without it, or use the workaround.",
        source="https://kubernetes.io/releases/",
        about=("Node",),
        check=_nodes,
        good=((_node("v1.34.1"),), ({"kind": "Node"},)),
        bad=(
            (_node("v1.28.1"),),
            (
                _node("v1.24.8-gke.100"),
                {"kind": "DaemonSet", "metadata": {"name": "anetd", "namespace": "kube-system"}},
            ),
        ),
    ),
    SeveralRule(
        id="KNO903",
        title="Event that shows a known issue",
        severity=Severity.WARNING,
        why="Its words are those of an issue that others have met and explained.",
        fix="Move to a version without it, or use the workaround.",
        source="https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/",
        about=("Event",),
        check=_events,
        good=(({"kind": "Event", "reason": "Pulled", "message": "image is there"},),),
        bad=(({"kind": "Event", "reason": "FailedCreatePodSandBox", "message": _SANDBOX},),),
    ),
    SeveralRule(
        id="KNO312",
        title="Port of the node that is also a NodePort",
        severity=Severity.WARNING,
        why="kube-proxy no longer holds NodePorts open, so one of the two gets the other's requests.",
        fix="Take another port for one of them, below 30000 for the pod.",
        source="https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport",
        about=("Service",),
        check=_taken_node_ports,
        good=(
            (_NODE_PORT, {"container": {"ports": [{"containerPort": 30080}]}}),
            (_NODE_PORT, {"container": {"ports": [{"containerPort": 80, "hostPort": 8080}]}}),
        ),
        bad=(
            (_NODE_PORT, {"container": {"ports": [{"containerPort": 80, "hostPort": 30080}]}}),
            (
                _NODE_PORT,
                {"pod": {"hostNetwork": True, "containers": [{"name": "a", "ports": [{"containerPort": 30080}]}]}},
            ),
        ),
    ),
    SeveralRule(
        id="KNO441",
        title="Custom resource that chooses control-plane nodes by their old label",
        severity=Severity.BLOCKER,
        since="1.24",
        why="kubeadm takes the label off with 1.24: route reflectors chosen by it lose their nodes, and the network.",
        fix="Choose by `node-role.kubernetes.io/control-plane` before the upgrade.",
        source="https://kep.k8s.io/2067",
        check=_custom_selectors,
        good=(
            (
                {
                    "apiVersion": "crd.projectcalico.org/v1",
                    "kind": "BGPPeer",
                    "spec": {"nodeSelector": "has(node-role.kubernetes.io/control-plane)"},
                },
            ),
            (
                {
                    "apiVersion": "shop.example/v1",
                    "kind": "Agent",
                    "spec": {"tolerations": [{"key": "node-role.kubernetes.io/master"}]},
                },
            ),
        ),
        bad=(
            (
                {
                    "apiVersion": "crd.projectcalico.org/v1",
                    "kind": "BGPPeer",
                    "spec": {"nodeSelector": "has(node-role.kubernetes.io/master)"},
                },
            ),
            (
                {
                    "apiVersion": "shop.example/v1",
                    "kind": "Agent",
                    "spec": {"placement": {"nodeSelector": {"node-role.kubernetes.io/master": ""}}},
                },
            ),
        ),
    ),
)
