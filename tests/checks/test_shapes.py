"""Rules that are told by an object's shape say the same as if they had looked at each object."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.checks.cel import PRESENCE, compile_program
from fairlead.checks.compiled import Compiled
from fairlead.checks.examples import written_out
from fairlead.checks.judge import Verdict, judge
from fairlead.checks.rule import ObjectRule
from fairlead.checks.scope import Scope
from fairlead.review.rulebook import open_rulebook
from fairlead.snapshot.objects import KubeObject, Objects, Place

_BOOK = open_rulebook()
_READY = [rule for rule in _BOOK.ready(_BOOK.rules)[0] if isinstance(rule, Compiled)]
_EXAMPLES: list[dict[str, Any]] = [
    written_out(example) for rule in _BOOK.rules if isinstance(rule, ObjectRule) for example in (*rule.good, *rule.bad)
]


def _judged(manifests: list[dict[str, Any]]) -> Verdict:
    objects = [KubeObject(each, Place("a.yaml", number + 1)) for number, each in enumerate(manifests)]
    return judge(Scope(Objects(objects)), _READY)


def _alone(manifest: dict[str, Any]) -> Mapping[str, tuple[int, int]]:
    return {each.id: (each.judged, each.found) for each in _judged([manifest]).outcomes}


@settings(deadline=None)
@given(st.sampled_from(_EXAMPLES), st.sampled_from(_EXAMPLES), st.integers(2, 4))
def test_what_comes_again_is_judged_as_it_was_alone(one: dict[str, Any], other: dict[str, Any], times: int) -> None:
    """The same shapes again and again, with other values where the two examples have the same fields."""
    alone = [_alone(one), _alone(other)]
    together = _judged([copy.deepcopy(each) for _ in range(times) for each in (one, other)])
    expected = {
        rule: tuple(times * (a + b) for a, b in zip(alone[0][rule], alone[1][rule], strict=True)) for rule in alone[0]
    }
    assert {each.id: (each.judged, each.found) for each in together.outcomes} == expected


def test_other_values_in_the_same_shape_are_looked_at() -> None:
    def images(*names: str) -> list[dict[str, Any]]:
        return [written_out({"container": {"image": name}}) for name in names]

    found = _judged(images("a/b:1.0", "a/b:1.0", "a/b:1.0", "a/b:latest")).findings
    assert [each.line for each in found if each.id == "DEL101"] == [4]


@pytest.mark.parametrize(
    ("expression", "reads"),
    [
        ("has(object.spec)", [("object", "spec", PRESENCE)]),
        ("has(object.a.b.c)", [("object", "a", "b")]),
        ("object.a.b.c.d == 1", [("object", "a", "b")]),
        ("object.?a[?'b/c'].orValue('') == ''", [("object", "a", "b/c")]),
        ("object.a[params.b] == 1", [("object", "a"), ("params", "b")]),
        ("object.a.exists(object, object.b == 1)", [("object", "a"), ("object", "b")]),
        ("object == params", [("object",), ("params",)]),
        ("'a' in object.b", [("object", "b")]),
    ],
)
def test_all_that_an_expression_reads(expression: str, reads: list[tuple[str, ...]]) -> None:
    assert list(compile_program(expression, names=("object", "params")).reads) == reads
