"""Every rule does what its examples say, and no two say the same."""

import copy
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from fairlead.checks import trying
from fairlead.checks.areas import AREAS
from fairlead.checks.compiled import Compiled
from fairlead.checks.rule import ObjectRule, SeveralRule
from fairlead.checks.state import State
from fairlead.review import yamlfile
from fairlead.review.rulebook import BUILT_IN, open_rulebook, tables_in

BOOK = open_rulebook()
READY, UNREADABLE = BOOK.ready(BOOK.rules)
COMPILED = {each.rule.id: each for each in READY if isinstance(each, Compiled)}
EVERY = [pytest.param(rule, id=rule.id) for rule in BOOK.rules]
OBJECT_RULES = [pytest.param(rule, id=rule.id) for rule in BOOK.rules if isinstance(rule, ObjectRule)]


@pytest.mark.parametrize("rule", EVERY)
def test_a_rule_does_what_its_examples_say(rule: ObjectRule | SeveralRule) -> None:
    assert rule.good
    assert rule.bad
    assert list(trying.broken_promises(rule, _compiled)) == []


@pytest.mark.parametrize("rule", EVERY)
def test_a_rule_is_told_in_full(rule: ObjectRule | SeveralRule) -> None:
    assert rule.area in AREAS, "the letters of its id name no area"
    for sentence in (rule.why, rule.fix):
        assert sentence.strip().endswith((".", "?", "!", ")")), sentence
    assert not rule.title.endswith("."), rule.title
    assert all(tool and check for tool, _, check in (name.partition(":") for name in rule.like)), rule.like
    assert len(set(rule.like)) == len(rule.like), "the same check twice"


@pytest.mark.parametrize("rule", OBJECT_RULES)
def test_a_finding_points_below_its_object(rule: ObjectRule) -> None:
    for example in rule.bad:
        for found in trying.judged(rule, example, _compiled).findings:
            assert found.path or not rule.path
            assert found.message
            assert found.subject.endswith(found.name)


def test_a_rule_says_nothing_an_admission_policy_could_not() -> None:
    """An unknown name, function or macro is refused here."""
    assert UNREADABLE == []


def test_ids_are_given_once_and_a_table_holds_one_area() -> None:
    counted = Counter(rule.id for rule in BOOK.rules)
    assert [rule_id for rule_id, number in counted.items() if number > 1] == []
    for path in tables_in(BUILT_IN):
        areas = {entry["id"][:3] for entry in yamlfile.plain(path.read_bytes(), str(path))}
        assert len(areas) == 1, f"{path.name}: {areas}"


def test_no_two_rules_say_the_same_about_the_same_field() -> None:
    """As far as it can be seen: same field, same items, same expectation; or the same title."""
    same = Counter(
        (str(rule.applies), str(rule.each), rule.path, " ".join(rule.expect.split()), rule.when, rule.since)
        for rule in _object_rules()
    )
    assert [key for key, number in same.items() if number > 1] == []
    titles = Counter(rule.title.lower() for rule in BOOK.rules)
    assert [title for title, number in titles.items() if number > 1] == []


def test_no_two_rules_agree_on_all_their_examples() -> None:
    """Where each finds the bad and passes the good examples of the other, at the same field, one is too many."""
    agreeing: set[tuple[str, str]] = set()
    for rule in _object_rules():
        found = _by_all(rule.id)[0]
        good = [found[number] for number, example in enumerate(rule.good) if "kubernetes" not in example]
        bad = [found[number] for number, example in enumerate(rule.bad, len(rule.good)) if "kubernetes" not in example]
        paths = [{path for by, path in each if by == rule.id} for each in bad]
        with_it = [{by for by, path in each if path in at} for each, at in zip(bad, paths, strict=True)]
        others = set.intersection(*with_it) if with_it else set()
        agreeing |= {(rule.id, other) for other in others - {by for each in good for by, _ in each} - {rule.id}}
    assert sorted(pair for pair in agreeing if pair[::-1] in agreeing and pair[0] < pair[1]) == []


def test_every_bad_example_of_a_rule_is_whole() -> None:
    """It is judged by every other rule too, and none breaks on it."""
    assert [told for rule in _object_rules() for told in _by_all(rule.id)[1]] == []


@cache
def _by_all(rule_id: str) -> tuple[list[set[tuple[str, str]]], list[str]]:
    """What all rules find in each of a rule's examples, good ones first, with the path; and which break on one."""
    rule = COMPILED[rule_id].rule
    examples = (*rule.good, *rule.bad)
    verdict = trying.by_all(READY, examples)
    found: list[set[tuple[str, str]]] = [set() for _ in examples]
    for each in verdict.findings:
        found[each.document].add((each.id, each.path))
    failed = [outcome for outcome in verdict.outcomes if outcome.state is State.FAILED]
    return found, [f"{outcome.id} on an example of {rule_id}: {outcome.because}" for outcome in failed]


def _compiled(rule: ObjectRule) -> Compiled:
    """One of its own, as an example may change its parameters, of programs that are compiled once."""
    return copy.copy(COMPILED[rule.id])


def _object_rules() -> Iterator[ObjectRule]:
    return (rule for rule in BOOK.rules if isinstance(rule, ObjectRule))
