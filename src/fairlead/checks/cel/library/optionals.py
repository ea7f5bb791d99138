"""Optional values: `optional.of(x)`, `.hasValue()`, `.first()`."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import no_overload
from fairlead.checks.cel.values import NONE, Duration, MixedMap, Optional, UInt, type_name

_EMPTY = frozenset({int, UInt, float, str, bytes, bool, list, dict, MixedMap, type(None)})


def f_optional_of(value: Any) -> Optional:
    return Optional(value)


def f_optional_none() -> Optional:
    return NONE


def f_optional_ofNonZeroValue(value: Any) -> Optional:
    is_zero = (type(value) in _EMPTY and not value) or (type(value) is Duration and not value.nanoseconds)
    if isinstance(value, MixedMap):
        is_zero = not len(value)
    return NONE if is_zero else Optional(value)


def _optional(name: str, value: Any) -> Optional:
    if type(value) is not Optional:
        no_overload(name, value)
    return value


def m_value(value: Any) -> Any:
    return _optional("value", value).value


def m_hasValue(value: Any) -> bool:
    return _optional("hasValue", value).has_value


def m_first(value: Any) -> Optional:
    if type(value) is not list:
        no_overload("first", value)
    return Optional(value[0]) if value else NONE


def m_last(value: Any) -> Optional:
    if type(value) is not list:
        no_overload("last", value)
    return Optional(value[-1]) if value else NONE


def m_unwrapOpt(value: Any) -> list[Any]:
    if type(value) is not list:
        no_overload("unwrapOpt", value)
    for each in value:
        if type(each) is not Optional:
            raise CelError(f"value of type {type_name(each)} is not optional")
    return [each.value for each in value if each.has_value]


f_optional_unwrap = m_unwrapOpt
