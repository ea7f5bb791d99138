"""Checks of literals: lists of one type, and texts that must be a duration, a timestamp, a pattern or a format."""

from collections.abc import Callable, Iterator

from fairlead.checks.cel.errors import CelError, at
from fairlead.checks.cel.nodes import (
    Call,
    Condition,
    Has,
    Index,
    ListOf,
    Literal,
    Logic,
    Macro,
    MapOf,
    Node,
    Select,
)
from fairlead.checks.cel.types import Type, described

TypeOf = Callable[[Node], Type]


def check_literals(root: Node, source: str, type_of: TypeOf) -> None:
    """CelSyntaxError for the first one that is wrong."""
    # Only the arguments of `format` may be of different types, at any depth.
    pending = [(root, False)]
    while pending:
        node, in_format = pending.pop()
        if not in_format:
            _check_uniform(node, source, type_of)
        if isinstance(node, Call):
            _check_call(node, source)
            if node.name == "format" and isinstance(node.target, Literal):
                _check_format(node, node.target, source, type_of)
            in_format = in_format or node.name == "format"
        pending += [(part, in_format) for part in parts_of(node)]


def parts_of(node: Node) -> Iterator[Node]:
    match node:
        case Select() | Has():
            yield node.operand
        case Index():
            yield from (node.operand, node.index)
        case Call():
            yield from node.args if node.target is None else (node.target, *node.args)
        case Logic():
            yield from node.terms
        case Condition():
            yield from (node.test, node.then, node.otherwise)
        case ListOf():
            yield from (element for element, _ in node.elements)
        case MapOf():
            yield from (part for key, value, _ in node.entries for part in (key, value))
        case Macro():
            yield from (node.target, *node.args)


def _check_uniform(node: Node, source: str, type_of: TypeOf) -> None:
    if isinstance(node, ListOf):
        _same(((element, _bare(element, type_of, source, optional)) for element, optional in node.elements), source)
    elif isinstance(node, MapOf):
        _same(((key, type_of(key)) for key, _, _ in node.entries), source)
        _same(((value, _bare(value, type_of, source, optional)) for _, value, optional in node.entries), source)


def _bare(node: Node, type_of: TypeOf, source: str, optional: bool) -> Type:
    kind = type_of(node)
    if not optional:
        return kind
    if kind[0] != "optional_type":
        # The API server fails here where the type is not known to be optional.
        hint = "select with `.?` or `[?…]`, or wrap the value in `optional.of(…)`"
        raise at(source, node.position, "an optional value is expected after `?`", hint)
    return kind[1]  # type: ignore[no-any-return]


def _same(entries: Iterator[tuple[Node, Type]], source: str) -> None:
    first: Type | None = None
    for node, kind in entries:
        if first is None:
            first = kind
        elif kind != first:
            message = f"`{described(first)}` is expected as before, found `{described(kind)}`"
            raise at(source, node.position, message, "wrap each in `dyn(…)` where different types are meant")


def _check_call(node: Call, source: str) -> None:
    if node.name in _CONVERSIONS and node.target is None:
        _check_conversion(node, source)
    elif node.name == "matches" or (node.name in {"find", "findAll"} and node.target is not None):
        for argument in node.args:
            _check_pattern(argument, source)


_FORMATTED = {
    "s": {
        "string", "bool", "bytes", "int", "uint", "double", "map", "list", "type", "null_type", "dyn",
        "google.protobuf.Duration", "google.protobuf.Timestamp",
    },
    "d": {"int", "uint", "dyn"},
    "f": {"double", "string", "dyn"},
    "e": {"double", "string", "dyn"},
    "b": {"int", "uint", "bool", "dyn"},
    "o": {"int", "uint", "dyn"},
    "x": {"int", "uint", "string", "bytes", "dyn"},
    "X": {"int", "uint", "string", "bytes", "dyn"},
}  # fmt: skip


def _check_format(node: Call, template: Literal, source: str, type_of: TypeOf) -> None:
    """Where the template and the list are literals, their clauses and elements fit each other."""
    from fairlead.checks.cel.library.formatting import CLAUSE

    if type(template.value) is not str or len(node.args) != 1 or not isinstance(node.args[0], ListOf):
        return
    elements = [element for element, _ in node.args[0].elements]
    clauses = [
        (verb, precision) for precision, verb in CLAUSE.findall(template.value) if (precision, verb) != ("", "%")
    ]
    for verb, _ in clauses:
        if verb not in _FORMATTED:
            raise at(source, template.position, f"`%{verb}` is no clause of a format", "write `%%` for a percent sign")
    if len(clauses) != len(elements):
        raise at(source, node.position, f"the format has {len(clauses)} clauses, the list {len(elements)} elements")
    for (verb, _), element in zip(clauses, elements, strict=True):
        kind = type_of(element)
        if kind[0] not in _FORMATTED[verb]:
            raise at(source, element.position, f"`%{verb}` cannot format `{described(kind)}`")


_CONVERSIONS = frozenset({"bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"})


def _check_conversion(node: Call, source: str) -> None:
    """A literal that cannot be converted: the API server finds it before the first evaluation."""
    from fairlead.checks.cel.library import conversions

    (argument,) = node.args
    if not isinstance(argument, Literal):
        return
    try:
        getattr(conversions, f"f_{node.name}")(argument.value)
    except CelError:
        raise at(source, argument.position, f"`{argument.value}` is no {node.name}") from None


def _check_pattern(argument: Node, source: str) -> None:
    from fairlead.checks.cel.library.regex import BadPatternError, check_pattern

    if not isinstance(argument, Literal) or type(argument.value) is not str:
        return
    try:
        check_pattern(argument.value)
    except BadPatternError as error:
        raise at(source, argument.position, f"`{argument.value}` is no regular expression: {error}") from None
