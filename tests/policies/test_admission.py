"""Rules as policies: what they say, and what is said of those that cannot be said."""

from typing import Any

import msgspec
import pytest

from fairlead.checks.cel import compile_program
from fairlead.checks.rule import ObjectRule, SeveralRule
from fairlead.model.errors import UsageError
from fairlead.policies import Action, Exported, Unsayable, exported
from fairlead.policies.kinds import Resource, kinds_of, resource_of
from fairlead.policies.literals import literal
from fairlead.policies.naming import as_bool, free_names, renamed
from fairlead.review.rulebook import open_rulebook

_RULE: dict[str, Any] = {
    "id": "TST101",
    "title": "Container without a name",
    "severity": "warning",
    "why": "Nobody knows it.",
    "fix": "Name it.",
    "source": "https://kubernetes.io/docs/",
    "applies": "workloads",
    "each": "container",
    "when": "kubernetes >= params.least",
    "expect": "has(container.name)",
    "message": "has no name",
    "params": {"least": 20},
    "good": [{}],
    "bad": [{}],
}


def rule(**changes: Any) -> ObjectRule:
    return msgspec.convert({**_RULE, **changes}, ObjectRule)


def policy(**changes: Any) -> dict[str, Any]:
    made = exported(rule(**changes), minor=36)
    assert isinstance(made, Exported)
    return made.policy


def reason(**changes: Any) -> str:
    made = exported(rule(**changes), minor=36)
    assert isinstance(made, Unsayable)
    return made.because


def test_every_rule_is_exported_or_it_is_told_why_not() -> None:
    made = [exported(each, minor=36) for each in open_rulebook().rules]
    assert all(isinstance(each, Exported) or each.because for each in made)
    assert sum(isinstance(each, Exported) for each in made) > 500


def test_expressions_are_ones_that_our_own_engine_reads() -> None:
    # Some of them: all are read by a real API server in `make prove-rules`.
    for each in open_rulebook().rules[::7]:
        made = exported(each, minor=36)
        if isinstance(made, Exported):
            spec = made.policy["spec"]
            texts = [*spec.get("variables", []), *spec["validations"]]
            for text in texts:
                compile_program(text["expression"], ("object", "variables", "request"))
                if "messageExpression" in text:
                    compile_program(text["messageExpression"], ("object", "variables", "request"))


def test_only_what_is_used_becomes_a_variable() -> None:
    assert [each["name"] for each in policy()["spec"]["variables"]] == ["pod", "params", "kubernetes"]
    plain = policy(applies=["Secret"], each={"part": "object.parts"}, when="", expect="part != ''", params={})
    assert "variables" not in plain["spec"]


def test_when_is_an_implication() -> None:
    (validation,) = policy()["spec"]["validations"]
    assert "(variables.kubernetes >= variables.params.least) ? (has(container.name)) : true" in validation["expression"]


def test_actions_stand_in_the_binding_and_only_a_refusal_fails() -> None:
    warns = exported(rule(), actions=[Action.WARN, Action.AUDIT], spared=["kube-system"])
    denies = exported(rule(), actions=[Action.DENY])
    assert isinstance(warns, Exported)
    assert isinstance(denies, Exported)
    assert warns.binding["spec"]["validationActions"] == ["Warn", "Audit"]
    assert warns.binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"][0]["values"] == [
        "kube-system"
    ]
    assert (warns.policy["spec"]["failurePolicy"], denies.policy["spec"]["failurePolicy"]) == ("Ignore", "Fail")
    assert "matchResources" not in denies.binding["spec"]


def test_parameters_are_those_of_the_user() -> None:
    made = exported(rule(), minor=36, params={"least": 40})
    assert isinstance(made, Exported)
    assert {"name": "params", "expression": '{"least": dyn(40)}'} in made.policy["spec"]["variables"]
    with pytest.raises(UsageError, match="TST101 has no parameter `most`"):
        exported(rule(), params={"most": 1})


def test_what_cannot_be_said_is_told_with_the_reason() -> None:
    several = next(each for each in open_rulebook().rules if isinstance(each, SeveralRule))
    assert exported(several) == Unsayable(several.id, "looks at several objects; an admission policy sees one")
    assert reason(applies=["KubeletConfiguration"]).endswith("no admission policy is shown: KubeletConfiguration")
    assert reason(applies=["ValidatingAdmissionPolicyBinding"]).startswith("is about what no admission policy is shown")
    assert reason(applies="all", each="").startswith("is about every kind")
    assert reason(until="1.30") == "says nothing about Kubernetes 1.36"
    assert reason(needs=["nodes"]) == "needs nodes, which an admission policy does not see"


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("NetworkPolicy", Resource("networking.k8s.io", "v1", "networkpolicies")),
        ("Ingress", Resource("networking.k8s.io", "v1", "ingresses")),
        ("Pod", Resource("", "v1", "pods")),
        ("HorizontalPodAutoscaler", Resource("autoscaling", "v2", "horizontalpodautoscalers")),
        ("Rollout.argoproj.io", Resource("argoproj.io", "*", "rollouts")),
    ],
)
def test_kinds_are_called_as_in_the_api(kind: str, resource: Resource) -> None:
    assert resource_of(kind) == resource


def test_ephemeral_containers_come_by_a_way_of_their_own() -> None:
    rules = policy(each="any-container")["spec"]["matchConstraints"]["resourceRules"]
    assert "pods/ephemeralcontainers" in rules[0]["resources"]


def test_foreign_kinds_are_matched_where_a_rule_names_them() -> None:
    assert "Rollout.argoproj.io" in kinds_of(rule(applies=["Deployment", "Rollout.argoproj.io"]))
    assert "Rollout.argoproj.io" not in kinds_of(rule())


def test_names_are_changed_where_they_are_free() -> None:
    names = {"pod": "variables.pod", "params": "variables.params"}
    assert renamed("pod.all(pod, pod.x) && has(pod.pod)", names) == (
        "variables.pod.all(pod, pod.x) && has(variables.pod.pod)"
    )
    assert renamed("'pod' in {'params': params}", names) == "'pod' in {'params': variables.params}"
    assert renamed("object.pods.all(pod, .pod == pod)", names) == "object.pods.all(pod, variables.pod == pod)"
    assert free_names("a.all(b, b == c) || b.exists(x, y, d)") == {"a", "b", "c", "d"}


def test_what_may_be_no_bool_is_compared() -> None:
    assert as_bool("a == b || has(c.d)") == "a == b || has(c.d)"
    assert as_bool("a.?b.orValue(false)") == "(a.?b.orValue(false)) == true"


@pytest.mark.parametrize(
    "value", [1, 1.5, True, 'it\'s "so"\n\\d', "日本 😀", ["a", "b"], [1, "b"], {"a": [1], "b": {"c": "d"}}, [], {}]
)
def test_literals_are_what_they_say(value: Any) -> None:
    assert compile_program(literal(value)).evaluate({}) == value
