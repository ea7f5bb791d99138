"""
A tree to the source of one Python function.

Errors are Python exceptions: a plain `value["key"]` raises KeyError or TypeError exactly where CEL has an error, so the
common paths need no test. Only what may absorb an error (`&&`, `||`, `all`, `exists`) gets a `try`.
"""

import math
from typing import Any

from fairlead.checks.cel.calls import call
from fairlead.checks.cel.errors import at
from fairlead.checks.cel.macros import macro
from fairlead.checks.cel.nodes import (
    Call,
    Condition,
    Has,
    Ident,
    Index,
    ListOf,
    Literal,
    Logic,
    Macro,
    MapOf,
    Node,
    Select,
)
from fairlead.checks.cel.pieces import Block, Piece, Writer
from fairlead.checks.cel.signatures import TYPE_CONSTANTS
from fairlead.checks.cel.values import INT_MIN, UInt, type_name

_SCALARS = frozenset({"bool", "int", "uint", "double", "null_type", "bytes", "type", "string"})


def generate(root: Node, names: tuple[str, ...]) -> str:
    """The source of `cel(variables)`."""
    generator = Generator(names)
    piece = generator.emit(root)
    loads = [f"  {generator.scope[name]} = variables[{name!r}]" for name in names if name in generator.used]
    start = [" try:", *loads, " except KeyError as error:", "  raise missing(error) from None"] if loads else []
    # Helpers take what they need as arguments: a closure would slow down the whole function.
    helpers = [f" {line}" for line in generator.writer.helpers]
    body = [f"  {line}" for line in generator.writer.lines]
    return "\n".join(
        [
            "def cel(variables):",
            *helpers,
            *start,
            " try:",
            *body,
            f"  return {piece.text}",
            " except RAW as error:",
            "  raise translated(error) from None",
        ]
    )


class Generator:
    """Emits nodes. `scope` has the Python name of each CEL variable, `used` the names that were asked for."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.writer = Writer()
        self.globals = {name: f"v{number}" for number, name in enumerate(names)}
        self.scope = dict(self.globals)
        self.used: set[str] = set()

    def emit(self, node: Node) -> Piece:
        match node:
            case Literal():
                return literal(node.value)
            case Ident():
                return self._ident(node)
            case Select():
                return self._select(node)
            case Has():
                return self._has(node)
            case Index():
                return self._index(node)
            case Call():
                return self.writer.flat(call(self, node))
            case ListOf():
                return self.writer.flat(self._list(node))
            case MapOf():
                return self.writer.flat(self._map(node))
            case Logic() | Condition() | Macro():
                return self._statement(node)
        raise AssertionError(node)

    def block(self, node: Node) -> Block:
        """The node on its own, for a branch or a loop."""
        with self.writer.apart() as lines:
            piece = self.emit(node)
        return Block(lines, piece)

    def parameters(self) -> list[str]:
        """The Python names a part of the function may need."""
        for name in self.globals:
            if self.scope.get(name) == self.globals[name]:
                self.used.add(name)
        return sorted(set(self.scope.values()))

    def _statement(self, node: Logic | Condition | Macro) -> Piece:
        with self.writer.apart() as lines:
            match node:
                case Logic():
                    piece = self._logic(node)
                case Condition():
                    piece = self._condition(node)
                case Macro():
                    piece = macro(self, node)
        block = Block(lines, piece)
        return self.writer.keep(block, self.parameters() if block.blocks else [])

    def _ident(self, node: Ident) -> Piece:
        if node.name in self.scope:
            name = self.scope[node.name]
            if self.globals.get(node.name) == name:
                self.used.add(node.name)
            return Piece(name, fallible=False, atom=True)
        return Piece(f"CelType({node.name!r})", "type", fallible=False)

    def _select(self, node: Select) -> Piece:
        constant = type_constant(node, self.scope)
        if constant:
            return Piece(f"CelType({constant!r})", "type", fallible=False)
        if node.optional:
            operand = self.emit(node.operand)
            return Piece(f"optional_select({operand.text}, {node.field!r})", "optional_type", depth=operand.depth + 1)
        return self._subscript(self.emit(node.operand), repr(node.field))

    def _subscript(self, operand: Piece, key: str) -> Piece:
        if operand.kind in _SCALARS:
            return Piece(f"index({operand.text}, {key})", depth=operand.depth + 1)
        return Piece(f"{operand.text}[{key}]", depth=operand.depth)

    def _has(self, node: Has) -> Piece:
        operand = self.emit(node.operand)
        name, first = self._named(operand)
        text = f"({node.field!r} in {name} if type({first}) is dict else has({name}, {node.field!r}))"
        return self.writer.flat(Piece(text, "bool", depth=operand.depth + 1))

    def _named(self, piece: Piece) -> tuple[str, str]:
        """A name to use later, and the text that gives it that name the first time."""
        if piece.atom:
            return piece.text, piece.text
        name = self.writer.name()
        return name, f"{name} := {piece.text}"

    def _index(self, node: Index) -> Piece:
        operand, key = self.emit(node.operand), self.emit(node.index)
        depth = max(operand.depth, key.depth) + 1
        if node.optional:
            return self.writer.flat(Piece(f"optional_index({operand.text}, {key.text})", "optional_type", depth=depth))
        if key.kind == "string" and key.atom:
            return self._subscript(operand, key.text)
        if isinstance(node.index, Literal) and key.kind == "int" and node.index.value >= 0:
            name, first = self._named(operand)
            text = f"({name}[{key.text}] if type({first}) is list else index({name}, {key.text}))"
            return self.writer.flat(Piece(text, depth=depth))
        return self.writer.flat(Piece(f"index({operand.text}, {key.text})", depth=depth))

    def _list(self, node: ListOf) -> Piece:
        pieces = [self.emit(each) for each, _ in node.elements]
        fallible = any(piece.fallible for piece in pieces)
        depth = max((piece.depth for piece in pieces), default=0) + 2
        if not any(optional for _, optional in node.elements):
            return Piece(f"[{', '.join(piece.text for piece in pieces)}]", "list", fallible, depth)
        marked = (f"({piece.text}, {optional})" for piece, (_, optional) in zip(pieces, node.elements, strict=True))
        return Piece(f"new_list({', '.join(marked)})", "list", fallible=True, depth=depth)

    def _map(self, node: MapOf) -> Piece:
        entries = [(self.emit(key), self.emit(value), optional) for key, value, optional in node.entries]
        depth = max((max(key.depth, value.depth) for key, value, _ in entries), default=0) + 2
        literals = {each.value for each, _, _ in node.entries if isinstance(each, Literal) and type(each.value) is str}
        if len(literals) == len(entries) and not any(optional for *_, optional in entries):
            text = ", ".join(f"{key.text}: {value.text}" for key, value, _ in entries)
            return Piece(f"{{{text}}}", "map", any(value.fallible for _, value, _ in entries), depth)
        text = ", ".join(f"({key.text}, {value.text}, {optional})" for key, value, optional in entries)
        return Piece(f"new_map({text})", "map", fallible=True, depth=depth)

    def _condition(self, node: Condition) -> Piece:
        test = self.emit(node.test)
        then, otherwise = self.block(node.then), self.block(node.otherwise)
        kind = then.piece.kind if then.piece.kind == otherwise.piece.kind else ""
        fallible = test.kind != "bool" or test.fallible or then.piece.fallible or otherwise.piece.fallible
        if not then.lines and not otherwise.lines and test.kind == "bool":
            depth = max(test.depth, then.piece.depth, otherwise.piece.depth) + 1
            text = f"({then.piece.text} if {test.text} else {otherwise.piece.text})"
            return Piece(text, kind, fallible, depth)
        result = self.writer.name()
        test = self.writer.stored(test)
        self.writer.write(f"if {test.text} is True:")
        self.writer.nest([*then.lines, f"{result} = {then.piece.text}"])
        self.writer.write(f"elif {test.text} is False:")
        self.writer.nest([*otherwise.lines, f"{result} = {otherwise.piece.text}"])
        self.writer.write("else:", f" raise not_bool({test.text})")
        return Piece(result, kind, fallible, atom=True)

    def _logic(self, node: Logic) -> Piece:
        blocks = [self.block(term) for term in node.terms]
        if not any(block.lines or block.piece.fallible or block.piece.kind != "bool" for block in blocks):
            joined = " and " if node.conjunction else " or "
            depth = max(block.piece.depth for block in blocks) + 1
            return Piece(f"({joined.join(block.piece.text for block in blocks)})", "bool", fallible=False, depth=depth)
        return self._logic_in_steps(blocks, decided="False" if node.conjunction else "True")

    def _logic_in_steps(self, blocks: list[Block], decided: str) -> Piece:
        """One term after the other; an error waits in the result until a later term decides, or is raised."""
        undecided = "True" if decided == "False" else "False"
        result, term = self.writer.name(), self.writer.name()
        may_hold_error = False
        for number, block in enumerate(blocks):
            last = number == len(blocks) - 1
            if number == 0:
                self.writer.write(*self.settled(result, block, catch=True))
            elif may_hold_error:
                self.writer.write(f"if {result} is not {decided}:")
                # An error of the last term can be raised at once: nothing is left that could decide.
                self.writer.nest(self.settled(term, block, catch=not last))
                self.writer.nest([f"if {result} is {undecided} or {term} is {decided}:", f" {result} = {term}"])
            else:
                self.writer.write(f"if {result} is {undecided}:")
                self.writer.nest(self.settled(result, block, catch=not last))
            may_hold_error = may_hold_error or block.piece.fallible or block.piece.kind != "bool"
        self.writer.write(f"if {result} is not True and {result} is not False:", f" raise {result}")
        return Piece(result, "bool", fallible=may_hold_error, atom=True)

    def settled(self, name: str, block: Block, *, catch: bool) -> list[str]:
        """Lines that leave True, False or an exception in `name`; without `catch`, an exception is raised instead."""
        lines = [*block.lines, f"{name} = {block.piece.text}"]
        if catch and block.piece.fallible:
            lines = ["try:", *(f" {line}" for line in lines), "except ERRORS as error:", f" {name} = held(error)"]
        if block.piece.kind == "bool":
            return lines
        check = f"if {name} is not True and {name} is not False:"
        return [*lines, check, f" {name} = settled_error({name})"]


def literal(value: Any) -> Piece:
    kind = type_name(value)
    if type(value) is UInt:
        return Piece(f"UInt({int(value)})", kind, fallible=False)
    if type(value) is float and not math.isfinite(value):
        return Piece(f"float({str(value)!r})", kind, fallible=False)
    if type(value) is int and value < 0:
        return Piece(f"({value})" if value != INT_MIN else "INT_MIN", kind, fallible=False, atom=True)
    if type(value) is float and value < 0:
        return Piece(f"({value!r})", kind, fallible=False, atom=True)
    return Piece(repr(value), kind, fallible=False, atom=True)


def type_constant(node: Node, scope: dict[str, str]) -> str:
    """`google.protobuf.Duration` and its like, or an empty text."""
    parts: list[str] = []
    while isinstance(node, Select) and not node.optional:
        parts.append(node.field)
        node = node.operand
    if not isinstance(node, Ident) or not parts or node.name in scope:
        return ""
    name = ".".join([node.name, *reversed(parts)])
    return name if name in TYPE_CONSTANTS else ""


__all__ = ["Generator", "at", "generate"]
