"""The tree of a parsed expression. Macros stay as they were written."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Node:
    """`position` is the offset in the source; `height` bounds the recursion of those who walk the tree."""

    position: int = field(kw_only=True)
    height: int = field(kw_only=True, default=1)


@dataclass(slots=True, eq=False)
class Literal(Node):
    value: Any


@dataclass(slots=True, eq=False)
class Ident(Node):
    name: str
    absolute: bool = False  # `.name`: not the name of a macro's variable


@dataclass(slots=True, eq=False)
class Select(Node):
    """`operand.field`, or `operand.?field`."""

    operand: Node
    field: str
    optional: bool = False


@dataclass(slots=True, eq=False)
class Has(Node):
    operand: Node
    field: str


@dataclass(slots=True, eq=False)
class Index(Node):
    operand: Node
    index: Node
    optional: bool = False


@dataclass(slots=True, eq=False)
class Call(Node):
    """A function (`target` is None), a method, or an operator such as `_+_`."""

    target: Node | None
    name: str
    args: list[Node]
    only: tuple[Any, ...] = ()  # the type of its first argument, where the checker has settled on one overload


@dataclass(slots=True, eq=False)
class Logic(Node):
    """`&&` (`conjunction`) or `||` of two terms or more."""

    conjunction: bool
    terms: list[Node]


@dataclass(slots=True, eq=False)
class Condition(Node):
    test: Node
    then: Node
    otherwise: Node


@dataclass(slots=True, eq=False)
class ListOf(Node):
    elements: list[tuple[Node, bool]]  # with `?` or without


@dataclass(slots=True, eq=False)
class MapOf(Node):
    entries: list[tuple[Node, Node, bool]]


@dataclass(slots=True, eq=False)
class Macro(Node):
    """`target.name(variables…, args…)` that binds one or two variables in its last arguments."""

    target: Node
    name: str
    variables: tuple[str, ...]
    args: list[Node]
