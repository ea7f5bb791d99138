"""Autoscalers against the room there is for what they may ask for."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import amount, pod_request
from fairlead.checks.several.reading import mapping, spec_of
from fairlead.checks.several.scaling import (
    ASKS,
    HPA,
    KEDA,
    hpa,
    is_made_by_keda,
    keda,
    most_of,
    scaled,
    scalers,
    target_of,
)
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_DOCS = "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"
_NODE_MAKERS = ("NodePool.karpenter.sh", "Provisioner.karpenter.sh")


def _beyond_quota(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = scaled(scope)
    for scaler in scalers(scope, HPA, KEDA):
        each = known.get(target_of(scaler))
        if each is None or is_made_by_keda(scaler):
            continue
        for quota in scope.objects.of("ResourceQuota", scaler.namespace):
            told = next(_over(quota, mapping(each.pod_spec), most_of(scaler)), "")
            if told:
                field = "maxReplicaCount" if scaler.key == KEDA else "maxReplicas"
                yield rule.found(scaler, f"{told} of ResourceQuota {quota.name}", path=("spec", field))


def _over(quota: KubeObject, pod: Mapping[str, Any], replicas: int) -> Iterator[str]:
    spec = spec_of(quota)
    if spec.get("scopes") or spec.get("scopeSelector"):
        return
    for key, bound in mapping(spec.get("hard")).items():
        most, name = amount(bound), key.removeprefix("requests.")
        if most is not None and name in {"cpu", "memory"} and pod_request(pod, name) * replicas > most:
            yield f"{replicas} replicas ask for more than the {bound} of {key}"
        elif most is not None and key in {"pods", "count/pods"} and replicas > most:
            yield f"{replicas} replicas are more than the {bound} pods"


def _beyond_nodes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    nodes = scope.objects.of("Node")
    if not nodes or any(scope.objects.of(kind) for kind in _NODE_MAKERS):
        return
    known = scaled(scope)
    room = {name: sum(_allocatable(node, name) for node in nodes) for name in ("cpu", "memory")}
    for scaler in scalers(scope, HPA, KEDA):
        each = known.get(target_of(scaler))
        if each is None or is_made_by_keda(scaler):
            continue
        for name, most in room.items():
            if most and pod_request(mapping(each.pod_spec), name) * most_of(scaler) > most:
                message = f"{most_of(scaler)} replicas ask for more {name} than all {len(nodes)} nodes have"
                yield rule.found(scaler, message, path=("spec",))
                break


def _allocatable(node: KubeObject, name: str) -> float:
    return amount(mapping(mapping(node.raw.get("status")).get("allocatable")).get(name)) or 0.0


def _node(cpu: str) -> dict[str, Any]:
    return {"kind": "Node", "status": {"allocatable": {"cpu": cpu, "memory": "15Gi"}}}


RULES = (
    SeveralRule(
        id="SCA206",
        title="Autoscaler may ask for more than the quota",
        severity=Severity.WARNING,
        why="Under load the last pods are refused, just when they are needed.",
        fix="Raise the quota to what `maxReplicas` asks for, or lower that to what is allowed.",
        source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
        about=(HPA, KEDA),
        check=_beyond_quota,
        good=((ASKS, hpa(), {"kind": "ResourceQuota", "spec": {"hard": {"requests.cpu": 5}}}),),
        bad=(
            (ASKS, hpa(), {"kind": "ResourceQuota", "spec": {"hard": {"requests.cpu": 4}}}),
            (ASKS, hpa(), {"kind": "ResourceQuota", "spec": {"hard": {"pods": "8"}}}),
            (ASKS, keda(), {"kind": "ResourceQuota", "spec": {"hard": {"requests.memory": "50Gi"}}}),
        ),
    ),
    SeveralRule(
        id="SCA207",
        title="Autoscaler may ask for more than all nodes have",
        severity=Severity.ADVICE,
        why="Without an autoscaler of nodes the last pods stay Pending.",
        fix="Let the node pools grow, or lower `maxReplicas`.",
        source=_DOCS,
        like=("popeye:602", "popeye:603"),
        about=("Node",),
        check=_beyond_nodes,
        good=((ASKS, hpa(), _node("8")), (ASKS, hpa())),
        bad=((ASKS, hpa(), _node("4")),),
    ),
)
