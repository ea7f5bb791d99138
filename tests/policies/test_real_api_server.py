"""
A real kube-apiserver and our engine say the same about the same objects.

A sample of rules and objects; `make prove-rules` takes all rules and thousands of objects.
"""

from collections.abc import Iterator

import pytest

from fairlead.checks.rule import ObjectRule
from fairlead.review.rulebook import open_rulebook
from fairlead.twin import tools
from policies.api_server import running
from policies.mutating import Mutator
from policies.proving import Proof

pytestmark = [pytest.mark.twin, pytest.mark.timeout(240)]
# Another sample each time a rule is added; every area, kind and form of `each` is among the first forty or so.
_EVERY = 12
_MUTATED = 150


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
