"""What is wrong with a delivery as a whole: the same object twice, the wrong order, two owners of one thing."""

from collections.abc import Iterator
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import MANIFESTS, WHOLE, Scope
from fairlead.checks.several.reading import is_made_by_another, mapping_at, selected_by, text_at
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_APPLY = "https://kubernetes.io/docs/reference/using-api/server-side-apply/"
_ALWAYS_THERE = frozenset({"", "default", "kube-system", "kube-public", "kube-node-lease"})
# What `kubectl apply` keeps of an object in an annotation may not be larger.
_LARGEST_ANNOTATION = 262_144


def _twice(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.duplicates:
        first = scope.objects.get(each.key, each.namespace, each.name)
        if first is None or "name" not in mapping_at(each.raw, "metadata") or not _go_together(first, each, scope):
            continue
        where = f", at {first.place}" if first.place.line else ""
        yield rule.found(each, f"is delivered twice{where}", path=("metadata", "name"))


def _go_together(one: KubeObject, other: KubeObject, scope: Scope) -> bool:
    """Other files often hold other variants of the same thing, of which one is applied; `--whole` says that all are."""
    return one.place.file == other.place.file or WHOLE in scope.evidence


def _is_live(each: KubeObject) -> bool:
    """Objects of a cluster come in no order, and were taken already."""
    return "uid" in mapping_at(each.raw, "metadata")


_CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout.argoproj.io")


def _two_owners(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for kind in _CONTROLLERS:
        for each in scope.objects.of(kind):
            if is_made_by_another(each):
                continue
            other = next(_also_selected(each, scope), None)
            if other is not None:
                message = f"its selector also fits the pods of {other.kind} {other.name}"
                yield rule.found(each, message, path=("spec", "selector"))


def _also_selected(each: KubeObject, scope: Scope) -> Iterator[KubeObject]:
    selector = mapping_at(each.raw, "spec", "selector")
    if each.kind == "ReplicationController":
        selector = {"matchLabels": selector}
    if not selector.get("matchLabels"):
        return
    for other in selected_by(scope.objects, each.namespace, selector):
        same = (other.key, other.name) == (each.key, each.name)
        if not same and not is_made_by_another(other) and _go_together(each, other, scope) and other.kind in _owning():
            yield other


def _owning() -> frozenset[str]:
    """Jobs label and select their pods by themselves; pods of their own are not adopted here."""
    return frozenset(kind.partition(".")[0] for kind in _CONTROLLERS)


def _before_namespace(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    made = {each.name: each for each in scope.objects.of("Namespace") if not _is_live(each)}
    if not made:
        return
    earlier: set[str] = set()
    for each in scope.objects:
        if each.kind == "Namespace" and each.key == "Namespace":
            earlier.add(each.name)
            continue
        namespace = made.get(each.namespace)
        if namespace is None or each.namespace in earlier or namespace.place.file != each.place.file:
            continue
        earlier.add(each.namespace)  # once is enough: mending the order mends all
        yield rule.found(each, f"comes before Namespace {each.namespace} in its file", path=("metadata", "namespace"))


def _nobody_makes_namespace(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    made = {each.name for each in scope.objects.of("Namespace")} | _ALWAYS_THERE
    for each in scope.objects:
        if each.namespace not in made:
            made.add(each.namespace)
            yield rule.found(each, f"nothing makes namespace {each.namespace}", path=("metadata", "namespace"))


def _before_definition(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    definitions = {
        (text_at(each.raw, "spec", "group"), text_at(each.raw, "spec", "names", "kind")): each
        for each in scope.objects.of("CustomResourceDefinition")
        if not _is_live(each)
    }
    if not definitions:
        return
    earlier: set[tuple[str, str]] = set()
    for each in scope.objects:
        if each.key == "CustomResourceDefinition":
            earlier.add((text_at(each.raw, "spec", "group"), text_at(each.raw, "spec", "names", "kind")))
            continue
        defined = definitions.get((each.group, each.kind))
        if defined is None or (each.group, each.kind) in earlier or defined.place.file != each.place.file:
            continue
        earlier.add((each.group, each.kind))
        yield rule.found(each, f"comes before its definition, {defined.name}, in its file", path=("kind",))


def _too_large(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    import msgspec

    for kind in ("CustomResourceDefinition", "ConfigMap"):
        for each in scope.objects.of(kind):
            if _is_live(each):
                continue
            size = len(msgspec.json.encode(each.raw))
            if size > _LARGEST_ANNOTATION:
                yield rule.found(each, f"has {size:,} bytes as JSON; 262,144 are the most")


def _unbound(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    bound = {
        text_at(binding.raw, "spec", "policyName")
        for kind in ("ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding")
        for binding in scope.objects.of(kind)
    }
    for kind in ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"):
        for each in scope.objects.of(kind):
            if each.name not in bound:
                yield rule.found(each, "no binding names it", path=("metadata", "name"))


def _labelled(name: str, labels: dict[str, str], kind: str = "Deployment") -> dict[str, Any]:
    chosen = {"selector": {"matchLabels": {"app": labels["app"]}}}
    return {"kind": kind, "metadata": {"name": name}, "podMeta": {"labels": labels}, "spec": chosen}


_CONFIG = {"kind": "ConfigMap", "data": {"a": "1"}}
_SHOP = {"kind": "Namespace", "metadata": {"name": "shop"}}
_DEFINITION = {
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "baskets.shop.example"},
    "spec": {"group": "shop.example", "names": {"kind": "Basket"}, "versions": [{"name": "v1", "served": True}]},
}
_BASKET = {"apiVersion": "shop.example/v1", "kind": "Basket"}
_POLICY = {"kind": "ValidatingAdmissionPolicy", "metadata": {"name": "limits"}}

RULES = (
    SeveralRule(
        id="DEL201",
        title="The same object twice",
        severity=Severity.ERROR,
        why="The one that is applied last wins, and which one that is changes with file names and tools.",
        fix="Keep one of the two.",
        source="https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
        check=_twice,
        good=(
            (_CONFIG, _CONFIG | {"metadata": {"name": "other"}}),
            (_CONFIG, _CONFIG | {"metadata": {"namespace": "b"}}),
        ),
        bad=((_CONFIG, _CONFIG | {"data": {"a": "2"}}),),
    ),
    SeveralRule(
        id="DEL202",
        title="Two workloads whose selectors fit the same pods",
        severity=Severity.ERROR,
        why="Each counts the other's pods as its own: one deletes what the other made, and budgets count wrong.",
        fix="Give each a label of its own, in its selector and its pod template.",
        source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector",
        about=_CONTROLLERS,
        check=_two_owners,
        good=(
            (_labelled("cart", {"app": "cart"}), _labelled("pay", {"app": "pay"})),
            (_labelled("cart", {"app": "cart"}), _labelled("import", {"app": "cart"}, "Job")),
        ),
        bad=(
            (_labelled("cart", {"app": "cart"}), _labelled("cart-v2", {"app": "cart", "version": "v2"})),
            (_labelled("cart", {"app": "cart"}), _labelled("cart", {"app": "cart"}, "StatefulSet")),
        ),
    ),
    SeveralRule(
        id="DEL203",
        title="Object before its namespace in the same file",
        severity=Severity.WARNING,
        needs=(MANIFESTS,),
        why="`kubectl apply` goes from top to bottom: in a new cluster the first run fails, and a restore with it.",
        fix="Put the Namespace first.",
        source="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
        about=("Namespace",),
        check=_before_namespace,
        good=((_SHOP, _CONFIG), (_CONFIG,)),
        bad=((_CONFIG, _SHOP),),
    ),
    SeveralRule(
        id="DEL204",
        title="Namespace that nothing makes",
        severity=Severity.WARNING,
        why="In a new cluster, or after a disaster, what lives in it cannot be applied.",
        fix="Deliver the Namespace too, or let the tool make it (`--create-namespace`, `CreateNamespace=true`).",
        source="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
        needs=(WHOLE,),
        check=_nobody_makes_namespace,
        good=((_SHOP, _CONFIG), (_CONFIG | {"metadata": {"namespace": "default"}},)),
        bad=((_CONFIG,),),
    ),
    SeveralRule(
        id="DEL205",
        title="Custom resource before its definition in the same file",
        severity=Severity.WARNING,
        needs=(MANIFESTS,),
        why="The first run in a new cluster fails, as the API server does not know the kind yet.",
        fix="Put definitions first, better into a delivery of their own that is waited for.",
        source="https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/",
        about=("CustomResourceDefinition",),
        check=_before_definition,
        good=((_DEFINITION, _BASKET), (_BASKET,)),
        bad=((_BASKET, _DEFINITION),),
    ),
    SeveralRule(
        id="DEL206",
        title="Too large for client-side apply",
        severity=Severity.ADVICE,
        why="`kubectl apply` keeps the whole manifest in an annotation, which is then refused as too long.",
        fix="Apply it with `--server-side` (Argo CD: `ServerSideApply=true`).",
        source=_APPLY,
        about=("CustomResourceDefinition", "ConfigMap"),
        check=_too_large,
        good=((_CONFIG,),),
        bad=((_CONFIG | {"data": {"a": "x" * 263_000}},),),
    ),
    SeveralRule(
        id="DEL207",
        title="Admission policy that is bound to nothing",
        severity=Severity.WARNING,
        why="Without a binding it judges nothing, though it looks as if it did.",
        needs=(WHOLE,),
        fix="Add a binding that names it, with `validationActions`.",
        source="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
        about=("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"),
        check=_unbound,
        good=((_POLICY, {"kind": "ValidatingAdmissionPolicyBinding", "spec": {"policyName": "limits"}}),),
        bad=((_POLICY,), (_POLICY, {"kind": "ValidatingAdmissionPolicyBinding", "spec": {"policyName": "limit"}})),
    ),
)
