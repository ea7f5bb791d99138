"""Arithmetic: 64 bits, and an error where they do not suffice."""

from math import copysign, isnan
from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import no_overload
from fairlead.checks.cel.values import INT_MAX, INT_MIN, UINT_MAX, Duration, Timestamp, UInt

_INTEGERS = frozenset({int, UInt})


def _int(value: int) -> int:
    if not INT_MIN <= value <= INT_MAX:
        raise CelError("integer overflow")
    return value


def _uint(value: int) -> UInt:
    if not 0 <= value <= UINT_MAX:
        raise CelError("unsigned integer overflow")
    return UInt(value)


def add(a: Any, b: Any) -> Any:
    kind, other = type(a), type(b)
    if kind is other:
        if kind is int:
            return _int(a + b)
        if kind is str or kind is list or kind is float or kind is bytes:
            return a + b
        if kind is UInt:
            return _uint(int(a) + int(b))
        if kind is Duration:
            return Duration(a.nanoseconds + b.nanoseconds)
    if (kind is Timestamp and other is Duration) or (kind is Duration and other is Timestamp):
        offset = a.offset if kind is Timestamp else b.offset
        return Timestamp(a.nanoseconds + b.nanoseconds, offset)
    return no_overload("_+_", a, b)


def subtract(a: Any, b: Any) -> Any:
    kind, other = type(a), type(b)
    if kind is other:
        if kind is int:
            return _int(a - b)
        if kind is float:
            return a - b
        if kind is UInt:
            return _uint(int(a) - int(b))
        if kind is Duration or kind is Timestamp:
            return Duration(a.nanoseconds - b.nanoseconds)
    if kind is Timestamp and other is Duration:
        return Timestamp(a.nanoseconds - b.nanoseconds, a.offset)
    return no_overload("_-_", a, b)


def multiply(a: Any, b: Any) -> Any:
    kind = type(a)
    if kind is type(b):
        if kind is int:
            return _int(a * b)
        if kind is float:
            return a * b
        if kind is UInt:
            return _uint(int(a) * int(b))
    return no_overload("_*_", a, b)


def divide(a: Any, b: Any) -> Any:
    kind = type(a)
    if kind is not type(b):
        no_overload("_/_", a, b)
    if kind is float:
        return _divide_floats(a, b)
    if kind not in _INTEGERS:
        no_overload("_/_", a, b)
    if b == 0:
        raise CelError("division by zero")
    quotient = abs(int(a)) // abs(int(b))
    if kind is UInt:
        return UInt(quotient)
    return _int(quotient if (a < 0) == (b < 0) else -quotient)


def _divide_floats(a: float, b: float) -> float:
    if b:
        return a / b
    if a == 0 or isnan(a):
        return float("nan")
    return copysign(float("inf"), a) * copysign(1.0, b)


def modulo(a: Any, b: Any) -> Any:
    """The sign is that of the dividend."""
    kind = type(a)
    if kind is not type(b) or kind not in _INTEGERS:
        no_overload("_%_", a, b)
    if b == 0:
        raise CelError("modulus by zero")
    if kind is int and a == INT_MIN and b == -1:
        raise CelError("integer overflow")
    remainder = abs(int(a)) % abs(int(b))
    if kind is UInt:
        return UInt(remainder)
    return -remainder if a < 0 else remainder


def negate(value: Any) -> Any:
    if type(value) is int:
        return _int(-value)
    if type(value) is float:
        return -value
    return no_overload("-_", value)
