"""Macros to loops."""

from typing import TYPE_CHECKING

from fairlead.checks.cel.nodes import Macro
from fairlead.checks.cel.pieces import Block, Piece

if TYPE_CHECKING:
    from fairlead.checks.cel.generate import Generator


def macro(generator: "Generator", node: Macro) -> Piece:
    target = generator.emit(node.target)
    outer = dict(generator.scope)
    names = [generator.writer.name("c") for _ in node.variables]
    if node.name == "sortBy":
        result = _sort_by(generator, node, target, names[0])
    elif node.name in {"optMap", "optFlatMap"}:
        result = _optional(generator, node, target, names[0])
    else:
        result = _loop(generator, node, target, names)
    generator.scope = outer
    return result


def _bind(generator: "Generator", node: Macro, names: list[str]) -> list[Block]:
    generator.scope.update(zip(node.variables, names, strict=True))
    return [generator.block(arg) for arg in node.args]


def _head(target: Piece, names: list[str]) -> str:
    if len(names) == 2:
        return f"for {names[0]}, {names[1]} in pairs({target.text}):"
    return f"for {names[0]} in items({target.text}):"


def _loop(generator: "Generator", node: Macro, target: Piece, names: list[str]) -> Piece:
    target = generator.writer.flat(target)
    if target.text.startswith("("):
        target = generator.writer.stored(target)
    args = _bind(generator, node, names)
    head = _head(target, names)
    if node.name in {"all", "exists"}:
        return _quantifier(generator, head, args[0], decided="False" if node.name == "all" else "True")
    if node.name in {"exists_one", "existsOne"}:
        return _exactly_one(generator, head, args[0])
    return _collection(generator, node.name, head, args, names)


def _quantifier(generator: "Generator", head: str, test: Block, decided: str) -> Piece:
    """`all` and `exists`: an error waits until an element decides, or is raised at the end."""
    writer = generator.writer
    undecided = "True" if decided == "False" else "False"
    result, each = writer.name(), writer.name()
    may_hold_error = test.piece.fallible or test.piece.kind != "bool"
    writer.write(f"{result} = {undecided}", head)
    writer.nest(generator.settled(each, test, catch=True))
    writer.nest([f"if {each} is {decided}:", f" {result} = {decided}", " break"])
    if may_hold_error:
        # The first error is the one to tell of.
        writer.nest([f"if {each} is not {undecided} and {result} is {undecided}:", f" {result} = {each}"])
        writer.write(f"if {result} is not True and {result} is not False:", f" raise {result}")
    return Piece(result, "bool", fallible=True, atom=True)


def _checked(writer_name: str, test: Block) -> list[str]:
    """Lines that leave a bool in the name, or raise."""
    lines = [*test.lines, f"{writer_name} = {test.piece.text}"]
    if test.piece.kind == "bool":
        return lines
    return [*lines, f"if {writer_name} is not True and {writer_name} is not False:", f" raise not_bool({writer_name})"]


def _exactly_one(generator: "Generator", head: str, test: Block) -> Piece:
    writer = generator.writer
    count, each = writer.name(), writer.name()
    writer.write(f"{count} = 0", head)
    writer.nest([*_checked(each, test), f"if {each}:", f" {count} += 1"])
    return Piece(f"({count} == 1)", "bool", fallible=True)


_START = {"transformMap": "{}", "transformMapEntry": "{}"}


def _collection(generator: "Generator", name: str, head: str, args: list[Block], names: list[str]) -> Piece:
    """`map`, `filter` and the transformations: a new list or map, entry by entry."""
    writer = generator.writer
    result, each = writer.name(), writer.name()
    kind = "map" if name in _START else "list"
    test = args[0] if name == "filter" or len(args) == 2 else None
    value = Block([], Piece(names[0])) if name == "filter" else args[-1]
    if name == "transformMap":
        step = f"{result} = with_entry({result}, {names[0]}, {value.piece.text})"
    elif name == "transformMapEntry":
        step = f"{result} = with_entries({result}, {value.piece.text})"
    else:
        step = f"{result}.append({value.piece.text})"
    body = [*value.lines, step]
    if test is not None:
        body = [*_checked(each, test), f"if {each}:", *(f" {line}" for line in body)]
    writer.write(f"{result} = {_START.get(name, '[]')}", head)
    writer.nest(body)
    return Piece(result, kind, fallible=True, atom=True)


def _sort_by(generator: "Generator", node: Macro, target: Piece, name: str) -> Piece:
    writer = generator.writer
    elements = writer.stored(target)
    (key,) = _bind(generator, node, [name])
    keys = writer.name()
    writer.write(f"{keys} = []", f"for {name} in items({elements.text}):")
    writer.nest([*key.lines, f"{keys}.append({key.piece.text})"])
    return Piece(f"sorted_by({elements.text}, {keys})", "list", fallible=True)


def _optional(generator: "Generator", node: Macro, target: Piece, name: str) -> Piece:
    writer = generator.writer
    optional = writer.stored(target)
    (value,) = _bind(generator, node, [name])
    result = writer.name()
    writer.write(f"if has_value({optional.text}):", f" {name} = {optional.text}.value")
    text = f"mapped({value.piece.text})" if node.name == "optMap" else value.piece.text
    writer.nest([*value.lines, f"{result} = {text}"])
    writer.write("else:", f" {result} = NONE")
    return Piece(result, "optional_type" if node.name == "optMap" else "", fallible=True, atom=True)
