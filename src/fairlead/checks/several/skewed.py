"""Components too far from the API server: by the image they run, or by what their nodes say."""

import re
from collections.abc import Iterator

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import containers_of, is_made_by_another, text_at
from fairlead.knowledge import skew
from fairlead.knowledge.minors import Minor
from fairlead.model.finding import Severity

_COMPONENTS = ("kube-proxy", "kube-scheduler", "kube-controller-manager", "cloud-controller-manager")
_IMAGE = re.compile(rf"(?:.*/)?({'|'.join(_COMPONENTS)}):v?(1\.\d+)\.\d+")
_VERSION = re.compile(r"v?(1\.\d+)\.\d+")


def _images(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.workloads:
        if is_made_by_another(each):
            continue
        for listed_in, index, container in containers_of(each):
            match = _IMAGE.match(text_at(container, "image"))
            why = skew.why_not(match[1], match[2], Minor(1, scope.minor)) if match else ""
            if why:
                yield rule.found(each, why, path=(*each.pod_path, listed_in, index, "image"))


def _nodes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.of("Node"):
        match = _VERSION.match(text_at(each.raw, "status", "nodeInfo", "kubeletVersion"))
        why = skew.why_not("kubelet", match[1], Minor(1, scope.minor)) if match else ""
        if why:
            yield rule.found(each, why, path=("status", "nodeInfo", "kubeletVersion"))


def _proxy(version: str) -> dict[str, object]:
    return {"kind": "DaemonSet", "container": {"image": f"registry.k8s.io/kube-proxy:{version}"}, "kubernetes": "1.34"}


def _node(version: str) -> dict[str, object]:
    return {"kind": "Node", "status": {"nodeInfo": {"kubeletVersion": version}}, "kubernetes": "1.34"}


RULES = (
    SeveralRule(
        id="UPG451",
        title="Component too far from the API server's version",
        severity=Severity.ERROR,
        why="Outside the supported skew nobody tests it: rules for Services or pods may silently not be written.",
        fix="Upgrade it together with the control plane or the nodes.",
        source="https://kubernetes.io/releases/version-skew-policy/",
        like=("eksup:K8S011",),
        check=_images,
        good=(
            (_proxy("v1.34.1"),),
            (_proxy("v1.31.9"),),
            ({"container": {"image": "shop/kube-proxy-exporter:v1.2.3"}},),
        ),
        bad=((_proxy("v1.30.9"),), (_proxy("v1.35.0"),)),
    ),
    SeveralRule(
        id="UPG452",
        title="Kubelet too far from the API server's version",
        severity=Severity.ERROR,
        why="Outside the supported skew a node may lose its pods' state or not be able to talk to the API at all.",
        fix="Upgrade the node's pool first; a control plane goes up only as far as its oldest node allows.",
        source="https://kubernetes.io/releases/version-skew-policy/#kubelet",
        like=("eksup:K8S001", "kubepreflight:NODE-001"),
        about=("Node",),
        check=_nodes,
        good=((_node("v1.34.1"),), (_node("v1.31.4-gke.100"),)),
        bad=((_node("v1.30.4-gke.100"),), (_node("v1.35.0"),)),
    ),
)
