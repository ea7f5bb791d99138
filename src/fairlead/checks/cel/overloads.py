"""The signatures as data: parsed once, looked up by name."""

import re
from functools import cache
from typing import NamedTuple

from fairlead.checks.cel.signatures import (
    COMPARABLE,
    FORMATS,
    FUNCTIONS,
    OPERATORS,
    ORDERED,
    ORDERS,
    SUMMABLE,
)
from fairlead.checks.cel.types import Type

_NAMED = {
    "IP": "net.IP",
    "CIDR": "net.CIDR",
    "Quantity": "kubernetes.Quantity",
    "Semver": "kubernetes.Semver",
    "URL": "kubernetes.URL",
    "Format": "kubernetes.NamedFormat",
    "optional": "optional_type",
    "duration": "google.protobuf.Duration",
    "timestamp": "google.protobuf.Timestamp",
    "null": "null_type",
}
_WORD = re.compile(r"\w+|[<>,]")


class Overload(NamedTuple):
    """`args` begin with the receiver of a method."""

    args: tuple[Type, ...]
    result: Type
    has_parameters: bool


def overloads_of(name: str, *, is_method: bool) -> tuple[Overload, ...]:
    return _table().get((is_method, name), ())


def names() -> set[tuple[bool, str]]:
    """Each function (False) and method (True) there is."""
    return set(_table())


@cache
def result_kind(name: str, is_method: bool) -> str:
    """The type of the result where all overloads agree on one without parts, else an empty text."""
    results = {overload.result for overload in overloads_of(name, is_method=is_method)}
    if len(results) != 1:
        return ""
    (result,) = results
    return str(result[0]) if len(result) == 1 and result[0] not in {"$", "dyn"} else ""


@cache
def _table() -> dict[tuple[bool, str], tuple[Overload, ...]]:
    lines = [line for line in (OPERATORS + FUNCTIONS).splitlines() if line]
    lines += [f"{name}{pair} bool" for name in ORDERED for pair in re.findall(r"\([^)]*\)", ORDERS)]
    lines += [f"list<{kind}>.{name}() {kind}" for name in ("min", "max") for kind in COMPARABLE]
    lines += [f"list<{kind}>.isSorted() bool" for kind in COMPARABLE]
    lines += [f"list<{kind}>.sort() list<{kind}>" for kind in COMPARABLE]
    lines += [f"list<{kind}>.sum() {kind}" for kind in SUMMABLE]
    lines += [f"format.{name}() Format" for name in FORMATS]
    table: dict[tuple[bool, str], list[Overload]] = {}
    for line in lines:
        is_method, name, overload = _parse(line)
        table.setdefault((is_method, name), []).append(overload)
    return {key: tuple(overloads) for key, overloads in table.items()}


_NAMESPACE = re.compile(r"(?:optional|strings|lists|sets|ip|format)\.\w+\(")


def _parse(line: str) -> tuple[bool, str, Overload]:
    if _NAMESPACE.match(line):
        receiver, rest = "", line
    else:
        head = line.partition("(")[0]
        receiver, dot, name = head.rpartition(".")
        rest = line[len(receiver) + len(dot) :]
    name, _, rest = rest.partition("(")
    arguments, _, result = rest.rpartition(") ")
    args = _types(arguments)
    if receiver:
        args = (*_types(receiver), *args)
    (returned,) = _types(result)
    return bool(receiver), name, Overload(args, returned, bool(re.search(r"\b[A-Z]\b", line)))


@cache
def _types(text: str) -> tuple[Type, ...]:
    words = _WORD.findall(text)
    position = 0

    def one() -> Type:
        nonlocal position
        word = words[position]
        position += 1
        if len(word) == 1 and word.isupper():
            return ("$", word)
        name = _NAMED.get(word, word)
        if position == len(words) or words[position] != "<":
            return (name,)
        position += 1
        parts = [one()]
        while words[position] == ",":
            position += 1
            parts.append(one())
        position += 1
        return (name, *parts)

    found: list[Type] = []
    while position < len(words):
        found.append(one())
        position += position < len(words) and words[position] == ","
    return tuple(found)
