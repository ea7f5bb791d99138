"""Pods and leases that known issues leave behind in a cluster; each rule has the id of its issue."""

from collections.abc import Callable, Iterator
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import at, mapping_at, mappings_at, text_at
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject


def _owner(each: KubeObject) -> str:
    owners = (text_at(owner, "kind") for owner in mappings_at(each.raw, "metadata", "ownerReferences"))
    return next(owners, "")


def _left_over(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.of("Pod"):
        if text_at(each.raw, "status", "phase") == "Failed" and text_at(each.raw, "status", "reason") == "NodeAffinity":
            yield rule.found(each, "stayed behind when its node came back (NodeAffinity)", path=("status", "reason"))


def _not_replaced(owner: str) -> Callable[[SeveralRule, Scope], Iterator[Found]]:
    def check(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
        for each in scope.objects.of("Pod"):
            phase = text_at(each.raw, "status", "phase")
            if (
                _owner(each) == owner
                and phase in {"Succeeded", "Failed"}
                and not at(each.raw, "metadata", "deletionTimestamp")
            ):
                yield rule.found(each, f"ended ({phase}) and its {owner} has made no other", path=("status", "phase"))

    return check


def _ended_wrongly(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.of("Pod"):
        if text_at(each.raw, "status", "phase") != "Pending" or at(each.pod_spec, "restartPolicy") != "Never":
            continue
        for index, status in enumerate(mappings_at(each.raw, "status", "initContainerStatuses")):
            ended = mapping_at(status, "state", "terminated")
            if ended.get("reason") == "OOMKilled" and ended.get("exitCode") == 0:
                path = ("status", "initContainerStatuses", index)
                yield rule.found(each, "waits for an init container that was killed for memory", path=path)


def _orphaned(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    nodes = {each.name for each in scope.objects.of("Node")}
    if not nodes:
        return
    for each in scope.objects.of("Lease", "kube-node-lease"):
        if each.name not in nodes and not mappings_at(each.raw, "metadata", "ownerReferences"):
            yield rule.found(each, "belongs to no node", path=("metadata", "name"))


def _pod(owner: str, **status: Any) -> dict[str, Any]:
    owners = [{"apiVersion": "apps/v1", "kind": owner, "name": "agent", "controller": True}]
    return {"kind": "Pod", "metadata": {"ownerReferences": owners}, "pod": {}, "status": status}


RULES = (
    SeveralRule(
        id="KNO107",
        title="Pod that waits for ever after its init container ran out of memory",
        severity=Severity.WARNING,
        until="1.26",
        why="The kill counts as a success and the pod stays Pending; its Job neither ends nor fails.",
        fix="Delete the pod, raise the init container's memory limit, and go to 1.27.",
        source="https://github.com/kubernetes/kubernetes/issues/116676",
        about=("Pod",),
        check=_ended_wrongly,
        good=(
            (
                {
                    "kind": "Pod",
                    "pod": {"restartPolicy": "Never"},
                    "status": {
                        "phase": "Pending",
                        "initContainerStatuses": [{"state": {"terminated": {"reason": "Completed", "exitCode": 0}}}],
                    },
                },
            ),
        ),
        bad=(
            (
                {
                    "kind": "Pod",
                    "pod": {"restartPolicy": "Never"},
                    "status": {
                        "phase": "Pending",
                        "initContainerStatuses": [{"state": {"terminated": {"reason": "OOMKilled", "exitCode": 0}}}],
                    },
                },
            ),
        ),
    ),
    SeveralRule(
        id="KNO108",
        title="Pod that stayed behind when its node came back",
        severity=Severity.ADVICE,
        why="It counts as failed in alerts and quotas though another runs in its place.",
        fix="Delete it; collect such pods regularly where nodes are Spot machines.",
        source="https://github.com/kubernetes/kubernetes/issues/112333",
        about=("Pod",),
        check=_left_over,
        good=((_pod("ReplicaSet", phase="Failed", reason="Evicted"),), (_pod("ReplicaSet", phase="Running"),)),
        bad=((_pod("ReplicaSet", phase="Failed", reason="NodeAffinity"),),),
    ),
    SeveralRule(
        id="KNO112",
        title="Lease of a node that is gone",
        severity=Severity.ADVICE,
        why="Nothing deletes it; on clusters whose nodes come and go, such leases pile up in etcd.",
        fix="Delete leases in kube-node-lease that have no owner and no node.",
        source="https://github.com/kubernetes/kubernetes/issues/109777",
        about=("Lease",),
        check=_orphaned,
        good=(
            (
                {"kind": "Node", "metadata": {"name": "a"}},
                {"kind": "Lease", "metadata": {"name": "a", "namespace": "kube-node-lease"}},
            ),
            ({"kind": "Lease", "metadata": {"name": "b", "namespace": "kube-node-lease"}},),
        ),
        bad=(
            (
                {"kind": "Node", "metadata": {"name": "a"}},
                {"kind": "Lease", "metadata": {"name": "b", "namespace": "kube-node-lease"}},
            ),
        ),
    ),
    SeveralRule(
        id="KNO206",
        title="Agent that is not started again",
        severity=Severity.ERROR,
        since="1.26",
        until="1.27",
        why="DaemonSets of 1.26 before 1.26.7 and 1.27 before 1.27.4 leave pods that ended, so the node has no agent.",
        fix="Delete the pod, and go to 1.26.7, 1.27.4 or newer.",
        source="https://github.com/kubernetes/kubernetes/issues/117073",
        about=("Pod",),
        check=_not_replaced("DaemonSet"),
        good=((_pod("DaemonSet", phase="Running"),), (_pod("Job", phase="Succeeded"),)),
        bad=((_pod("DaemonSet", phase="Succeeded"),),),
    ),
    SeveralRule(
        id="KNO212",
        title="Pod of a StatefulSet that is not started again",
        severity=Severity.ERROR,
        since="1.27",
        until="1.28",
        why="1.27 before 1.27.9 and 1.28 before 1.28.5 do not replace a pod that ended with 0 on SIGTERM.",
        fix="Delete the pod, and go to 1.27.9, 1.28.5 or newer.",
        source="https://github.com/kubernetes/kubernetes/issues/118310",
        about=("Pod",),
        check=_not_replaced("StatefulSet"),
        good=((_pod("StatefulSet", phase="Running"),),),
        bad=((_pod("StatefulSet", phase="Succeeded"),),),
    ),
)
