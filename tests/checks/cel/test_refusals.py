"""What is not compiled, and how it is said."""

import pytest

from fairlead.checks.cel import CelSyntaxError, compile_program

# expression, part of the message, line, column, part of the hint
REFUSALS = [
    ("", "empty", 1, 1, ""),
    ("1 +", "the end of the expression", 1, 4, ""),
    ("1 = 1", "unexpected character `=`", 1, 3, "`==`"),
    ("a &&\n  & b", "unexpected character `&`", 2, 3, "`&&`"),
    ("'open", "unexpected character", 1, 1, "does not end"),
    ("objct.spec", "unknown name `objct`", 1, 1, "`object`"),
    ("'a'.lowerAsci()", "unknown method `lowerAsci`", 1, 5, "`lowerAscii`"),
    ("sets.has([1])", "unknown function `sets.has`", 1, 6, "`sets.contains`"),
    ("size()", "no function `size()`", 1, 1, "1 argument"),
    ("has(object)", "field selection", 1, 1, "has(a.b)"),
    ("object.items.all(true)", "`all` has a variable", 1, 14, ""),
    ("object.items.all(1, true)", "simple identifier", 1, 18, ""),
    ("1 + 'a'", "`+` does not take `int` and `string`", 1, 3, ""),
    ("1 == 'a'", "`==` does not take", 1, 3, ""),
    ("[1, 'a']", "`int` is expected", 1, 5, "dyn("),
    ("true ? 1 : 'a'", "does not take", 1, 6, ""),
    ("1 && true", "a bool is expected", 1, 1, ""),
    ("'a'.b", "`string` has no fields", 1, 4, ""),
    ("duration('1d')", "`1d` is no duration", 1, 10, ""),
    ("'a'.matches('[')", "no regular expression", 1, 13, ""),
    ("'%d'.format(['a'])", "`%d` cannot format `string`", 1, 14, ""),
    ("[?1]", "optional value is expected", 1, 3, ""),
    ("9223372036854775808", "64 bit", 1, 1, ""),
    ("object.in", "field name", 1, 8, '["in"]'),
    ("if", "reserved", 1, 1, ""),
    (r"'\q'", "escape", 1, 1, ""),
    ("cel.bind(x, 1, x)", "unknown method `bind`", 1, 5, ""),
]


@pytest.mark.parametrize(("expression", "message", "line", "column", "hint"), REFUSALS)
def test_a_refusal_tells_the_place_and_what_to_do(
    expression: str, message: str, line: int, column: int, hint: str
) -> None:
    with pytest.raises(CelSyntaxError) as refused:
        compile_program(expression, ("object", "a", "b"))
    error = refused.value
    assert message in error.message
    assert (error.line, error.column) == (line, column)
    assert hint in error.hint


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 5000,
        "!" * 5001 + "(" * 300,
        "a" + ".b" * 5000,
        "a" + "[0]" * 5000,
        " + ".join(["a"] * 5000),
        "a ? " * 3000 + "a",
        "a.map(x, " * 500 + "1" + ")" * 500,
        "{'a': " * 1000,
        "x" * 200_000,
    ],
    ids=lambda expression: expression[:12],
)
def test_what_is_too_deep_or_too_long_is_refused_not_crashed_on(expression: str) -> None:
    with pytest.raises(CelSyntaxError):
        compile_program(expression, ("a",))


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 40 + "a" + ")" * 40,
        "a" + ".b" * 150 + " == 1 || true",
        " + ".join(["'a'"] * 150) + " == a || true",
        " && ".join(["a.b == 1"] * 3000) + " || true",
        "a ? 1 : " * 50 + "2",
        "true || " + "a.all(x, x.y || " * 30 + "x.z" + ")" * 30,
        "[" * 50 + "]" * 50,
        "!(" * 50 + "a" + ")" * 50 + " || true",
    ],
    ids=lambda expression: expression[:12],
)
def test_what_is_only_long_or_rather_deep_is_compiled(expression: str) -> None:
    program = compile_program(expression, ("a",))
    assert program.evaluate({"a": True}) is not None


def test_deep_nesting_still_means_the_same() -> None:
    program = compile_program("a.all(x, " * 20 + "x > 1 || a[5] == 1" + ")" * 20, ("a",))
    assert program.evaluate({"a": [2, 3]}) is True
