"""Every rule does what its examples say, and no two say the same."""

from collections import Counter
from collections.abc import Iterator

import pytest

from fairlead.checks import trying
from fairlead.checks.areas import AREAS
from fairlead.checks.compiled import Compiled, names_of
from fairlead.checks.rule import Example, ObjectRule, SeveralRule
from fairlead.review import yamlfile
from fairlead.review.rulebook import BUILT_IN, open_rulebook, tables_in

BOOK = open_rulebook()
EVERY = [pytest.param(rule, id=rule.id) for rule in BOOK.rules]
OBJECT_RULES = [pytest.param(rule, id=rule.id) for rule in BOOK.rules if isinstance(rule, ObjectRule)]


@pytest.mark.parametrize("rule", EVERY)
def test_a_rule_does_what_its_examples_say(rule: ObjectRule | SeveralRule) -> None:
    assert rule.good
    assert rule.bad
    assert list(trying.broken_promises(rule)) == []


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
        for found in trying.judged(rule, example).findings:
            assert found.path or not rule.path
            assert found.message
            assert found.subject.endswith(found.name)


@pytest.mark.parametrize("rule", OBJECT_RULES)
def test_a_rule_says_nothing_an_admission_policy_could_not(rule: ObjectRule) -> None:
    """Its names are `object`, `params`, and what can be written as variables or the item of a macro."""
    assert set(names_of(rule)) >= {"object", "params"}
    Compiled(rule)  # an unknown name, function or macro is refused here


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
    ready, _ = BOOK.ready(BOOK.rules)
    agreeing: set[tuple[str, str]] = set()
    for rule in _object_rules():
        bad = [_found(ready, example) for example in rule.bad if "kubernetes" not in example]
        good = [_found(ready, example) for example in rule.good if "kubernetes" not in example]
        paths = [{path for by, path in found if by == rule.id} for found in bad]
        with_it = [{by for by, path in found if path in at} for found, at in zip(bad, paths, strict=True)]
        others = set.intersection(*with_it) if with_it else set()
        agreeing |= {(rule.id, other) for other in others - {by for found in good for by, _ in found} - {rule.id}}
    assert sorted(pair for pair in agreeing if pair[::-1] in agreeing and pair[0] < pair[1]) == []


def _found(ready: list[Compiled | SeveralRule], example: Example) -> set[tuple[str, str]]:
    return {(found.id, found.path) for found in trying.by_all(ready, example).findings}


def test_every_bad_example_of_a_rule_is_whole() -> None:
    """It is judged by every other rule too, and none breaks on it."""
    ready, unreadable = BOOK.ready(BOOK.rules)
    assert unreadable == []
    broken = {
        outcome.because
        for rule in _object_rules()
        for example in (*rule.good, *rule.bad)
        for outcome in trying.by_all(ready, example).outcomes
        if outcome.state == "failed"
    }
    assert broken == set()


def _object_rules() -> Iterator[ObjectRule]:
    return (rule for rule in BOOK.rules if isinstance(rule, ObjectRule))
