"""From one type to another: `int("3")`, `string(1.5)`, `type(x)`. Texts are read as Go's strconv and time read them."""

import math
import re
from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.library.moments import format_duration, format_timestamp, parse_duration, parse_timestamp
from fairlead.checks.cel.operators import no_overload, size
from fairlead.checks.cel.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    CelType,
    Duration,
    Timestamp,
    UInt,
    type_name,
)

_INT = re.compile(r"[+-]?[0-9]+", re.ASCII)
_UINT = re.compile(r"[0-9]+", re.ASCII)
_DIGITS = r"[0-9](?:_?[0-9])*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+", re.ASCII)
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)
_BOOLS = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)
_MOST_DIGITS = 400  # Python refuses to read thousands of digits; these do not fit 64 bits either way

f_size = m_size = size


def f_type(value: Any) -> CelType:
    return CelType(type_name(value))


def f_dyn(value: Any) -> Any:
    return value


def _refuse(value: Any, to: str) -> CelError:
    return CelError(f"type conversion error from '{type_name(value)}' to '{to}'")


def f_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is not str:
        no_overload("bool", value)
    if value not in _BOOLS:
        raise _refuse(value, "bool")
    return _BOOLS[value]


def f_bytes(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is not str:
        no_overload("bytes", value)
    return value.encode()


def f_int(value: Any) -> int:
    kind = type(value)
    if kind is int:
        return int(value)
    if kind is str:
        return _whole(value, _INT, INT_MIN, INT_MAX, "int")
    if kind is float:
        # The bounds themselves are refused: as floats they are not exact.
        if not -(2.0**63) < value < 2.0**63:
            raise CelError("integer overflow")
        whole: int = math.trunc(value)
        return whole
    if kind is UInt:
        if value > INT_MAX:
            raise CelError("integer overflow")
        return int(value)
    if kind is Timestamp:
        return int(value.nanoseconds // 1_000_000_000)
    if kind is Duration:
        return int(value.nanoseconds)
    return no_overload("int", value)


def f_uint(value: Any) -> UInt:
    kind = type(value)
    if kind is UInt:
        return UInt(value)
    if kind is str:
        return UInt(_whole(value, _UINT, 0, UINT_MAX, "uint"))
    if kind is float:
        if not 0 <= value < 2.0**64:
            raise CelError("unsigned integer overflow")
        return UInt(math.trunc(value))
    if kind is int:
        if value < 0:
            raise CelError("unsigned integer overflow")
        return UInt(value)
    return no_overload("uint", value)


def _whole(text: str, pattern: re.Pattern[str], least: int, most: int, to: str) -> int:
    if not pattern.fullmatch(text) or len(text) > _MOST_DIGITS or not least <= int(text) <= most:
        raise _refuse(text, to)
    return int(text)


def f_double(value: Any) -> float:
    kind = type(value)
    if kind is float:
        return float(value)
    if kind is int or kind is UInt:
        return float(value)
    if kind is not str:
        no_overload("double", value)
    if _SPECIAL.fullmatch(value):
        return float(value)
    if _DECIMAL.fullmatch(value):
        number = float(value)
    elif _HEXADECIMAL.fullmatch(value):
        number = float.fromhex(value)
    else:
        raise _refuse(value, "double")
    if math.isinf(number):
        raise _refuse(value, "double")
    return number


def f_string(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is UInt:
        return str(int(value))
    if kind is float:
        return format_double(value)
    if kind is bytes:
        try:
            return str(value, "utf-8")
        except UnicodeDecodeError as error:
            raise CelError("invalid UTF-8 in bytes, cannot convert to string") from error
    if kind is Duration:
        return format_duration(value)
    if kind is Timestamp:
        return format_timestamp(value)
    text = getattr(value, "cel_string", None)
    if text is None:
        no_overload("string", value)
    return str(text())


def format_double(value: float) -> str:
    """Go's `%g`: the shortest digits that give the number back, with an exponent from 1e-05 down and 1e+06 up."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, power = shortest(value)
    if not digits:
        return f"{sign}0"
    if power < -4 or power >= 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    whole = digits[: power + 1].ljust(power + 1, "0")
    fraction = digits[power + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def shortest(value: float) -> tuple[str, str, int]:
    """Sign, digits without zeros at either end, and the power of ten of the first digit."""
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = whole + fraction
    stripped = digits.lstrip("0")
    power = len(whole) - 1 - (len(digits) - len(stripped)) + int(exponent or "0")
    return sign, stripped.rstrip("0"), power


def f_duration(value: Any) -> Duration:
    if type(value) is Duration:
        return value
    if type(value) is int:
        raise _refuse(value, "google.protobuf.Duration")
    if type(value) is not str:
        no_overload("duration", value)
    return parse_duration(value)


def f_timestamp(value: Any) -> Timestamp:
    if type(value) is Timestamp:
        return value
    if type(value) is int:
        return Timestamp(value * 1_000_000_000)
    if type(value) is not str:
        no_overload("timestamp", value)
    return parse_timestamp(value)
