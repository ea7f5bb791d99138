"""Operators and functions to Python, with short cuts where a glance at a value's type is enough."""

from typing import TYPE_CHECKING

from fairlead.checks.cel.nodes import Call, Ident, ListOf, Literal, Node, Select
from fairlead.checks.cel.overloads import overloads_of, result_kind
from fairlead.checks.cel.pieces import Block, Piece

if TYPE_CHECKING:
    from fairlead.checks.cel.generate import Generator

_ORDER = {"_<_": ("<", "less"), "_<=_": ("<=", "less_equal"), "_>_": (">", "greater"), "_>=_": (">=", "greater_equal")}
_ARITHMETIC = {"_+_": ("+", "add"), "_-_": ("-", "subtract"), "_*_": ("*", "multiply")}
_SLOW = {"_/_": "divide", "_%_": "modulo"}
# Beyond this, an integer and a float that CEL takes for equal may differ in Python.
_EXACT = 2**53


def call(generator: "Generator", node: Call) -> Piece:
    name = node.name
    if name in _ORDER:
        return _order(generator, node)
    if name in {"_==_", "_!=_"}:
        return _equality(generator, node)
    if name == "@in":
        return _membership(generator, node)
    if name in _ARITHMETIC:
        return _arithmetic(generator, node)
    if name in _SLOW:
        return _plain(generator, _SLOW[name], "", node.args)
    if name == "!_":
        return _negation(generator, node)
    if name == "-_":
        return _plain(generator, "negate", "", node.args)
    if name in {"or", "orValue"} and node.target is not None and len(node.args) == 1:
        return _alternative(generator, node, node.target)
    return _function(generator, node)


def _plain(generator: "Generator", function: str, kind: str, args: list[Node]) -> Piece:
    pieces = [generator.emit(arg) for arg in args]
    depth = max((piece.depth for piece in pieces), default=0) + 1
    return Piece(f"{function}({', '.join(piece.text for piece in pieces)})", kind, depth=depth)


def _named(generator: "Generator", piece: Piece) -> tuple[str, str]:
    """A name to use later, and the text that gives it that name the first time."""
    if piece.atom:
        return piece.text, piece.text
    name = generator.writer.name()
    return name, f"{name} := {piece.text}"


def _order(generator: "Generator", node: Call) -> Piece:
    operator, function = _ORDER[node.name]
    left, right = (generator.emit(arg) for arg in node.args)
    depth = max(left.depth, right.depth) + 2
    if right.kind == "int" and right.atom:
        name, first = _named(generator, left)
        text = f"({name} {operator} {right.text} if type({first}) is int else {function}({name}, {right.text}))"
    elif left.kind == "int" and left.atom:
        name, first = _named(generator, right)
        text = f"({left.text} {operator} {name} if type({first}) is int else {function}({left.text}, {name}))"
    else:
        text = f"{function}({left.text}, {right.text})"
    return Piece(text, "bool", depth=depth)


def _equality(generator: "Generator", node: Call) -> Piece:
    left, right = (generator.emit(arg) for arg in node.args)
    fallible = left.fallible or right.fallible
    depth = max(left.depth, right.depth) + 2
    positive = node.name == "_==_"
    text = _against_literal(generator, node.args[1], left, right, positive=positive)
    if text is None:
        text = _against_literal(generator, node.args[0], right, left, positive=positive)
    if text is None:
        fallible = fallible or positive
        text = f"equals({left.text}, {right.text})" if positive else f"(not equal({left.text}, {right.text}))"
    return Piece(text, "bool", fallible, depth)


def _against_literal(
    generator: "Generator", node: Node, other: Piece, constant: Piece, *, positive: bool
) -> str | None:
    """A comparison that Python makes as CEL does, because one side is known."""
    if not isinstance(node, Literal):
        return (constant.kind == "string" and _comparison(other, "==" if positive else "!=", constant)) or None
    value = node.value
    if other.atom and other.kind and other.kind != "string":
        return None  # two constants: Python warns of `1 is None`
    if value is None or type(value) is bool:
        return _comparison(other, "is" if positive else "is not", constant)
    if type(value) is str:
        return _comparison(other, "==" if positive else "!=", constant)
    if type(value) not in {int, float} or abs(value) >= _EXACT or not constant.atom:
        return None
    if value not in {0, 1}:
        return _comparison(other, "==" if positive else "!=", constant)
    # Python takes False for 0 and True for 1.
    name, first = _named(generator, other)
    twin = bool(value)
    first = first if first == name else f"({first})"
    if positive:
        return f"({first} == {constant.text} and {name} is not {twin})"
    return f"({first} != {constant.text} or {name} is {twin})"


def _comparison(other: Piece, operator: str, constant: Piece) -> str:
    return f"({other.text} {operator} {constant.text})"


def _membership(generator: "Generator", node: Call) -> Piece:
    element_node, container_node = node.args
    element = generator.emit(element_node)
    if isinstance(container_node, ListOf) and _is_strings(container_node):
        name, first = _named(generator, element)
        choices = ", ".join(repr(each.value) for each, _ in container_node.elements if isinstance(each, Literal))
        text = f"(type({first}) is str and {name} in {{{choices}}})"
        return Piece(text, "bool", element.fallible, element.depth + 2)
    container = generator.emit(container_node)
    depth = max(element.depth, container.depth) + 2
    if element.kind == "string" and element.atom:
        name, first = _named(generator, container)
        text = f"({element.text} in {name} if type({first}) is dict else contains({element.text}, {name}))"
        return Piece(text, "bool", depth=depth)
    fallible = element.fallible or container.fallible or container.kind not in {"list", "map"}
    return Piece(f"contains({element.text}, {container.text})", "bool", fallible, depth)


def _is_strings(node: ListOf) -> bool:
    return bool(node.elements) and all(
        isinstance(each, Literal) and type(each.value) is str and not optional for each, optional in node.elements
    )


def _arithmetic(generator: "Generator", node: Call) -> Piece:
    operator, function = _ARITHMETIC[node.name]
    left, right = (generator.emit(arg) for arg in node.args)
    depth = max(left.depth, right.depth) + 2
    if left.kind == right.kind == "string" and operator == "+":
        return Piece(f"({left.text} + {right.text})", "string", left.fallible or right.fallible, depth)
    return Piece(f"{function}({left.text}, {right.text})", depth=depth)


def _negation(generator: "Generator", node: Call) -> Piece:
    operand = generator.emit(node.args[0])
    if operand.kind == "bool":
        return Piece(f"(not {operand.text})", "bool", operand.fallible, operand.depth + 1)
    return Piece(f"negated({operand.text})", "bool", depth=operand.depth + 1)


def _alternative(generator: "Generator", node: Call, target: Node) -> Piece:
    """`target.orValue(other)` and `target.or(other)`: the other is evaluated only where it is needed."""
    writer = generator.writer
    unwrapped = node.name == "orValue"
    optional = _path(generator, target) if unwrapped else None
    by_path = optional is not None
    if optional is None:
        optional = generator.emit(target)
    other = generator.block(node.args[0])
    name, first = _named(generator, optional)
    first = first if first == name else f"({first})"
    if not by_path:
        first = f"{'value_or_absent' if unwrapped else 'optional_or_absent'}({optional.text})"
        name = writer.name()
        first = f"({name} := {first})"
    test, value = f"{first} is not ABSENT", name
    kind = ""
    if not other.lines:
        depth = max(optional.depth, other.piece.depth) + 2
        return Piece(f"({value} if {test} else {other.piece.text})", kind, depth=depth)
    result = writer.name()
    writer.write(f"if {test}:", f" {result} = {value}", "else:")
    writer.nest([*other.lines, f"{result} = {other.piece.text}"])
    return Piece(result, kind, atom=True)


def _path(generator: "Generator", node: Node) -> Piece | None:
    """`a.?b.?c` as one look-up that makes no optional values."""
    fields: list[str] = []
    while isinstance(node, Select) and node.optional:
        fields.append(node.field)
        node = node.operand
    if not fields:
        return None
    root = generator.emit(node)
    path = ", ".join(repr(field) for field in reversed(fields))
    return Piece(f"optional_path({root.text}, {path})", depth=root.depth + 1)


def _function(generator: "Generator", node: Call) -> Piece:
    namespaced = qualified_name(node)
    if namespaced:
        return _plain(generator, python_name(namespaced, is_method=False), result_kind(namespaced, False), node.args)
    if node.name == "hasValue" and node.target is not None and not node.args:
        path = _path(generator, node.target)
        if path is not None:
            return Piece(f"({path.text} is not ABSENT)", "bool", depth=path.depth + 1)
    is_method = node.target is not None
    kind = result_kind(node.name, is_method)
    args = [node.target, *node.args] if node.target is not None else node.args
    if node.only:
        return _settled(generator, node, args[0], python_name(node.name, is_method=is_method), kind)
    if node.name in _INLINE and len(args) == _INLINE[node.name][0]:
        return _inline(generator, node.name, [generator.emit(arg) for arg in args])
    return _plain(generator, python_name(node.name, is_method=is_method), kind, args)


def _settled(generator: "Generator", node: Call, arg: Node, function: str, kind: str) -> Piece:
    """A call of the one overload the checker has settled on: its argument may still be of another type."""
    argument = generator.emit(arg)
    wanted, *element = (str(part if isinstance(part, str) else part[0]) for part in node.only)
    text = argument.text
    if element or argument.kind != wanted:
        text = f"only({text}, {wanted!r}, {''.join(element)!r}, {node.name!r})"
    return Piece(f"{function}({text})", kind, depth=argument.depth + 2)


_INLINE = {
    "size": (1, "len({a})", "{a} in SIZED", "int"),
    "startsWith": (2, "{a}.startswith({b})", "{a} is str", "bool"),
    "endsWith": (2, "{a}.endswith({b})", "{a} is str", "bool"),
    "contains": (2, "{b} in {a}", "{a} is str", "bool"),
}


def _inline(generator: "Generator", name: str, pieces: list[Piece]) -> Piece:
    _, fast, test, kind = _INLINE[name]
    arity = len(pieces)
    depth = max(piece.depth for piece in pieces) + 2
    if arity == 2 and (pieces[1].kind != "string" or not pieces[1].atom):
        return Piece(f"m_{name}({', '.join(piece.text for piece in pieces)})", kind, depth=depth)
    first_name, first = _named(generator, pieces[0])
    other = pieces[1].text if arity == 2 else ""
    slow = f"m_{name}({first_name}{', ' if other else ''}{other})"
    text = f"({fast.format(a=first_name, b=other)} if {test.format(a=f'type({first})')} else {slow})"
    return Piece(text, kind, depth=depth)


def qualified_name(node: Call) -> str:
    """`sets.contains` for a call of a function in a namespace, else an empty text."""
    if isinstance(node.target, Ident) and overloads_of(f"{node.target.name}.{node.name}", is_method=False):
        return f"{node.target.name}.{node.name}"
    return ""


def python_name(name: str, *, is_method: bool) -> str:
    return f"{'m' if is_method else 'f'}_{name.replace('.', '_')}"


__all__ = ["Block", "call", "python_name", "qualified_name"]
