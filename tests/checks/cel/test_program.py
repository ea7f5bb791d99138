"""Programs: kept between two starts, light to import, told apart from other versions'."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from fairlead.checks.cel import CelError, compile_program, dump, load
from fairlead.checks.cel.calls import python_name
from fairlead.checks.cel.overloads import names
from fairlead.checks.cel.runtime import GLOBALS, LIBRARY, resolve

_SOURCES = ["a.b > 1", "a.x.all(c, c.matches('^[a-z]+$'))", "a.?q.orValue(18446744073709551615u)", "'k' in a"]


def test_programs_are_kept_and_read_back() -> None:
    programs = [compile_program(source, ("a",)) for source in _SOURCES]
    again = load(dump(programs))
    assert [each.source for each in again] == _SOURCES
    assert [each.names for each in again] == [("a",)] * len(_SOURCES)
    value = {"a": {"b": 2, "x": ["abc"]}}
    assert [each.evaluate(value) for each in again] == [each.evaluate(value) for each in programs]


@pytest.mark.parametrize(
    "damage", [lambda kept: kept[:-3], lambda kept: kept[5:], lambda _: b"", lambda k: k[:-40] + b"x"]
)
def test_what_another_version_wrote_or_is_broken_is_not_read(damage: Callable[[bytes], bytes]) -> None:
    kept = dump([compile_program("a.b", ("a",))])
    with pytest.raises(ValueError, match="programs"):
        load(damage(kept))


def test_evaluating_twice_gives_the_same_and_leaves_the_input_alone() -> None:
    program = compile_program("a.map(x, x + 1) + a", ("a",))
    value = {"a": [1, 2]}
    assert program.evaluate(value) == program.evaluate(value) == [2, 3, 1, 2]
    assert value == {"a": [1, 2]}


def test_a_value_nested_without_end_is_an_error_not_a_crash() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    program = compile_program("a == b", ("a", "b"))
    with pytest.raises(CelError, match="nested"):
        program.evaluate({"a": deep, "b": [deep[0]]})


def test_every_function_of_the_signatures_is_there() -> None:
    special = {(True, "or"), (True, "orValue")}
    wanted = {pair for pair in names() if pair[1][0].isalpha()} - special
    assert not {name for is_method, name in wanted if python_name(name, is_method=is_method) not in GLOBALS}
    for module, functions in LIBRARY.items():
        assert all(callable(resolve(module, name)) for name in functions.split())


def test_importing_loads_neither_the_compiler_nor_re2() -> None:
    script = (
        "import sys; before = set(sys.modules); import fairlead.checks.cel;print(*sorted(set(sys.modules) - before))"
    )
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    loaded = set(output.split())
    assert not {"re2", "dataclasses", "datetime", "ipaddress", "decimal", "zoneinfo"} & loaded
    assert not {name for name in loaded if name.startswith("fairlead.checks.cel.library.")}
    assert "fairlead.checks.cel.parser" not in loaded
