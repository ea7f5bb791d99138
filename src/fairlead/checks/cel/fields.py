"""Which fields an expression reads: where they are the same, or absent, its value is the same."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from fairlead.checks.cel.nodes import Has, Ident, Index, Literal, Node, Select
from fairlead.checks.cel.program import PRESENCE, Reads

_DEEPEST = 3


def fields_read(root: Node, names: tuple[str, ...]) -> Reads:
    """
    The paths through which it reads its variables, no more than two fields deep: `("container", "resources")`.

    A path ends with `PRESENCE` where only that matters whether the field is there. A variable of a macro that has the
    name of one of `names` counts as that one: rather one path too many.
    """
    return tuple(sorted({_cut(path) for path in _paths(root) if path[0] in names}))


def _cut(path: tuple[str, ...]) -> tuple[str, ...]:
    is_short = len(path) <= _DEEPEST or (len(path) == _DEEPEST + 1 and path[-1] == PRESENCE)
    return path if is_short else path[:_DEEPEST]


def _paths(node: Node) -> Iterator[tuple[str, ...]]:
    chain = _chain(node)
    if chain:
        yield (*chain, PRESENCE) if isinstance(node, Has) else chain
        return
    for each in fields(node):
        yield from _below(getattr(node, each.name))


def _below(part: Any) -> Iterator[tuple[str, ...]]:
    """Nodes stand in fields, in lists, and in lists of tuples."""
    if isinstance(part, Node):
        yield from _paths(part)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _below(each)


def _chain(node: Node) -> tuple[str, ...]:
    """`a.b.?c["d"]` as its names; empty for whatever else."""
    match node:
        case Ident():
            return (node.name,)
        case Select() | Has():
            before = _chain(node.operand)
            return (*before, node.field) if before else ()
        case Index(index=Literal(value=str(key))):
            before = _chain(node.operand)
            return (*before, key) if before else ()
    return ()
