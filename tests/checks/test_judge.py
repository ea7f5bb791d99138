"""Judging survives whatever is in a manifest, and its cost grows with the objects."""

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.checks.compiled import Compiled
from fairlead.checks.examples import written_out
from fairlead.checks.found import Found
from fairlead.checks.judge import judge
from fairlead.checks.rule import ObjectRule, SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.state import State
from fairlead.checks.trying import broken_promises
from fairlead.model.finding import Severity
from fairlead.review.rulebook import open_rulebook
from fairlead.snapshot.objects import KubeObject, Objects

BOOK = open_rulebook()
READY, _ = BOOK.ready(BOOK.rules)
EXAMPLES = [
    written_out(example) for rule in BOOK.rules if isinstance(rule, ObjectRule) for example in (*rule.good, *rule.bad)
]
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 2**40), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=5), inner, max_size=2)),
    max_leaves=4,
)


@st.composite
def broken_manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A manifest with one or two of its parts replaced by something."""
    manifest: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 2))):
        holder: Any = manifest
        while True:
            steps = list(range(len(holder))) if isinstance(holder, list) else list(holder)
            if not steps:
                break
            step = draw(st.sampled_from(steps))
            if not isinstance(holder[step], dict | list) or not holder[step] or draw(st.integers(0, 5)) == 0:
                holder[step] = draw(ANYTHING)
                break
            holder = holder[step]
    return manifest


@settings(max_examples=200, deadline=None)
@given(broken_manifests())
def test_whatever_is_in_a_manifest_the_rest_is_judged(manifest: dict[str, Any]) -> None:
    good = written_out({"metadata": {"name": "other"}, "container": {"securityContext": {"privileged": True}}})
    verdict = judge(Scope(Objects([KubeObject(manifest), KubeObject(good)])), READY)
    assert any(found.id == "SEC101" and found.name == "other" for found in verdict.findings)
    assert len(verdict.outcomes) == len(READY)
    assert all(outcome.because for outcome in verdict.outcomes if outcome.state is State.FAILED)


def test_what_cannot_be_put_into_words_is_found_all_the_same() -> None:
    words = {"id": "TST101", "title": "Secret without a type", "severity": "warning", "why": ".", "fix": "."}
    rule = msgspec.convert(
        {
            **words,
            "source": "https://kubernetes.io/docs/",
            "applies": ["Secret"],
            "expect": "has(object.type)",
            "messageExpression": "'of ' + object.absent",
            "good": [{"kind": "Secret", "type": "Opaque"}],
            "bad": [{"kind": "Secret"}],
        },
        ObjectRule,
    )
    verdict = judge(Scope(Objects([KubeObject(written_out({"kind": "Secret"}))])), [Compiled(rule)])
    assert [found.message for found in verdict.findings] == ["Secret without a type"]
    # Its author hears of it.
    assert list(broken_promises(rule)) == ["TST101: the message for bad example 1 cannot be evaluated"]


def test_a_rule_over_several_objects_that_breaks_hides_nothing() -> None:
    workload = KubeObject(written_out({"container": {"securityContext": {"privileged": True}}}))
    verdict = judge(Scope(Objects([workload])), [_breaking(), *READY])
    outcomes = {outcome.id: outcome for outcome in verdict.outcomes}
    assert outcomes["TST201"].state is State.FAILED
    assert outcomes["TST201"].because == "the whole scope: 'absent'"
    assert [found.message for found in verdict.findings if found.id == "TST201"] == ["found before it broke"]
    assert outcomes["SEC101"].state is State.FOUND


def _breaking() -> SeveralRule:
    """A rule that finds one thing and then breaks."""

    def check(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
        for each in scope.objects:
            yield rule.found(each, "found before it broke")
            each.raw["absent"]

    return SeveralRule(
        id="TST201",
        title="Breaks",
        severity=Severity.WARNING,
        why=".",
        fix=".",
        source="https://kubernetes.io/docs/",
        check=check,
        good=(),
        bad=(),
    )


def test_a_rule_is_judged_only_for_its_versions() -> None:
    since = next(rule for rule in BOOK.rules if isinstance(rule, ObjectRule) and rule.id == "SEC101")
    rule = BOOK.ready([_with(since, since="1.30", until="1.31")])[0]
    states = [
        judge(Scope(Objects([KubeObject(written_out({}))]), minor=minor), rule).outcomes[0].state
        for minor in (29, 30, 31, 32)
    ]
    assert states == [State.NOT_APPLICABLE, State.CLEAN, State.CLEAN, State.NOT_APPLICABLE]


def test_without_its_evidence_a_rule_is_not_called_clean() -> None:
    ready, _ = BOOK.ready([_with(BOOK.rules[0], needs=("nodes",))])
    (outcome,) = judge(Scope(Objects([KubeObject(written_out({}))])), ready).outcomes
    assert (outcome.state, outcome.because) == (State.INSUFFICIENT_EVIDENCE, "needs nodes")
    (outcome,) = judge(Scope(Objects([KubeObject(written_out({}))]), evidence=frozenset({"nodes"})), ready).outcomes
    assert outcome.state is not State.INSUFFICIENT_EVIDENCE


def _with(rule: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(rule, **changes)
