"""
The same verdicts as the API server's own CEL environment.

`agreed.jsonl` holds expressions, written by hand and generated, with what Kubernetes' environment said of them; its
first line tells the version and the variables. `value`: evaluated, with this value. `error`: an evaluation error.
`refused`: not compiled. `fails`: constant folding found the error before the evaluation would have.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.checks.cel import (
    CelError,
    CelSyntaxError,
    CelType,
    Duration,
    Optional,
    Timestamp,
    UInt,
    compile_program,
)
from fairlead.checks.cel.library.conversions import shortest
from fairlead.checks.cel.library.moments import format_timestamp
from fairlead.checks.cel.values import MixedMap, type_name

_HEAD, *_CASES = [json.loads(line) for line in Path(__file__).with_name("agreed.jsonl").read_text().splitlines()]
_VARIABLES = _HEAD["variables"]
_OURS = {"error": {"error"}, "refused": {"refused"}, "fails": {"error", "refused"}}


def shown(value: Any) -> list[Any]:  # noqa: C901  (one case for each type)
    """A value with its type, as the file writes it."""
    kind = type(value)
    if kind in {int, UInt}:
        return [type_name(value), str(int(value))]
    if kind is float:
        return ["double", _double(value)]
    if kind is bytes:
        return ["bytes", value.hex()]
    if value is None:
        return ["null"]
    if kind is Duration:
        return ["duration", str(value.nanoseconds)]
    if kind is Timestamp:
        return ["timestamp", format_timestamp(Timestamp(value.nanoseconds))]
    if kind is Optional:
        return ["optional", shown(value.value)] if value.has_value else ["optional"]
    if kind is CelType:
        return ["type", value.name]
    if kind is dict or kind is MixedMap:
        entries = [[shown(key), shown(each)] for key, each in value.items()]
        return ["map", sorted(entries, key=repr) or None]
    if kind is list:
        return ["list", [shown(each) for each in value]]
    return [type_name(value), value] if kind in {str, bool} else ["other", type_name(value)]


def _double(value: float) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    sign, digits, power = shortest(value)
    if not digits:
        return f"{sign}0e+00"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"


def ours(expression: str) -> tuple[str, Any]:
    try:
        program = compile_program(expression, _VARIABLES)
    except CelSyntaxError as error:
        return "refused", str(error)
    try:
        return "value", in_order(shown(program.evaluate(_VARIABLES)))
    except CelError as error:
        return "error", str(error)


def in_order(value: Any) -> Any:
    """Maps in one order, whoever wrote them."""
    if isinstance(value, list) and value and value[0] == "map":
        return ["map", sorted((in_order(each) for each in value[1] or ()), key=repr)]
    return [in_order(each) for each in value] if isinstance(value, list) else value


def differences(verdict: str) -> Iterator[str]:
    for expression, theirs, *value in _CASES:
        if theirs != verdict:
            continue
        mine = ours(expression)
        agreed = mine[0] in _OURS[theirs] if theirs in _OURS else mine == ("value", in_order(value[0]))
        if not agreed:
            yield f"{expression}\n  ours {mine}\n  theirs {theirs} {value}"


@pytest.mark.parametrize("verdict", ["value", "error", "refused", "fails"])
def test_the_api_server_says_the_same(verdict: str) -> None:
    assert not "\n".join(differences(verdict))


def test_there_are_thousands_of_cases() -> None:
    assert len(_CASES) > 3900
    assert {theirs for _, theirs, *_ in _CASES} == {"value", "error", "refused", "fails"}
