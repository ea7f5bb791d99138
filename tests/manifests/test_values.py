"""What YAML means, as kubectl has it: expected values are sigs.k8s.io/yaml 1.6.0's own answers."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.manifests import documents, exact, fast, scalars
from fairlead.manifests.decoded import DocumentError
from manifests.writing import CART

KUBECTL: list[tuple[str, Any]] = [
    ("a: yes", True),
    ("a: y", True),
    ("a: On", True),
    ("a: off", False),
    ("a: TRUE", True),
    ("a: 'yes'", "yes"),
    ("a: ~", None),
    ("a: NULL", None),
    ("a: nULL", "nULL"),
    ("a:", None),
    ("a: 0644", 420),
    ("a: '0644'", "0644"),
    ("a: 08", 8),
    ("a: 0o17", 15),
    ("a: 0x1F", 31),
    ("a: -0x1F", -31),
    ("a: 0b11", 3),
    ("a: 1_000", 1000),
    ("a: _1", "_1"),
    ("a: -_1", -1),
    ("a: +1", 1),
    ("a: 1.0", 1),
    ("a: 1.", 1),
    ("a: .5", 0.5),
    ("a: .5_0", 0.5),
    ("a: ._5", "._5"),
    ("a: 1e3", 1000),
    ("a: 1e21", 1e21),
    ("a: 1e", "1e"),
    ("a: 1e999", "1e999"),
    ("a: 9223372036854775807", 9223372036854775807),
    ("a: 123456789012345678901234567890", 1.2345678901234568e29),
    ("a: inf", "inf"),
    ("a: 2024-01-01", "2024-01-01"),
    ("a: 2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    ("a: 1:30", "1:30"),
    ("a: 1.2.3", "1.2.3"),
    ("a: 100m", "100m"),
    ("a: !!str 1", "1"),
    ("a: !!int '3'", 3),
    ("a: !!bool yes", True),
    ("a: !!binary aGVsbG8=", "hello"),
    ("a: !vault 1", "1"),
    ("a: ! 12", "12"),
    ("a: !!str", ""),
    ("a: !vault {b: 1}", {"b": 1}),
    ("a: {8080: x}", {"8080": "x"}),
    ("a: {yes: x}", {"true": "x"}),
    ("a: {1.50: x}", {"1.5": "x"}),
    ("a: {0x10: x}", {"16": "x"}),
    ("a: {'<<': {b: 1}}", {"<<": {"b": 1}}),
    ("a: &x\nb: *x", None),
    ("a: |2\n    x", "  x"),
    ("a: |\n  x", "x"),
    ("a: >-\n  x\n\n  y\n", "x\ny"),
    ("a: 'it''s'", "it's"),
    ('a: "\\u263A\\n"', "☺\n"),
    ("a: {b: {<<: {c: 1}, d: 2}}", {"b": {"c": 1, "d": 2}}),
    ("a: {b: {<<: [{c: 1}, {c: 2, d: 3}]}}", {"b": {"c": 1, "d": 3}}),
    ("a: 1\n...\nb: 2", 1),
]

REFUSED = [
    "a: .inf",
    "a: .nan",
    "a: !!int x",
    "a: !!binary '!!'",
    "~: x",
    "? [a]\n: b",
    "? {a: b}\n: c",
    "a: {<<: 3}",
    "a: *u",
    "a: &a [*a]",
    "a: @x",
    "a: `x",
    "\ta: 1",
    "a:\n  - b\n\t- c",
    "a: b: c",
    "[1,,2]",
    "a: 'x",
    'a: "\\q"',
    "a: {b: c",
    "a: 1\n b: 2",
]


def value_of(text: str) -> Any:
    found = documents.split(text)
    return documents.decode(found[0]).value if found else None


@pytest.mark.parametrize(("text", "expected"), KUBECTL)
def test_a_value_is_what_kubectl_makes_of_it(text: str, expected: Any) -> None:
    value = value_of(text)["a"]
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize("text", REFUSED)
def test_what_kubectl_refuses_is_refused(text: str) -> None:
    (document,) = documents.split(text)
    with pytest.raises(DocumentError):
        exact.decode(document.text)
    with pytest.raises(DocumentError):
        documents.decode(document)


def test_a_key_after_a_merge_wins_and_is_no_repetition() -> None:
    decoded = exact.decode("x: &x {a: 1, b: 2}\nz:\n  <<: *x\n  a: 3\n")
    assert decoded.value["z"] == {"a": 3, "b": 2}
    assert decoded.repeated == []


PLAIN = st.text(alphabet="yYnoNeEsSfFtTrRuUlaA~0123456789._+-xXbBiI:", min_size=1, max_size=8)
QUOTED = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20).map(json.dumps)
SCALARS = st.one_of(PLAIN, QUOTED, st.sampled_from(["on", "0644", "1.0", "~", "no", "null", "true", "1e3", "0x1F"]))
FORMS = st.sampled_from(["a: %s\n", "a:\n- %s\n- b\n", "a: [%s, c]\n", "a: {b: %s}\n", "%s: a\n", "a: {%s: b}\n"])


@given(FORMS, SCALARS)
def test_the_fast_reader_answers_as_the_exact_one_or_not_at_all(form: str, scalar: str) -> None:
    _agree(form % scalar)


BROKEN = st.lists(
    st.sampled_from(["a", ": ", "- ", "\n", "\n  ", "'", '"', "[", "]", "{", "}", ",", "1", "yes", "x: y"])
)


@given(BROKEN)
def test_the_fast_reader_reads_nothing_differently_in_broken_texts(parts: list[str]) -> None:
    text = "a: b\n" + "".join(parts)
    value = fast.decode(text)
    if value is fast.UNSURE:
        return
    try:
        assert _same(value, exact.decode(text).value)
    except DocumentError:
        # It forgives what Kubernetes would not; that is in docs/decisions/0009. What it must not is invent.
        return


# PyYAML leaves `Y` and `08` without quotes, which kubectl reads as true and 8: other strings serve as well.
STRINGS = st.text(max_size=12).map(
    lambda text: text if not text or isinstance(scalars.plain(text), str) else "x" + text
)
NUMBERS = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, width=16)
MAPPINGS = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS.filter(bool), inner, max_size=3),
    max_leaves=12,
).map(lambda inner: {"top": inner})


@given(MAPPINGS, st.booleans())
@settings(max_examples=60)
def test_what_another_program_wrote_comes_back(value: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow)
    if ".inf" in text:
        return
    assert _rounded(documents.decode(documents.split(text)[0]).value) == _rounded(value)


def _agree(text: str) -> None:
    value = fast.decode(text)
    if value is fast.UNSURE:
        return
    decoded = exact.decode(text)
    assert not decoded.repeated
    assert _same(value, decoded.value), text


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)


def _rounded(value: Any) -> Any:
    """`1.0` is `1` to Kubernetes."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value


def test_ordinary_manifests_take_the_fast_way() -> None:
    assert fast.decode(CART) is not fast.UNSURE


CORPORA = Path("/work/shared/corpora")


@pytest.mark.skipif(not CORPORA.is_dir(), reason="LOUD: the corpora of real manifests are not on this machine")
def test_real_manifests_mean_the_same_to_both_readers() -> None:
    seen = 0
    for path in sorted(CORPORA.glob("real/**/*.yaml"))[::3]:
        for document in documents.split(path.read_text()):
            if len(document.text) < 20_000:
                _agree(document.text)
                seen += 1
    assert seen > 100
