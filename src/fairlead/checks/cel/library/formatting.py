"""`"%d of %s".format([1, "two"])`, in version 2 of cel-go's library: numbers are written as in American English."""

import math
import re
from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.library.conversions import f_string
from fairlead.checks.cel.library.moments import format_duration, format_timestamp
from fairlead.checks.cel.library.strings import f_strings_quote
from fairlead.checks.cel.operators import no_overload
from fairlead.checks.cel.values import CelType, Duration, MixedMap, Timestamp, UInt, type_name

CLAUSE = re.compile(r"%(?:\.([0-9]*))?(.?)", re.DOTALL)
_PRECISION = 6
_SUPERSCRIPT = str.maketrans("0123456789-+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺")
_SPECIAL = frozenset({"NaN", "Infinity", "-Infinity"})
_MAPS = frozenset({dict, MixedMap})


def m_format(template: Any, args: Any) -> str:
    if type(template) is not str or type(args) is not list:
        no_overload("format", template, args)
    used = 0
    pieces: list[str] = []
    position = 0
    for found in CLAUSE.finditer(template):
        pieces.append(template[position : found.start()])
        position = found.end()
        precision, verb = found.groups()
        if verb == "%" and precision is None:
            pieces.append("%")
            continue
        if used >= len(args):
            raise CelError(f"index {used} out of range")
        pieces.append(_formatted(verb, precision, args[used]))
        used += 1
    return "".join([*pieces, template[position:]])


def _formatted(verb: str, precision: str | None, value: Any) -> str:
    if precision is not None and not (0 < len(precision) < 4):
        raise CelError(f"`{precision}` is no precision between 0 and 999")
    digits = _PRECISION if precision is None else int(precision)
    match verb:
        case "s":
            return _text(value)
        case "d":
            return _decimal(value)
        case "f":
            return _fixed(value, digits)
        case "e":
            return _scientific(value)
        case "b" | "o" | "x" | "X":
            return _in_base(verb, value)
    raise CelError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if type(value) is list:
        return f"[{', '.join(map(_nested, value))}]"
    if type(value) in _MAPS:
        return _map(value)
    if type(value) is CelType:
        return value.name
    if type(value) in {bool, int, UInt, float, str, bytes, Duration, Timestamp}:
        return f_string(value)
    raise CelError(f"string clause can only be used on strings, bools, …, was given {type_name(value)}")


def _map(value: Any) -> str:
    entries = sorted((_key(key), _nested(each)) for key, each in value.items())
    return f"{{{', '.join(f'{key}:{each}' for key, each in entries)}}}"


def _key(key: Any) -> str:
    return _quoted(key) if type(key) is str else f_string(key)


def _nested(value: Any) -> str:
    """Inside a list or a map, as a literal."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is bytes:
        return f"b{_quoted(f_string(value))}"
    if kind is float:
        return f"{value:.6f}" if math.isfinite(value) else _quoted(f_string(value))
    if kind is Duration:
        return f'duration("{format_duration(value)}")'
    if kind is Timestamp:
        return f'timestamp("{format_timestamp(value)}")'
    return _text(value)


def _quoted(text: str) -> str:
    return f_strings_quote(text)


def _decimal(value: Any) -> str:
    if type(value) is not int and type(value) is not UInt:
        raise CelError(f"decimal clause can only be used on integers, was given {type_name(value)}")
    return str(int(value))


def _number(clause: str, value: Any) -> float:
    if type(value) is str and value in _SPECIAL:
        return float(value)
    if type(value) is not float:
        raise CelError(f"{clause} clause can only be used on doubles, was given {type_name(value)}")
    return value


def _fixed(value: Any, digits: int) -> str:
    number = _number("fixed-point", value)
    if not math.isfinite(number):
        return _special(number)
    return f"{number or 0.0:,.{digits}f}"


def _special(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "∞" if number > 0 else "-∞"


def _scientific(value: Any) -> str:
    """Whatever precision is asked for, the API server writes six decimals."""
    number = _number("scientific", value)
    if not math.isfinite(number):
        return _special(number).rjust(_PRECISION)
    mantissa, _, exponent = f"{number or 0.0:.{_PRECISION}e}".partition("e")
    power = f"{int(exponent):03d}" if int(exponent) < 0 else f"{int(exponent):02d}"
    return f"{mantissa}\u00d710{power.translate(_SUPERSCRIPT)}"


def _in_base(verb: str, value: Any) -> str:
    if type(value) is bool and verb == "b":
        return "1" if value else "0"
    if type(value) is int or type(value) is UInt:
        return format(int(value), verb)
    if verb in "xX" and type(value) in {str, bytes}:
        text = (value.encode() if type(value) is str else value).hex()
        return str(text.upper() if verb == "X" else text)
    raise CelError(f"%{verb} cannot be used on {type_name(value)}")
