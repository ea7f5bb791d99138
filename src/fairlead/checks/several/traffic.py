"""Services, Ingresses and what they lead to."""

from collections.abc import Iterator

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.model.finding import Severity


def _selects_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        spec = service.raw.get("spec") or {}
        selector = spec.get("selector")
        if not selector or spec.get("type") == "ExternalName" or not scope.is_whole(service.namespace):
            continue
        if not scope.objects.selected(service.namespace, selector):
            labels = ", ".join(f"{key}={value}" for key, value in selector.items())
            yield rule.found(service, f"no pods carry {labels}", path=("spec", "selector"))


_CART = {"kind": "Deployment", "podMeta": {"labels": {"app": "cart"}}}

RULES = (
    SeveralRule(
        id="NET201",
        title="Service that selects nothing",
        severity=Severity.ERROR,
        why="Whoever calls it is refused: there is nothing behind it.",
        fix="Make the selector agree with the labels in the workload's pod template.",
        source="https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors",
        like=("kube-linter:dangling-service", "kube-score:service-targets-pod"),
        about=("Service",),
        check=_selects_nothing,
        good=(
            (_CART, {"kind": "Service", "spec": {"selector": {"app": "cart"}}}),
            ({"kind": "Service", "spec": {"type": "ExternalName", "externalName": "shop.example"}},),
        ),
        bad=((_CART, {"kind": "Service", "spec": {"selector": {"app": "carts"}}}),),
    ),
)
