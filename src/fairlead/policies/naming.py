"""Gives the free variables of a CEL expression other names, and leaves every other character as it was written."""

from collections.abc import Iterator, Mapping

from fairlead.checks.cel.literals import parts_of
from fairlead.checks.cel.nodes import Call, Condition, Has, Ident, Logic, Macro, Node
from fairlead.checks.cel.parser import parse


def free_names(source: str) -> frozenset[str]:
    """The variables an expression takes from outside; CelSyntaxError where it cannot be read."""
    return frozenset(ident.name for ident in _free(parse(source), frozenset()))


def renamed(source: str, names: Mapping[str, str]) -> str:
    """`renamed("pod.all(pod, pod.x)", {"pod": "variables.pod"})` is `variables.pod.all(pod, pod.x)`."""
    found = {ident.position: ident for ident in _free(parse(source), frozenset()) if ident.name in names}
    text = source
    for position in sorted(found, reverse=True):
        ident = found[position]
        # Of `.name` the position is that of the name, and the dot goes with it: what comes instead has its own.
        end = position + len(ident.name)
        start = source.rindex(".", 0, position) if ident.absolute else position
        text = text[:start] + names[ident.name] + text[end:]
    return text


def as_bool(source: str) -> str:
    """The expression, compared with true where nothing else says that it is a bool: the API server asks for one."""
    return source if _is_bool(parse(source)) else f"({source}) == true"


_TESTS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "!_", "hasValue", "matches", "startsWith"})


def _is_bool(node: Node) -> bool:
    match node:
        case Logic() | Has():
            return True
        case Call():
            return node.name in _TESTS
        case Macro():
            return node.name in {"all", "exists", "exists_one", "existsOne"}
        case Condition():
            return _is_bool(node.then) and _is_bool(node.otherwise)
    return False


def _free(node: Node, bound: frozenset[str]) -> Iterator[Ident]:
    match node:
        case Ident():
            if node.absolute or node.name not in bound:
                yield node
        case Macro():
            yield from _free(node.target, bound)
            for argument in node.args:
                yield from _free(argument, bound | set(node.variables))
        case _:
            for part in parts_of(node):
                yield from _free(part, bound)
