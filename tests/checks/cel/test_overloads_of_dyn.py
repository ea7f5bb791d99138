"""What the checker says of a call whose overloads cannot be told apart."""

import pytest

from fairlead.checks.cel import compile_program


@pytest.mark.parametrize("sum_of_two", ["a.x + a.y", "a.?x.orValue([]) + a.?y.orValue([])"])
def test_a_sum_of_unknown_things_may_be_a_list(sum_of_two: str) -> None:
    """`+` has many overloads; once two of them fit, a third must not decide what the result is."""
    program = compile_program(f"({sum_of_two}).join(' ')", ("a",))
    assert program.evaluate({"a": {"x": ["sh"], "y": ["-c"]}}) == "sh -c"
