"""`isGreaterThan`, `isLessThan` and `compareTo`, which quantities and semantic versions share."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

from typing import Any

from fairlead.checks.cel.operators import no_overload


def m_compareTo(a: Any, b: Any) -> int:
    order = getattr(a, "cel_order", None)
    if order is None or type(a) is not type(b):
        no_overload("compareTo", a, b)
    return int(order(b))


def m_isGreaterThan(a: Any, b: Any) -> bool:
    return m_compareTo(a, b) > 0


def m_isLessThan(a: Any, b: Any) -> bool:
    return m_compareTo(a, b) < 0
