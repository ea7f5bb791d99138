"""NetworkPolicies and the pods they select, forget, or cut off."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.reading import chosen_by, makes_pods_unseen, mapping, mappings, matches, spec_of, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

Direction = Literal["Ingress", "Egress"]
_DOCS = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
# Policies of plug-ins that may stand for NetworkPolicies; what they select is not looked into.
_OTHERS = (
    *("CiliumNetworkPolicy.cilium.io", "CiliumClusterwideNetworkPolicy.cilium.io"),
    *("NetworkPolicy.crd.projectcalico.org", "GlobalNetworkPolicy.crd.projectcalico.org"),
    *("NetworkPolicy.projectcalico.org", "GlobalNetworkPolicy.projectcalico.org"),
    *("AdminNetworkPolicy.policy.networking.k8s.io", "BaselineAdminNetworkPolicy.policy.networking.k8s.io"),
    *("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"),
)
_SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})


def directions(policy: KubeObject) -> set[str]:
    """What a policy rules: `policyTypes`, or ingress, and egress where it has rules for that."""
    spec = spec_of(policy)
    said = spec.get("policyTypes")
    if isinstance(said, list) and said:
        return {each for each in said if isinstance(each, str)}
    return {"Ingress", "Egress"} if spec.get("egress") else {"Ingress"}


def selected_by(policies: list[KubeObject], namespace: str, scope: Scope) -> set[int]:
    return {id(each) for policy in policies for each in _chosen(policy, namespace, scope)}


def _chosen(policy: KubeObject, namespace: str, scope: Scope) -> list[KubeObject]:
    return chosen_by(spec_of(policy).get("podSelector"), namespace, scope)


def policies_of(namespace: str, direction: Direction, scope: Scope) -> list[KubeObject]:
    return [each for each in scope.objects.of("NetworkPolicy", namespace) if direction in directions(each)]


def by_namespace(scope: Scope) -> dict[str, list[KubeObject]]:
    """Workloads that a policy can hold for: those with the network of the node are beyond its reach."""
    found: dict[str, list[KubeObject]] = {}
    if any(scope.objects.of(kind) for kind in _OTHERS):
        return found
    for each in workloads(scope):
        if not is_on_host(each) and each.namespace not in _SYSTEM:
            found.setdefault(each.namespace, []).append(each)
    return found


def is_on_host(workload: KubeObject) -> bool:
    return mapping(workload.pod_spec).get("hostNetwork") is True


def _open_namespace(rule: SeveralRule, scope: Scope, *, direction: Direction) -> Iterator[Found]:
    for namespace, inside in by_namespace(scope).items():
        if policies_of(namespace, direction, scope):
            continue
        where = f"namespace {namespace}" if namespace else "the namespace it goes to"
        of_all = f"all {len(inside)} workloads" if len(inside) > 1 else "the workload"
        open_to = "whole cluster reaches" if direction == "Ingress" else "whole world is open to"
        message = f"no NetworkPolicy rules {direction.lower()} in {where}: the {open_to} {of_all} there"
        yield rule.found(scope.objects.get("Namespace", "", namespace) or inside[0], message)


def _forgotten(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for namespace, inside in by_namespace(scope).items():
        policies = policies_of(namespace, "Ingress", scope)
        if not policies:
            continue
        selected = selected_by(policies, namespace, scope)
        for each in inside:
            if id(each) not in selected:
                message = f"none of the {len(policies)} NetworkPolicies for ingress here selects it"
                yield rule.found(each, message, path=(*each.pod_path[:-1], "metadata", "labels"))


def _no_default(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for namespace, inside in by_namespace(scope).items():
        policies = policies_of(namespace, "Ingress", scope)
        if not policies or any(matches(spec_of(each).get("podSelector"), {}) for each in policies):
            continue
        if len(selected_by(policies, namespace, scope)) >= len(inside):
            message = "its policies select pods one by one; what comes next is open until somebody adds it"
            yield rule.found(scope.objects.get("Namespace", "", namespace) or policies[0], message)


def _selects_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for policy in scope.objects.of("NetworkPolicy"):
        selector = mapping(spec_of(policy).get("podSelector"))
        is_narrow = bool(selector.get("matchLabels") or selector.get("matchExpressions"))
        if not is_narrow or not scope.is_whole(policy.namespace) or makes_pods_unseen(policy.namespace, scope):
            continue
        if not _chosen(policy, policy.namespace, scope):
            yield rule.found(policy, "no pods fit its `podSelector`", path=("spec", "podSelector"))


def peers_of(policy: KubeObject) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    spec = spec_of(policy)
    for direction, field in (("ingress", "from"), ("egress", "to")):
        for number, each in enumerate(mappings(spec.get(direction))):
            for index, peer in enumerate(mappings(each.get(field))):
                yield ("spec", direction, number, field, index), peer


def _peer_is_nobody(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for policy in scope.objects.of("NetworkPolicy"):
        if not scope.is_whole(policy.namespace) or makes_pods_unseen(policy.namespace, scope):
            continue
        for path, peer in peers_of(policy):
            selector = mapping(peer.get("podSelector"))
            if "namespaceSelector" in peer or not (selector.get("matchLabels") or selector.get("matchExpressions")):
                continue
            if not chosen_by(selector, policy.namespace, scope):
                message = f"no pods of namespace {policy.namespace or 'default'} fit this peer"
                yield rule.found(policy, message, path=(*path, "podSelector"))


def _namespace_is_none(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    namespaces = [
        {"kubernetes.io/metadata.name": each.name} | dict(each.labels) for each in scope.objects.of("Namespace")
    ]
    if not namespaces:
        return
    for policy in scope.objects.of("NetworkPolicy"):
        for path, peer in peers_of(policy):
            selector = mapping(peer.get("namespaceSelector"))
            is_narrow = bool(selector.get("matchLabels") or selector.get("matchExpressions"))
            if is_narrow and not any(matches(selector, labels) for labels in namespaces):
                yield rule.found(
                    policy, "no namespace carries the labels of this peer", path=(*path, "namespaceSelector")
                )


def _on_host_only(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for policy in scope.objects.of("NetworkPolicy"):
        chosen = _chosen(policy, policy.namespace, scope)
        if chosen and all(is_on_host(each) for each in chosen):
            names = ", ".join(each.name for each in chosen)
            yield rule.found(
                policy, f"it selects only {names}, in the network of the node", path=("spec", "podSelector")
            )


def policy_example(spec: Mapping[str, Any], name: str = "example") -> dict[str, Any]:
    return {"kind": "NetworkPolicy", "metadata": {"name": name}, "spec": dict(spec)}


_PODS: dict[str, Any] = {"container": {}}
_OTHER = {"metadata": {"name": "other"}, "podMeta": {"labels": {"app": "other"}}}
_MINE = {"podSelector": {"matchLabels": {"app": "example"}}}
_DENY = policy_example({"podSelector": {}, "policyTypes": ["Ingress"]})
_DENY_ALL = policy_example({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
_CILIUM = {"kind": "CiliumNetworkPolicy", "spec": {"endpointSelector": {}}}
_TO_DB = {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": 5432}]}
_TO_DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}
_FROM_OTHER = {"from": [{"podSelector": {"matchLabels": {"app": "other"}}}]}

RULES = (
    SeveralRule(
        id="SEC421",
        title="Namespace whose pods take traffic from everywhere",
        severity=Severity.WARNING,
        why="Whoever takes over any pod of the cluster reaches these, databases included.",
        fix="Add a NetworkPolicy that selects all pods and lets nothing in, then one for each way that is used.",
        source=f"{_DOCS}#default-deny-all-ingress-traffic",
        like=(
            *("kube-linter:non-isolated-pod", "kube-score:pod-networkpolicy", "polaris:missingNetworkPolicy"),
            *("checkov:CKV2_K8S_6", "kubescape:C-0206", "kubeaudit:MissingDefaultDenyIngressNetworkPolicy"),
            *("kyverno-policies:require-netpol", "hardeneks:check_default_deny_policy_exists"),
        ),
        check=partial(_open_namespace, direction="Ingress"),
        good=(
            (_PODS, _DENY),
            (_PODS, policy_example({**_MINE, "ingress": [_FROM_OTHER]})),
            (_PODS, _CILIUM),
            ({"pod": {"hostNetwork": True}},),
            ({"metadata": {"namespace": "kube-system"}},),
        ),
        bad=(
            (_PODS,),
            (_PODS, {**_DENY, "metadata": {"namespace": "elsewhere"}}),
            (_PODS, policy_example({"podSelector": {}, "policyTypes": ["Egress"]})),
        ),
    ),
    SeveralRule(
        id="SEC422",
        title="Workload that its namespace's policies forget",
        severity=Severity.WARNING,
        why="Its neighbours are closed and it is open to the whole cluster; mostly a label was changed or mistyped.",
        fix="Select it in a NetworkPolicy, best one that selects all pods and lets nothing in.",
        source=_DOCS,
        like=("kube-linter:non-isolated-pod", "kube-score:pod-networkpolicy", "popeye:1204", "kubescape:C-0260"),
        about=("NetworkPolicy",),
        check=_forgotten,
        good=((_PODS, _OTHER, _DENY), (_PODS, _OTHER)),
        bad=(
            (_PODS, _OTHER, policy_example({**_MINE, "ingress": [_FROM_OTHER]})),
            (
                _PODS,
                _OTHER,
                policy_example(
                    {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["other"]}]}}
                ),
            ),
        ),
    ),
    SeveralRule(
        id="SEC423",
        title="Namespace whose pods may talk to everywhere",
        severity=Severity.ADVICE,
        enabled=False,
        why="Whoever takes over one of its pods sends out what it finds, and asks the metadata server for credentials.",
        fix="Add a NetworkPolicy that selects all pods with `policyTypes: [Egress]`, then DNS and each way used.",
        source=f"{_DOCS}#default-deny-all-egress-traffic",
        like=("popeye:1205", "kubeaudit:MissingDefaultDenyEgressNetworkPolicy"),
        check=partial(_open_namespace, direction="Egress"),
        good=((_PODS, _DENY_ALL), (_PODS, policy_example({**_MINE, "egress": [_TO_DNS]}))),
        bad=((_PODS,), (_PODS, _DENY)),
    ),
    SeveralRule(
        id="SEC424",
        title="Namespace without a default for new pods",
        severity=Severity.ADVICE,
        why="Each workload has its policy today; the next is open to the whole cluster and nobody notices.",
        fix="Add a NetworkPolicy with `podSelector: {}` and `policyTypes: [Ingress]`.",
        source=f"{_DOCS}#default-deny-all-ingress-traffic",
        like=("kubescape:C-0206", "hardeneks:check_default_deny_policy_exists"),
        about=("NetworkPolicy",),
        check=_no_default,
        good=((_PODS, _DENY), (_PODS,), (_PODS, _OTHER, policy_example({**_MINE, "ingress": [_FROM_OTHER]}))),
        bad=((_PODS, policy_example({**_MINE, "ingress": [_FROM_OTHER]})),),
    ),
    SeveralRule(
        id="SEC425",
        title="NetworkPolicy that selects nothing",
        severity=Severity.WARNING,
        why="The pods it was written for are open; mostly a label was changed or mistyped.",
        fix="Make the `podSelector` agree with the labels of the pod template.",
        source=_DOCS,
        like=(
            "kube-linter:dangling-networkpolicy",
            "kube-score:networkpolicy-targets-pod",
            "popeye:1200",
            "kubescape:C-0299",
        ),
        about=("NetworkPolicy",),
        check=_selects_nothing,
        good=(
            (_PODS, policy_example(_MINE)),
            (_PODS, _DENY),
            (policy_example(_MINE),),
            (_OTHER, policy_example(_MINE), {"kind": "Prometheus", "apiVersion": "monitoring.coreos.com/v1"}),
        ),
        bad=(
            (_OTHER, policy_example(_MINE)),
            (
                _PODS,
                {**policy_example(_MINE), "spec": {"podSelector": {"matchLabels": {"app": "example", "tier": "web"}}}},
            ),
        ),
    ),
    SeveralRule(
        id="SEC426",
        title="NetworkPolicy that lets in pods there are none of",
        severity=Severity.WARNING,
        why="Whoever is meant is refused, and the first pod with these labels is let in.",
        fix="Make the peer agree with the labels of the pods, or add a `namespaceSelector` where they run elsewhere.",
        source=f"{_DOCS}#behavior-of-to-and-from-selectors",
        like=("kube-linter:dangling-networkpolicypeer-podselector", "popeye:1206", "popeye:1208"),
        about=("NetworkPolicy",),
        check=_peer_is_nobody,
        good=(
            (_PODS, _OTHER, policy_example({**_MINE, "ingress": [_FROM_OTHER]})),
            (policy_example({**_MINE, "ingress": [_FROM_OTHER]}),),
            (_PODS, policy_example({**_MINE, "egress": [_TO_DNS]})),
        ),
        bad=(
            (_PODS, policy_example({**_MINE, "ingress": [_FROM_OTHER]})),
            (_PODS, policy_example({**_MINE, "egress": [_TO_DB]})),
        ),
    ),
    SeveralRule(
        id="SEC427",
        title="NetworkPolicy for namespaces there are none of",
        severity=Severity.WARNING,
        needs=(WHOLE,),
        why="Whoever is meant is refused; `name` is no label that namespaces have by themselves.",
        fix="Select by `kubernetes.io/metadata.name`, or label the namespace.",
        source=f"{_DOCS}#targeting-a-namespace-by-its-name",
        like=("popeye:1202", "popeye:1207"),
        about=("NetworkPolicy", "Namespace"),
        check=_namespace_is_none,
        good=(
            (
                {"kind": "Namespace", "metadata": {"name": "edge"}},
                policy_example(
                    {
                        "ingress": [
                            {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}]}
                        ]
                    }
                ),
            ),
            (policy_example({"ingress": [{"from": [{"namespaceSelector": {}}]}]}), {"kind": "Namespace"}),
        ),
        bad=(
            (
                {"kind": "Namespace", "metadata": {"name": "edge"}},
                policy_example({"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"name": "edge"}}}]}]}),
            ),
        ),
    ),
    SeveralRule(
        id="SEC429",
        title="NetworkPolicy for pods in the network of the node",
        severity=Severity.WARNING,
        why="No NetworkPolicy holds for such pods; who wrote it believes them closed.",
        fix="Close the port on the node, or take the pods off the node's network.",
        source=f"{_DOCS}#networkpolicy-and-hostnetwork-pods",
        about=("NetworkPolicy",),
        check=_on_host_only,
        good=(
            (_PODS, policy_example(_MINE)),
            (policy_example(_MINE),),
            ({"pod": {"hostNetwork": True}}, {**_PODS, "metadata": {"name": "b"}}, _DENY),
        ),
        bad=(({"pod": {"hostNetwork": True}}, policy_example(_MINE)),),
    ),
)
