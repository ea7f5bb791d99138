"""Operators on values whose types are known only when they are there. CelError where CEL has no such operation."""

from collections.abc import Iterable
from math import isnan
from typing import Any, NoReturn

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.values import (
    NONE,
    Duration,
    MixedMap,
    Optional,
    Timestamp,
    UInt,
    type_name,
)

_NUMBERS = frozenset({int, UInt, float})
_INTEGERS = frozenset({int, UInt})


def no_overload(operation: str, *values: Any) -> NoReturn:
    raise CelError(f"no such overload: {operation}({', '.join(map(type_name, values))})")


def not_bool(value: Any) -> CelError:
    return CelError(f"no such overload: a bool is expected, found {type_name(value)}")


def raise_not_bool(value: Any) -> NoReturn:
    raise not_bool(value)


def negated(value: Any) -> bool:
    if type(value) is not bool:
        no_overload("!", value)
    return not value


# Equality


def equal(a: Any, b: Any) -> bool:
    """Values of different types are not equal; numbers are compared as numbers."""
    kind, other = type(a), type(b)
    if kind is str or other is str:
        return bool(a == b)
    if kind in _NUMBERS and other in _NUMBERS:
        return bool(float(a) == float(b)) if float in {kind, other} else bool(a == b)
    if kind is not other:
        return False
    if kind is list:
        return len(a) == len(b) and all(map(equal, a, b))
    if kind is dict or kind is MixedMap:
        return len(a) == len(b) and all(_same_entry(b, key, value) for key, value in a.items())
    return bool(a == b)


def equals(a: Any, b: Any) -> bool:
    """The operator `==`. Values of the Kubernetes libraries, on its left, refuse to be compared with others."""
    if type(a) is not type(b) and hasattr(type(a), "cel_type"):
        no_overload("_==_", a, b)
    return equal(a, b)


def _same_entry(other: Any, key: Any, value: Any) -> bool:
    found = find(other, key)
    return found is not NONE and equal(value, found.value)


# Order


def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1."""
    kind, other = type(a), type(b)
    if kind in _NUMBERS and other in _NUMBERS:
        return _compare_numbers(a, b)
    if kind is not other:
        no_overload("compare", a, b)
    if kind is Duration or kind is Timestamp:
        a, b = a.nanoseconds, b.nanoseconds
    elif kind is not str and kind is not bool and kind is not bytes:
        no_overload("compare", a, b)
    return int(a > b) - int(a < b)


def _compare_numbers(a: Any, b: Any) -> int:
    if type(a) is float or type(b) is float:
        a, b = float(a), float(b)
        if isnan(a) or isnan(b):
            raise CelError("NaN values cannot be ordered")
    return int(a > b) - int(a < b)


def less(a: Any, b: Any) -> bool:
    return compare(a, b) < 0


def less_equal(a: Any, b: Any) -> bool:
    return compare(a, b) <= 0


def greater(a: Any, b: Any) -> bool:
    return compare(a, b) > 0


def greater_equal(a: Any, b: Any) -> bool:
    return compare(a, b) >= 0


# Parts of values


def find(container: Any, key: Any) -> Optional:
    """The entry of a map or list, or NONE. Keys of a map that are numbers are compared as numbers."""
    kind, of_key = type(container), type(key)
    if kind is list:
        return _find_element(container, key)
    if kind is dict:
        if of_key is str:
            return Optional(container[key]) if key in container else NONE
        number = _number_key(key)
        return Optional(container[number]) if number is not None and number in container else NONE
    if kind is MixedMap:
        found = next((each for each in _same_keys(key) if each in container), None)
        return NONE if found is None else Optional(container[found])
    if kind is Optional:
        return find(container.value, key) if container.has_value else NONE
    no_overload("_[_]", container, key)


def _find_element(elements: list[Any], key: Any) -> Optional:
    index = _number_key(key)
    if index is None:
        raise CelError(f"unsupported index type '{type_name(key)}' in list")
    return Optional(elements[index]) if 0 <= index < len(elements) else NONE


def _number_key(key: Any) -> int | None:
    """Whole numbers are one key whatever their type."""
    kind = type(key)
    if kind is int or kind is UInt:
        return int(key)
    if kind is float and key.is_integer():
        return int(key)
    return None


def _same_keys(key: Any) -> tuple[Any, ...]:
    """The key itself, then the numbers of the other types that equal it."""
    number = _number_key(key)
    return (key,) if number is None else (key, number, UInt(number))


def index(container: Any, key: Any) -> Any:
    kind = type(container)
    if kind is dict and type(key) is str:
        return container[key]
    if kind is Optional:
        return optional_index(container, key)
    found = find(container, key)
    if found is NONE:
        raise CelError(f"index out of bounds: {key}" if kind is list else f"no such key: {key}")
    return found.value


def optional_index(container: Any, key: Any) -> Optional:
    if type(key) not in _INDEXES:
        raise CelError(f"invalid qualifier type: {type_name(key)}")
    inside = container.value if type(container) is Optional and container.has_value else container
    return NONE if type(inside) in _UNINDEXED else find(inside, key)


_INDEXES = frozenset({str, int, UInt, float, bool})
_UNINDEXED = frozenset({str, int, UInt, float, bool, bytes, type(None)})


def has(container: Any, field: str) -> bool:
    kind = type(container)
    if kind is dict or kind is MixedMap:
        return field in container
    if kind is Optional:
        return container.has_value and has(container.value, field)
    if kind is list:
        raise CelError("unsupported index type 'string' in list")
    # A presence test on a scalar is false, as in the API server.
    return False


def optional_select(container: Any, field: str) -> Optional:
    kind = type(container)
    if kind is dict:
        return Optional(container[field]) if field in container else NONE
    if kind is MixedMap or kind is Optional:
        return optional_index(container, field)
    if kind is list:
        raise CelError("unsupported index type 'string' in list")
    return NONE


ABSENT = object()


def optional_path(container: Any, *fields: str) -> Any:
    """`container.?a.?b` without the wrapping: the value, or ABSENT."""
    for field in fields:
        if type(container) is dict:
            if field not in container:
                return ABSENT
            container = container[field]
            continue
        found = optional_select(container, field)
        if not found.has_value:
            return ABSENT
        container = found.value
    return container


def value_or_absent(value: Any) -> Any:
    """For `orValue`. What is not optional stands for itself, as in the API server."""
    if type(value) is not Optional:
        return value
    return value.value if value.has_value else ABSENT


def optional_or_absent(value: Any) -> Any:
    """For `or`."""
    return ABSENT if type(value) is Optional and not value.has_value else value


def contains(element: Any, container: Any) -> bool:
    """`element in container`."""
    kind = type(container)
    if kind is list:
        if type(element) is str:
            return element in container
        return any(equal(element, each) for each in container)
    if kind is dict and type(element) is str:
        return element in container
    if kind is dict or kind is MixedMap:
        return find(container, element) is not NONE
    no_overload("@in", element, container)


def items(container: Any) -> Iterable[Any]:
    """What a macro with one variable goes over: the elements of a list, the keys of a map."""
    if type(container) is list or type(container) is dict or type(container) is MixedMap:
        return container
    no_overload("comprehension", container)


def pairs(container: Any) -> Iterable[tuple[Any, Any]]:
    """What a macro with two variables goes over: index and element, or key and value."""
    if type(container) is list:
        return enumerate(container)
    if type(container) is dict or type(container) is MixedMap:
        return container.items()
    no_overload("comprehension", container)


def size(value: Any) -> int:
    if type(value) not in SIZED:
        no_overload("size", value)
    return len(value)


SIZED = frozenset({list, str, dict, bytes, MixedMap})


# Literals

_PLAIN_KEYS = frozenset({str, int, UInt})


def new_map(*entries: tuple[Any, Any, bool]) -> Any:
    """`(key, value, optional)`; an optional entry without a value is left out."""
    keys: list[tuple[Any, Any]] = []
    for key, value, is_optional in entries:
        if not is_optional:
            keys.append((key, value))
            continue
        if type(value) is not Optional:
            raise CelError(f"cannot initialize optional entry '{key}' from non-optional value")
        if value.has_value:
            keys.append((key, value.value))
    return map_of(keys)


def map_of(entries: list[tuple[Any, Any]]) -> Any:
    """The last of equal keys wins, and keys may be of any type: the API server does not mind either in a literal."""
    kinds = {type(key) for key, _ in entries}
    result: Any = {} if len(kinds) <= 1 and kinds <= _PLAIN_KEYS else MixedMap()
    for key, value in entries:
        result[key] = value
    return result


def insert(target: Any, key: Any, value: Any) -> None:
    if key in target:
        raise CelError(f"insert failed: key {key} already exists")
    target[key] = value


def new_list(*elements: tuple[Any, bool]) -> list[Any]:
    result: list[Any] = []
    for element, is_optional in elements:
        if not is_optional:
            result.append(element)
            continue
        if type(element) is not Optional:
            raise CelError("cannot initialize optional list element from non-optional value")
        if element.has_value:
            result.append(element.value)
    return result
