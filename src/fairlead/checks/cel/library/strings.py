"""Methods of strings (the API server's version 2 of cel-go's library), and those that strings share with lists."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import equal, no_overload
from fairlead.checks.cel.values import type_name

# Unicode's white space; Python's own idea of it has four control characters more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def _expect(name: str, value: Any, *args: Any) -> None:
    """The receiver and the arguments that follow it are strings."""
    if type(value) is not str or any(type(arg) is not str for arg in args):
        no_overload(name, value, *args)


def _expect_int(name: str, value: Any, number: Any) -> None:
    if type(number) is not int:
        no_overload(name, value, number)


def m_contains(value: Any, part: Any) -> bool:
    _expect("contains", value, part)
    return part in value


def m_startsWith(value: Any, prefix: Any) -> bool:
    _expect("startsWith", value, prefix)
    return bool(value.startswith(prefix))


def m_endsWith(value: Any, suffix: Any) -> bool:
    _expect("endsWith", value, suffix)
    return bool(value.endswith(suffix))


def m_charAt(value: Any, index: Any) -> str:
    _expect("charAt", value)
    _expect_int("charAt", value, index)
    if not 0 <= index <= len(value):
        raise CelError(f"index out of range: {index}")
    return str(value[index : index + 1])


def m_indexOf(value: Any, part: Any, *offset: Any) -> int:
    if type(value) is list and not offset:
        return next((number for number, each in enumerate(value) if equal(each, part)), -1)
    _expect("indexOf", value, part)
    start = _offset("indexOf", value, offset, 0)
    if not part:
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return int(value.find(part, start))


def m_lastIndexOf(value: Any, part: Any, *offset: Any) -> int:
    if type(value) is list and not offset:
        return next((number for number in range(len(value) - 1, -1, -1) if equal(value[number], part)), -1)
    _expect("lastIndexOf", value, part)
    if not offset and (not part or len(value.encode()) < len(part.encode())):
        return -1 if part else len(value)
    start = _offset("lastIndexOf", value, offset, len(value) - 1)
    if not part:
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return int(value.rfind(part, 0, start + len(part))) if start < len(value) else -1


def _offset(name: str, value: str, offset: tuple[Any, ...], otherwise: int) -> int:
    if not offset:
        return otherwise
    _expect_int(name, value, offset[0])
    return int(offset[0])


def m_lowerAscii(value: Any) -> str:
    _expect("lowerAscii", value)
    return str(value.translate(_LOWER))


def m_upperAscii(value: Any) -> str:
    _expect("upperAscii", value)
    return str(value.translate(_UPPER))


def m_trim(value: Any) -> str:
    _expect("trim", value)
    return str(value.strip(_SPACE))


def m_replace(value: Any, old: Any, new: Any, *count: Any) -> str:
    _expect("replace", value, old, new)
    if count:
        _expect_int("replace", value, count[0])
    return str(value.replace(old, new, max(count[0], -1) if count else -1))


def m_split(value: Any, separator: Any, *count: Any) -> list[str]:
    _expect("split", value, separator)
    limit = -1
    if count:
        _expect_int("split", value, count[0])
        limit = count[0]
    if limit == 0:
        return []
    if separator:
        return list(value.split(separator, limit - 1 if limit > 0 else -1))
    if limit < 0 or limit >= len(value):
        return list(value)
    return [*value[: limit - 1], value[limit - 1 :]]


def m_substring(value: Any, start: Any, *end: Any) -> str:
    _expect("substring", value)
    for number in (start, *end):
        _expect_int("substring", value, number)
    stop = end[0] if end else len(value)
    if end and start > stop:
        raise CelError(f"invalid substring range. start: {start}, end: {stop}")
    for number in (start, stop):
        if not 0 <= number <= len(value):
            raise CelError(f"index out of range: {number}")
    return str(value[start:stop])


def m_join(value: Any, *separator: Any) -> str:
    if type(value) is not list:
        no_overload("join", value)
    _expect("join", "", *separator)
    for each in value:
        if type(each) is not str:
            raise CelError(f"join: invalid input of type {type_name(each)}")
    return (separator[0] if separator else "").join(value)


_ESCAPES = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
    }
)


def f_strings_quote(value: Any) -> str:
    _expect("strings.quote", value)
    return f'"{value.translate(_ESCAPES)}"'
