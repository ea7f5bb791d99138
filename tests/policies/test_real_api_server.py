"""
A real kube-apiserver and our engine say the same about the same objects.

A sample of rules and objects; `make prove-rules` takes all rules and thousands of objects.
"""

from collections.abc import Iterator

import pytest

from fairlead.checks.examples import written_out
from fairlead.checks.rule import ObjectRule
from fairlead.policies import Action, Exported, exported
from fairlead.review.rulebook import open_rulebook
from fairlead.twin import tools
from policies.api_server import running
from policies.mutating import Mutator
from policies.proving import Proof, accept, until

pytestmark = [pytest.mark.twin, pytest.mark.timeout(240)]
# Some forty rules of all areas; which ones changes with every rule that is added.
_EVERY = 15
_MUTATED = 120


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    tools.ensure()
    rules = [rule for rule in open_rulebook().rules if isinstance(rule, ObjectRule)]
    with running(tmp_path_factory.mktemp("server")) as server:
        proof = Proof(server, rules[::_EVERY])
        proof.load()
        yield proof


def test_the_api_server_says_the_same_of_examples_and_of_mutated_objects(proof: Proof) -> None:
    examples = proof.accepted()
    proof.show(examples)
    found = proof.counts["found"]
    proof.show(Mutator(examples, seed=1).objects(_MUTATED))
    assert not proof.differences
    assert proof.counts["judged"] > len(examples) + _MUTATED // 3
    assert 0 < found < proof.counts["found"] < proof.counts["verdicts"]


def test_its_answers_read_as_our_findings(proof: Proof) -> None:
    assert list(proof.unlike_messages()) == []
    assert proof.counts["messages"] > 30


def test_a_policy_as_it_is_exported_refuses_what_breaks_its_rule(proof: Proof) -> None:
    rule = open_rulebook().find("SEC101")
    made = exported(rule, actions=[Action.DENY], spared=["kube-system"])
    assert isinstance(made, Exported)
    for part in (made.policy, made.binding):
        accept(proof.server.create(part))
    bad = written_out({"kind": "ReplicaSet", "container": {"securityContext": {"privileged": True}}})
    until(lambda: proof.server.create(bad, dryRun="All").status_code == 422, "the policy")
    assert "SEC101: container example: " in proof.server.create(bad, dryRun="All").json()["message"]

    accept(proof.server.create({**bad, "metadata": {"name": "example", "namespace": "kube-system"}}, dryRun="All"))
    # Who makes a Deployment's ReplicaSet is told by the user, not by what the object says of itself.
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "example", "uid": "1", "controller": True}
    owned = {**bad, "metadata": {**bad["metadata"], "ownerReferences": [owner]}}
    accept(proof.server.create(owned, by="system:kube-controller-manager", dryRun="All"))
    assert proof.server.create(owned, dryRun="All").status_code == 422
