"""Kinds that could not be read: what is found counts, and what was not looked at is never called clean."""

from typing import Any

import pytest

from fairlead.checks.examples import written_out
from fairlead.checks.judge import judge
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.state import Outcome, State
from fairlead.review.rulebook import open_rulebook
from fairlead.snapshot.objects import WORKLOADS, KubeObject, Objects, UnreadKindError

BOOK = open_rulebook()
SERVICE = {"kind": "Service", "spec": {"selector": {"app": "cart"}}}
PRIVILEGED = {"container": {"securityContext": {"privileged": True}}}


def outcome(rule_id: str, *manifests: dict[str, Any], unread: tuple[str, ...] = ()) -> Outcome:
    rules, _ = BOOK.ready([BOOK.find(rule_id)])
    objects = Objects((KubeObject(written_out(each)) for each in manifests), unread)
    (made,) = judge(Scope(objects, evidence=frozenset({WHOLE})), rules).outcomes
    return made


def test_a_rule_about_an_unread_kind_lacks_evidence() -> None:
    assert outcome("SEC101").state is State.NOT_APPLICABLE
    told = outcome("SEC101", {"container": {}}, unread=("Deployment", WORKLOADS))
    assert (told.state, told.because) == (State.INSUFFICIENT_EVIDENCE, "could not read workloads")
    assert outcome("CFG117", unread=("ConfigMap",)).because == "could not read ConfigMap"


def test_a_rule_about_other_kinds_is_not_touched() -> None:
    assert outcome("SEC101", {"container": {}}, unread=("Secret",)).state is State.CLEAN


def test_what_is_found_counts_all_the_same() -> None:
    assert outcome("SEC101", PRIVILEGED, unread=("Job", WORKLOADS)).state is State.FOUND


def test_what_cannot_be_seen_is_not_taken_for_missing() -> None:
    assert outcome("NET201", SERVICE).state is State.FOUND
    told = outcome("NET201", SERVICE, unread=("Deployment", WORKLOADS))
    assert (told.state, told.found) == (State.INSUFFICIENT_EVIDENCE, 0)


@pytest.mark.parametrize("ask", [lambda objects: objects.of("Secret"), lambda objects: objects.get("Secret", "a", "b")])
def test_asking_for_an_unread_kind_is_an_error(ask: Any) -> None:
    with pytest.raises(UnreadKindError, match="Secret"):
        ask(Objects(unread=("Secret",)))
    ask(Objects())
