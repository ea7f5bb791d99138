"""What holds for all values."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.checks.cel import CelError, CelSyntaxError, compile_program
from fairlead.checks.cel.library.conversions import f_string

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
near_the_bounds = st.sampled_from([INT_MIN, INT_MIN + 1, -1, 0, 1, 2, INT_MAX - 1, INT_MAX])
integers = st.one_of(st.integers(INT_MIN, INT_MAX), near_the_bounds)
scalars = st.one_of(st.none(), st.booleans(), integers, st.floats(), st.text(max_size=5))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)

_PROGRAMS = {
    operator: compile_program(f"a {operator} b", ("a", "b"))
    for operator in ("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||")
}
_ERROR = "error"


def outcome(operator: str, a: Any, b: Any) -> Any:
    try:
        return _PROGRAMS[operator].evaluate({"a": a, "b": b})
    except CelError:
        return _ERROR


def _truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


@given(integers, integers)
def test_integers_are_those_of_64_bits(a: int, b: int) -> None:
    exact = {"+": a + b, "-": a - b, "*": a * b}
    if b:
        exact["/"] = _truncated(a, b)
        exact["%"] = a - b * _truncated(a, b) if INT_MIN <= exact["/"] <= INT_MAX else INT_MAX + 1
    for operator in "+-*/%":
        expected = exact.get(operator, INT_MAX + 1)
        assert outcome(operator, a, b) == (expected if INT_MIN <= expected <= INT_MAX else _ERROR)


@given(values, values)
def test_equality_is_symmetric_and_never_an_error(a: Any, b: Any) -> None:
    assert outcome("==", a, b) is outcome("==", b, a)
    assert outcome("!=", a, b) is not outcome("==", a, b)


@given(scalars, scalars)
def test_order_is_consistent(a: Any, b: Any) -> None:
    less, greater, equal = outcome("<", a, b), outcome(">", a, b), outcome("==", a, b)
    assert greater == outcome("<", b, a)
    if less == _ERROR:
        assert {greater, outcome("<=", a, b), outcome(">=", a, b)} == {_ERROR}
        return
    assert [less, greater, equal].count(True) == 1
    assert outcome("<=", a, b) is (less or equal)
    assert outcome(">=", a, b) is (greater or equal)


# A term that is true, false, an error, or no bool.
TERMS = ("t", "f", "e.missing", "n", "!f", "n > 0", "n > 5", "e.x == 1", "has(e.y)", "[1, 2].all(i, e.z)")
_SCOPE = {"t": True, "f": False, "e": {}, "n": 3}
terms = st.lists(st.sampled_from(TERMS), min_size=2, max_size=5)


def judged(expression: str) -> Any:
    try:
        return compile_program(expression, _SCOPE).evaluate(_SCOPE)
    except CelError:
        return _ERROR


@given(terms, st.sampled_from(["&&", "||"]), st.data())
@settings(deadline=None)
def test_and_and_or_absorb_errors_in_any_order(parts: list[str], operator: str, data: st.DataObject) -> None:
    decided = operator == "||"
    single = [judged(part) for part in parts]
    expected = _ERROR if any(type(each) is not bool for each in single) else not decided
    if any(each is decided for each in single):
        expected = decided
    shuffled = data.draw(st.permutations(parts))
    assert judged(f" {operator} ".join(parts)) is expected
    assert judged(f" {operator} ".join(f"({part})" for part in shuffled)) is expected


@given(terms)
@settings(deadline=None)
def test_all_is_and_and_exists_is_or(parts: list[str]) -> None:
    choices = "".join(f"i == {number} ? {part} : " for number, part in enumerate(parts)) + "true"
    for macro, operator in (("all", "&&"), ("exists", "||")):
        assert judged(f"{list(range(len(parts)))}.{macro}(i, {choices})") is judged(f" {operator} ".join(parts))


def printed(value: Any) -> str:
    """A value as an expression of CEL."""
    if value is None or type(value) is bool:
        return str(value).replace("None", "null").lower()
    if type(value) is str:
        return "'" + "".join(f"\\U{ord(each):08x}" for each in value) + "'"
    if type(value) is float:
        return f"double('{f_string(value)}')" if not math.isfinite(value) else f"double('{value!r}')"
    if type(value) is list:
        return f"[{', '.join(f'dyn({printed(each)})' for each in value)}]"
    if type(value) is dict:
        return f"{{{', '.join(f'{printed(key)}: dyn({printed(each)})' for key, each in value.items())}}}"
    return str(value)


@given(values)
@settings(deadline=None)
def test_a_printed_value_is_read_back(value: Any) -> None:
    result = compile_program(printed(value)).evaluate({})
    assert repr(result) == repr(value)


@given(st.text(alphabet="ab.c?[]{}()'\"1+-*/%<>=!&|:, \n\\", max_size=40))
@settings(deadline=None)
def test_any_text_is_compiled_or_refused(text: str) -> None:
    try:
        program = compile_program(text, ("a", "b"))
    except CelSyntaxError as error:
        assert error.message  # noqa: PT017  (both outcomes are fine)
        return
    try:
        program.evaluate({"a": {"b": [1]}, "b": 2})
    except CelError as error:
        assert str(error)  # noqa: PT017
