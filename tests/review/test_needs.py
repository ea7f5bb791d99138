"""What rules look at is what is read of a cluster, and what its ClusterRole allows."""

from collections.abc import Mapping

import pytest

from fairlead.checks.examples import written_out
from fairlead.checks.judge import judge
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.state import State
from fairlead.review.needs import cluster_role, kinds_of, permissions
from fairlead.review.rulebook import open_rulebook
from fairlead.review.yamlfile import plain
from fairlead.snapshot.objects import KubeObject, Objects

BOOK = open_rulebook()
SEVERAL = [rule for rule in BOOK.rules if isinstance(rule, SeveralRule)]


@pytest.mark.parametrize("rule", SEVERAL, ids=lambda rule: rule.id)
def test_what_a_rule_looks_up_is_learnt_from_its_examples(rule: SeveralRule) -> None:
    read = kinds_of([rule])
    for example in (*rule.good, *rule.bad):
        manifests = [example] if isinstance(example, Mapping) else example
        objects = [KubeObject(written_out(manifest)) for manifest in manifests]
        # What is of a file on a node is in no API; what makes pods is read as such.
        there = {each.key for each in objects if each.pod_spec is None and not each.group.endswith(".config.k8s.io")}
        (outcome,) = judge(
            Scope(Objects(objects, unasked=there - read), evidence=frozenset(rule.needs)), [rule]
        ).outcomes
        assert outcome.state is not State.INSUFFICIENT_EVIDENCE, outcome.because


def test_a_kind_that_is_there_but_was_not_read_is_not_taken_for_absent() -> None:
    service = {"kind": "Service", "spec": {"selector": {"app": "cart"}}}
    rule = BOOK.find("NET201")
    assert isinstance(rule, SeveralRule)
    assert "workloads" in kinds_of([rule])
    scope = Scope(Objects([KubeObject(written_out(service))], unasked=["workloads"]), evidence=frozenset({"whole"}))
    (outcome,) = judge(scope, [rule]).outcomes
    assert (outcome.state, outcome.found) == (State.INSUFFICIENT_EVIDENCE, 0)


def test_only_what_the_rules_are_about_is_asked_for() -> None:
    assert kinds_of([BOOK.find("CFG117")]) == {"ConfigMap", "Namespace"}
    assert kinds_of([BOOK.find("SEC101")]) == {"workloads", "Namespace"}
    assert "KubeletConfiguration" not in kinds_of(BOOK.rules), "files on nodes are in no API"


def test_the_cluster_role_lists_and_nothing_more() -> None:
    role = plain(cluster_role(permissions(kinds_of(BOOK.rules))).encode(), "role.yaml")
    allowed = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    assert allowed >= {
        *(("", "pods"), ("", "secrets"), ("apps", "deployments"), ("batch", "cronjobs")),
        *(("networking.k8s.io", "networkpolicies"), ("networking.k8s.io", "ingresses")),
        *(("argoproj.io", "rollouts"), ("apiextensions.k8s.io", "customresourcedefinitions")),
        ("storage.k8s.io", "storageclasses"),
    }
