"""One rule as a ValidatingAdmissionPolicy and the binding that turns it on."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from fairlead.checks.items import NAMED
from fairlead.checks.rule import ObjectRule, Rule
from fairlead.checks.scope import NEWEST_MINOR
from fairlead.model.errors import UsageError
from fairlead.policies.kinds import kinds_of, pod_expression, pod_meta_expression, resource_of
from fairlead.policies.literals import literal
from fairlead.policies.naming import as_bool, free_names, renamed
from fairlead.policies.quantified import Quantified
from fairlead.snapshot.objects import POD_KINDS

API_VERSION = "admissionregistration.k8s.io/v1"
_OWN_VARIABLES = ("pod", "podMeta", "params", "kubernetes")
# What controllers make of a Deployment or a CronJob was judged with that; what anybody else makes is not.
_NOT_MADE_BY_CONTROLLERS = (
    "!(object.metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false))"
    " && (request.userInfo.username == 'system:kube-controller-manager'"
    " || request.userInfo.username.startsWith('system:serviceaccount:kube-system:')))"
)


class Action(StrEnum):
    """What the API server does with an object that breaks a rule."""

    DENY = "Deny"
    WARN = "Warn"
    AUDIT = "Audit"


class Exported(msgspec.Struct, frozen=True):
    """Two objects, ready to be applied."""

    rule: str
    policy: dict[str, Any]
    binding: dict[str, Any]


class Unsayable(msgspec.Struct, frozen=True):
    """A rule that no admission policy can hold, and why."""

    rule: str
    because: str


def exported(
    rule: Rule,
    *,
    minor: int = NEWEST_MINOR,
    params: Mapping[str, Any] | None = None,
    actions: Sequence[Action] = (Action.WARN,),
    spared: Iterable[str] = (),
) -> Exported | Unsayable:
    """
    `minor` is of the cluster it is meant for, `params` change those of the rule; namespaces `spared` are not judged.

    With `Deny` among the actions an error refuses the request too; otherwise nothing ever does. UsageError for a
    parameter that the rule does not have.
    """
    if because := _unsayable(rule, minor):
        return Unsayable(rule.id, because)
    assert isinstance(rule, ObjectRule)
    for name in params or {}:
        if name not in rule.params:
            raise UsageError(f"{rule.id} has no parameter `{name}`", hint=f"it has {', '.join(rule.params) or 'none'}")
    return Exported(
        rule.id, policy_of(rule, minor, params or {}, fails=Action.DENY in actions), _binding(rule, actions, spared)
    )


def _unsayable(rule: Rule, minor: int) -> str:
    if not isinstance(rule, ObjectRule):
        return "looks at several objects; an admission policy sees one"
    if not rule.holds_for(minor):
        return f"says nothing about Kubernetes 1.{minor}"
    if rule.needs:
        return f"needs {', '.join(rule.needs)}, which an admission policy does not see"
    if rule.applies == "all":
        return "is about every kind there is; a policy names its resources"
    if not kinds_of(rule):
        return f"is about what no admission policy is shown: {', '.join(rule.applies)}"
    return ""


def policy_of(rule: ObjectRule, minor: int, params: Mapping[str, Any], *, fails: bool) -> dict[str, Any]:
    """The policy alone."""
    kinds = kinds_of(rule)
    spec: dict[str, Any] = {
        "failurePolicy": "Fail" if fails else "Ignore",
        "matchConstraints": {"resourceRules": _resource_rules(rule, kinds)},
    }
    if POD_KINDS & set(kinds):
        spec["matchConditions"] = [{"name": "not-made-by-a-controller", "expression": _NOT_MADE_BY_CONTROLLERS}]
    if used := _variables(rule, kinds, minor, {**rule.params, **params}):
        spec["variables"] = used
    spec["validations"] = [_validation(rule)]
    return {
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {
            "name": name_of(rule),
            "labels": {"app.kubernetes.io/managed-by": "fairlead", "fairlead.dev/rule": rule.id},
            "annotations": {
                "fairlead.dev/title": rule.title,
                "fairlead.dev/severity": rule.severity.value,
                "fairlead.dev/why": rule.why,
                "fairlead.dev/fix": rule.fix,
                "fairlead.dev/source": rule.source,
            },
        },
        "spec": spec,
    }


def name_of(rule: Rule) -> str:
    """Of the policy and of its binding."""
    return f"fairlead-{rule.id.lower()}"


def _binding(rule: ObjectRule, actions: Sequence[Action], spared: Iterable[str]) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "policyName": name_of(rule),
        "validationActions": [action.value for action in actions],
    }
    if names := list(spared):
        requirement = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": names}
        spec["matchResources"] = {"namespaceSelector": {"matchExpressions": [requirement]}}
    labels = {"app.kubernetes.io/managed-by": "fairlead", "fairlead.dev/rule": rule.id}
    return {
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name_of(rule), "labels": labels},
        "spec": spec,
    }


def _resource_rules(rule: ObjectRule, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    """One entry for each group and version."""
    groups: dict[tuple[str, str], list[str]] = {}
    for resource in sorted(resource_of(kind) for kind in kinds):
        groups.setdefault((resource.group, resource.version), []).append(resource.plural)
    if rule.each == "any-container" and "Pod" in kinds:
        groups["", "v1"].append("pods/ephemeralcontainers")
    return [
        {"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE", "UPDATE"], "resources": resources}
        for (group, version), resources in groups.items()
    ]


def _validation(rule: ObjectRule) -> dict[str, str]:
    names = {name: f"variables.{name}" for name in _OWN_VARIABLES}
    if rule.each:
        names.pop(Quantified(rule.each).variable, None)
    expect = as_bool(renamed(rule.expect, names))
    test = f"({renamed(rule.when, names)}) ? ({expect}) : true" if rule.when else expect
    said = renamed(rule.messageExpression, names) if rule.messageExpression else literal(rule.message or rule.title)
    short = f"{rule.id}: {rule.message or rule.title}"
    if not rule.each:
        told = f"'{rule.id}: ' + ({said})" if rule.messageExpression else ""
        return _without_empty({"expression": test, "message": short, "messageExpression": told})
    items = Quantified(rule.each)
    told = items.told(test, f"({said})")
    told = told and f"'{rule.id}: ' + {told}"
    return _without_empty({"expression": items.all(test), "message": short, "messageExpression": told})


def _without_empty(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _variables(rule: ObjectRule, kinds: tuple[str, ...], minor: int, params: Mapping[str, Any]) -> list[dict[str, str]]:
    """Only those that its expressions use."""
    used = _used(rule)
    values = {
        "pod": pod_expression(kinds),
        "podMeta": pod_meta_expression(kinds),
        "params": literal(dict(params)),
        "kubernetes": literal(minor),
    }
    return [{"name": name, "expression": value} for name, value in values.items() if name in used]


def _used(rule: ObjectRule) -> set[str]:
    """The variables from outside that a rule uses, those of its list included."""
    used = {name for text in (rule.expect, rule.when, rule.messageExpression) if text for name in free_names(text)}
    if isinstance(rule.each, str) and rule.each in NAMED:
        used.add("pod")
    elif rule.each:
        used.add(Quantified(rule.each).root)
    return used
