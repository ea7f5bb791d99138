"""Lists and sets."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from fairlead.checks.cel.arithmetic import add
from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import compare, contains, equal, no_overload
from fairlead.checks.cel.values import Duration, Timestamp, UInt, type_name

_COMPARABLE = frozenset({int, UInt, float, bool, Duration, Timestamp, str, bytes})
_ZERO: dict[type, Any] = {int: 0, UInt: UInt(0), float: 0.0, Duration: Duration(0)}
_MOST = 10_000_000  # elements `lists.range` makes; the API server's cost budget ends far below


def _expect(name: str, value: Any) -> None:
    if type(value) is not list:
        no_overload(name, value)


def _expect_comparable(name: str, value: Any) -> None:
    """The overload is chosen by the first element."""
    _expect(name, value)
    if value and type(value[0]) not in _COMPARABLE:
        no_overload(name, value)


def m_slice(value: Any, start: Any, end: Any) -> list[Any]:
    _expect("slice", value)
    if type(start) is not int or type(end) is not int:
        no_overload("slice", value, start, end)
    if start < 0 or end < 0:
        raise CelError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise CelError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if len(value) < end:
        raise CelError(f"cannot slice({start}, {end}), list is length {len(value)}")
    return list(value[start:end])


def m_flatten(value: Any, *depth: Any) -> list[Any]:
    _expect("flatten", value)
    levels = depth[0] if depth else 1
    if type(levels) is not int:
        no_overload("flatten", value, *depth)
    if levels < 0:
        raise CelError("level must be non-negative")
    while levels and any(type(each) is list for each in value):
        value = [part for each in value for part in (each if type(each) is list else [each])]
        levels -= 1
    return list(value)


def m_reverse(value: Any) -> list[Any]:
    _expect("reverse", value)
    return list(reversed(value))


def m_distinct(value: Any) -> list[Any]:
    _expect("distinct", value)
    if all(type(each) is str for each in value):
        return list(dict.fromkeys(value))
    unique: list[Any] = []
    for each in value:
        if not any(equal(each, other) for other in unique):
            unique.append(each)
    return unique


def f_lists_range(count: Any) -> list[int]:
    if type(count) is not int:
        no_overload("lists.range", count)
    if count > _MOST:
        raise CelError(f"lists.range({count}) is too long")
    return list(range(count))


def m_isSorted(value: Any) -> bool:
    _expect_comparable("isSorted", value)
    return all(_order(a, b) <= 0 for a, b in pairwise(value))


def _order(a: Any, b: Any) -> int:
    """As `compare`; what cannot be compared is taken as it is, as the API server does in lists of unknown types."""
    if type(b) not in _COMPARABLE:
        no_overload("compare", a, b)
    try:
        return compare(a, b)
    except CelError:
        return 0


def m_min(value: Any) -> Any:
    return _extreme("min", value, 1)


def m_max(value: Any) -> Any:
    return _extreme("max", value, -1)


def _extreme(name: str, value: Any, replaced_at: int) -> Any:
    _expect_comparable(name, value)
    if not value:
        raise CelError(f"{name} called on empty list")
    result = value[0]
    for each in value[1:]:
        if _order(result, each) == replaced_at:
            result = each
    return result


def m_sum(value: Any) -> Any:
    _expect("sum", value)
    if not value:
        return 0
    if type(value[0]) not in _ZERO:
        no_overload("sum", value)
    total = _ZERO[type(value[0])]
    for each in value:
        total = add(total, each)
    return total


def m_sort(value: Any) -> list[Any]:
    return sorted_by(value, value)


def sorted_by(value: Any, keys: list[Any]) -> list[Any]:
    """The elements in the order of their keys, which are all of one type."""
    _expect_comparable("sort", keys)
    _expect("sort", value)
    if len(keys) < 2:
        return list(value)
    kinds = {type(key) for key in keys}
    if len(kinds) > 1:
        raise CelError(f"list elements must have the same type, found {', '.join(map(type_name, keys[:5]))}")
    if kinds <= {int, str, bytes, bool, UInt}:
        order: list[int] = sorted(range(len(keys)), key=lambda number: keys[number])
    else:
        by_key = cmp_to_key(_order)
        order = sorted(range(len(keys)), key=lambda number: by_key(keys[number]))
    return [value[number] for number in order]


def _expect_both(name: str, a: Any, b: Any) -> None:
    if type(a) is not list or type(b) is not list:
        no_overload(name, a, b)


def f_sets_contains(a: Any, b: Any) -> bool:
    """Whether every element of `b` is in `a`."""
    _expect_both("sets.contains", a, b)
    return all(contains(each, a) for each in b)


def f_sets_equivalent(a: Any, b: Any) -> bool:
    return f_sets_contains(a, b) and f_sets_contains(b, a)


def f_sets_intersects(a: Any, b: Any) -> bool:
    _expect_both("sets.intersects", a, b)
    return any(contains(each, a) for each in b)
