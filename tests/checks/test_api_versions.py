"""Whatever Kubernetes ever served is judged by one rule at most, in every minor, and by the right one."""

from collections import defaultdict

import pytest

from fairlead.checks.judge import judge
from fairlead.checks.scope import MANIFESTS, Scope
from fairlead.checks.several import apis
from fairlead.knowledge import removals
from fairlead.knowledge.minors import Minor
from fairlead.snapshot.objects import KubeObject, Objects

LIFE_RULES = [rule for rule in apis.RULES if rule.id in {"UPG402", "UPG403", "UPG404", "UPG405", "UPG406", "UPG407"}]
EVERY_KIND = [
    KubeObject({"apiVersion": life.api_version, "kind": life.kind, "metadata": {"name": f"n{number}"}})
    for number, life in enumerate(removals.known().kinds)
]


def _found(minor: int) -> dict[str, set[str]]:
    scope = Scope(Objects(EVERY_KIND), minor=minor, evidence=frozenset({MANIFESTS}))
    found: dict[str, set[str]] = defaultdict(set)
    for each in judge(scope, LIFE_RULES).findings:
        found[f"{each.api_version} {each.kind}"].add(each.id)
    return found


@pytest.mark.parametrize("minor", range(16, removals.known().released.minor + 1))
def test_each_kind_is_told_by_the_rule_of_its_age(minor: int) -> None:
    found = _found(minor)
    now = Minor(1, minor)
    assert [kind for kind, rules in found.items() if len(rules) > 1] == []
    for life in removals.known().kinds:
        said = found[str(life)]
        if life.removed is not None and life.removed <= now:
            assert said == {"UPG402"}
        elif life.introduced > now:
            assert said == {"UPG405"}
        elif life.deprecated_in(now):
            assert said <= {"UPG403", "UPG404"}
            assert said
        else:
            assert said == (set() if life.served_by_default else {"UPG406"})


def test_a_removal_says_what_to_write_and_what_else_changes() -> None:
    old = KubeObject({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "cart"}})
    (found,) = judge(Scope(Objects([old]), minor=25), LIFE_RULES).findings
    assert "not served since Kubernetes 1.25" in found.message
    assert "`policy/v1 PodDisruptionBudget`, served since 1.21" in found.message
    assert "empty `spec.selector`" in found.message
