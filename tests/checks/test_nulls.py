"""A field that is null is a field that is not there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.checks.nulls import without_nulls
from fairlead.snapshot.objects import KubeObject, Place

JSON = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
)


def cleared(raw: dict[str, Any]) -> KubeObject:
    (one,) = without_nulls([KubeObject(raw, Place("a.yaml", 3, 1))])
    return one


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        ({"a": None}, {}),
        ({"a": {"b": None, "c": 0}}, {"a": {"c": 0}}),
        ({"a": [{"b": None}, 1, None]}, {"a": [{}, 1, None]}),
        ({"a": [[{"b": None}]], "c": ""}, {"a": [[{}]], "c": ""}),
    ],
)
def test_null_fields_go_and_nothing_else(raw: dict[str, Any], left: dict[str, Any]) -> None:
    assert cleared(raw).raw == left
    assert cleared(raw).place == Place("a.yaml", 3, 1)


def test_a_pod_spec_is_that_of_what_is_left() -> None:
    raw = {"apiVersion": "v1", "kind": "Pod", "spec": {"hostNetwork": None, "containers": []}}
    assert cleared(raw).pod_spec == {"containers": []}


def test_an_object_without_nulls_is_not_copied() -> None:
    one = KubeObject({"a": [{"b": 1}]})
    assert next(without_nulls([one])) is one


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_no_field_is_null_afterwards(raw: dict[str, Any]) -> None:
    before = repr(raw)
    left = cleared(raw).raw
    assert repr(raw) == before, "what was read was changed"
    assert not _has_null_field(left)


def _has_null_field(value: Any) -> bool:
    if isinstance(value, dict):
        return any(field is None or _has_null_field(field) for field in value.values())
    return isinstance(value, list) and any(_has_null_field(item) for item in value)
