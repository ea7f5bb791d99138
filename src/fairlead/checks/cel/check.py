"""The checks the API server makes before it accepts an expression: names, functions, types as far as they are known."""

from collections.abc import Iterable
from typing import NoReturn

from fairlead.checks.cel.errors import at
from fairlead.checks.cel.literals import check_literals
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
from fairlead.checks.cel.overloads import Overload, names, overloads_of
from fairlead.checks.cel.signatures import COMPARABLE, NAMESPACES, TYPE_CONSTANTS
from fairlead.checks.cel.types import (
    BOOL,
    DYN,
    INT,
    STRING,
    Substitutions,
    Type,
    described,
    list_of,
    map_of,
    most_general,
    optional_of,
)
from fairlead.checks.cel.values import type_name

_COMPARABLE = tuple(overload.args[0][1] for overload in overloads_of("isSorted", is_method=True))
_OPERATORS = {"@in": "in", "_[_]": "[]", "_[?_]": "[?]", "_?_:_": "?:"}


def check(root: Node, source: str, variables: Iterable[str]) -> None:
    """CelSyntaxError at the first part that cannot be meant. The variables are dynamic."""
    checker = _Checker(source, variables)
    checker.visit(root)
    check_literals(root, source, checker.settled)


class _Checker:
    def __init__(self, source: str, variables: Iterable[str]) -> None:
        self._source = source
        self._scope: dict[str, Type] = dict.fromkeys(variables, DYN)
        self._globals = self._scope
        self._known = Substitutions()
        self._types: dict[Node, Type] = {}

    def settled(self, node: Node) -> Type:
        """The type of a node once all is known."""
        return self._known.resolved(self._types[node], to_dyn=True)

    def visit(self, node: Node) -> Type:
        kind = self._types[node] = self._visit(node)
        return kind

    def _visit(self, node: Node) -> Type:  # noqa: C901  (one case for each kind of node)
        match node:
            case Literal():
                return (type_name(node.value),)
            case Ident():
                return self._ident(node)
            case Select():
                return self._select(node)
            case Has():
                self._field(node, node.operand, optional=False)
                return BOOL
            case Index():
                name = "_[?_]" if node.optional else "_[_]"
                return self._resolve(node, name, [node.operand, node.index], overloads_of(name, is_method=False))
            case Call():
                return self._call(node)
            case Logic():
                return self._logic(node)
            case Condition():
                parts = [node.test, node.then, node.otherwise]
                return self._resolve(node, "_?_:_", parts, overloads_of("_?_:_", is_method=False))
            case ListOf():
                return self._list(node)
            case MapOf():
                return self._map(node)
            case Macro():
                return self._macro(node)
        raise AssertionError(node)

    def _ident(self, node: Ident) -> Type:
        kind = self._scope.get(node.name)
        if kind is not None:
            return kind
        if node.name in TYPE_CONSTANTS:
            return ("type", (node.name,))
        known = [*self._scope, *(name for name in TYPE_CONSTANTS if "." not in name)]
        hint = f"`{node.name}` is only the beginning of a function's name" if node.name in NAMESPACES else ""
        return self._fail(
            node, f"unknown name `{node.name}`", hint or _meant(node.name, known) or _listed(self._globals)
        )

    def _select(self, node: Select) -> Type:
        name = dotted(node)
        if name in TYPE_CONSTANTS and name.partition(".")[0] not in self._scope:
            return ("type", (name,))
        return self._field(node, node.operand, optional=node.optional)

    def _field(self, node: Node, operand: Node, *, optional: bool) -> Type:
        whole = self._known.resolved(self.visit(operand))
        inside = whole[1] if whole[0] == "optional_type" else whole
        if inside[0] == "map":
            result = inside[2]
        elif inside[0] == "$":
            self._known.assign((DYN,), (inside,))
            result = DYN
        elif inside == DYN:
            result = DYN
        else:
            self._fail(node, f"`{described(inside)}` has no fields")
        return optional_of(result) if optional or whole[0] == "optional_type" else result

    def _call(self, node: Call) -> Type:
        if node.target is None:
            return self._function(node, node.name, node.args)
        prefix = dotted(node.target)
        if prefix and overloads_of(f"{prefix}.{node.name}", is_method=False):
            return self._function(node, f"{prefix}.{node.name}", node.args)
        known = overloads_of(node.name, is_method=True)
        if not known:
            self._unknown_function(node, node.target)
        return self._resolve(node, node.name, [node.target, *node.args], known, is_method=True)

    def _function(self, node: Call, name: str, args: list[Node]) -> Type:
        known = overloads_of(name, is_method=False)
        if not known:
            self._unknown_function(node, None)
        return self._resolve(node, name, args, known)

    def _unknown_function(self, node: Call, target: Node | None) -> NoReturn:
        is_method = target is not None
        prefix = dotted(target) if target is not None else ""
        if prefix in NAMESPACES and prefix not in self._scope:
            inside = sorted(name for _, name in names() if name.startswith(f"{prefix}."))
            self._fail(node, f"unknown function `{prefix}.{node.name}`", _listed(inside))
        if overloads_of(node.name, is_method=not is_method):
            written = f"{node.name}(x)" if is_method else f"x.{node.name}()"
            self._fail(node, f"`{node.name}` is called in another way", f"write `{written}`")
        if node.name in _MACRO_ARGUMENTS and is_method:
            self._fail(node, f"`{node.name}` has {_MACRO_ARGUMENTS[node.name]}, found {len(node.args)}")
        word = "method" if is_method else "function"
        known = [name for method, name in names() if method == is_method and name[0].isalpha()]
        self._fail(node, f"unknown {word} `{node.name}`", _meant(node.name, [*known, *_MACRO_ARGUMENTS]))

    def _resolve(
        self, node: Node, name: str, parts: list[Node], overloads: tuple[Overload, ...], *, is_method: bool = False
    ) -> Type:
        given = tuple([self.visit(part) for part in parts])
        fitting: list[Overload] = []
        result: Type | None = None
        for overload in overloads:
            if len(overload.args) != len(given):
                continue
            wanted, outcome = self._instance(overload)
            if not self._known.assign(given, wanted):
                continue
            fitting.append(overload)
            outcome = self._known.resolved(outcome)
            result = outcome if result is None or result == outcome else DYN
        if isinstance(node, Call) and name in _SETTLED and len(fitting) == 1:
            node.only = fitting[0].args[0]
        if result is not None:
            return result
        kinds = [described(self._known.resolved(kind, to_dyn=True)) for kind in given]
        return self._fail(node, _mismatch(name, kinds, is_method), _counts(overloads, len(given), is_method))

    def _instance(self, overload: Overload) -> tuple[tuple[Type, ...], Type]:
        """The overload with type parameters of its own."""
        if not overload.has_parameters:
            return overload.args, overload.result
        fresh: dict[str, Type] = {}

        def renewed(kind: Type) -> Type:
            if kind[0] == "$":
                if kind[1] not in fresh:
                    fresh[kind[1]] = self._known.fresh()
                return fresh[kind[1]]
            return kind if len(kind) == 1 else (kind[0], *map(renewed, kind[1:]))

        return tuple(map(renewed, overload.args)), renewed(overload.result)

    def _logic(self, node: Logic) -> Type:
        for term in node.terms:
            self._expect_bool(term)
        return BOOL

    def _expect_bool(self, node: Node) -> None:
        kind = self.visit(node)
        if not self._known.assign((kind,), (BOOL,)):
            self._fail(node, f"a bool is expected, found `{described(self._known.resolved(kind, to_dyn=True))}`")

    def _list(self, node: ListOf) -> Type:
        joined: Type | None = None
        for element, optional in node.elements:
            joined = self._joined(joined, self._entry(element, optional=optional))
        return list_of(joined or self._known.fresh())

    def _map(self, node: MapOf) -> Type:
        keys: Type | None = None
        values: Type | None = None
        for key, value, optional in node.entries:
            keys = self._joined(keys, self.visit(key))
            values = self._joined(values, self._entry(value, optional=optional))
        return map_of(keys or self._known.fresh(), values or self._known.fresh())

    def _entry(self, node: Node, *, optional: bool) -> Type:
        kind = self.visit(node)
        if not optional:
            return kind
        kind = self._known.resolved(kind)
        if kind[0] == "optional_type":
            return kind[1]  # type: ignore[no-any-return]
        if kind != DYN:
            self._fail(node, f"an optional value is expected after `?`, found `{described(kind)}`")
        return kind

    def _joined(self, previous: Type | None, kind: Type) -> Type:
        if previous is None:
            return kind
        return most_general(previous, kind) if self._known.assign((previous,), (kind,)) else DYN

    def _macro(self, node: Macro) -> Type:
        outer = self._scope
        target = self._known.resolved(self.visit(node.target))
        if node.name in {"optMap", "optFlatMap"}:
            variables: tuple[Type, ...] = (self._optional_part(node, target),)
        else:
            variables = self._range(node, target)
        self._scope = {**outer, **dict(zip(node.variables, variables, strict=True))}
        result = self._macro_result(node, variables, target)
        self._scope = outer
        return self._known.resolved(result)

    def _optional_part(self, node: Macro, target: Type) -> Type:
        part = self._known.fresh()
        if not self._known.assign((target,), (optional_of(part),)):
            self._fail(node, f"`{node.name}` takes an optional value, found `{described(target)}`")
        return self._known.resolved(part)

    def _range(self, node: Macro, target: Type) -> tuple[Type, ...]:
        two = len(node.variables) == 2
        if target[0] == "list":
            return (INT, target[1]) if two else (target[1],)
        if target[0] == "map":
            return (target[1], target[2]) if two else (target[1],)
        if target[0] == "$":
            self._known.assign((DYN,), (target,))
        elif target != DYN:
            self._fail(node, f"`{node.name}` goes over a list or a map, found `{described(target)}`")
        return (DYN, DYN) if two else (DYN,)

    def _macro_result(self, node: Macro, variables: tuple[Type, ...], target: Type) -> Type:
        *tests, last = node.args
        for test in tests:
            self._expect_bool(test)
        if node.name in {"all", "exists", "exists_one", "existsOne", "filter"}:
            self._expect_bool(last)
            return list_of(variables[0]) if node.name == "filter" else BOOL
        kind = self.visit(last)
        match node.name:
            case "map" | "transformList":
                return list_of(kind)
            case "transformMap":
                return map_of(variables[0], kind)
            case "transformMapEntry":
                return self._fitting(last, kind, map_of(self._known.fresh(), self._known.fresh()))
            case "optMap":
                return optional_of(kind)
            case "optFlatMap":
                return self._fitting(last, kind, optional_of(self._known.fresh()))
        return self._sort_by(node, kind, target)

    def _fitting(self, node: Node, kind: Type, wanted: Type) -> Type:
        if not self._known.assign((kind,), (wanted,)):
            self._fail(node, f"`{described(wanted)}` is expected, found `{described(kind)}`")
        return most_general(kind, wanted)

    def _sort_by(self, node: Macro, key: Type, target: Type) -> Type:
        if isinstance(node.target, Literal | MapOf):
            self._fail(node, "`sortBy` goes over a list")
        unknown = self._known.resolved(key, to_dyn=True) == DYN
        if not unknown and not any(self._known.assign((key,), (kind,)) for kind in _COMPARABLE):
            wanted = ", ".join(COMPARABLE)
            self._fail(node.args[-1], f"`sortBy` sorts by one of {wanted}, found `{described(key)}`")
        sorted_list = list_of(self._known.fresh())
        if not self._known.assign((target,), (sorted_list,)):
            self._fail(node, f"`sortBy` goes over a list, found `{described(target)}`")
        # An unknown key fits every way to sort; of an unknown list cel-go then knows nothing afterwards.
        return DYN if unknown and target[0] != "list" else sorted_list

    def _fail(self, node: Node, message: str, hint: str = "") -> NoReturn:
        raise at(self._source, node.position, message, hint)


# Functions of which the API server calls just the overload its checker has settled on.
_SETTLED = frozenset({
    "bool", "bytes", "double", "int", "string", "timestamp", "uint", "min", "max", "sum", "isSorted",
})  # fmt: skip

_MACRO_ARGUMENTS = {
    "all": "a variable (or two) and a test",
    "exists": "a variable (or two) and a test",
    "exists_one": "a variable (or two) and a test",
    "existsOne": "two variables and a test",
    "map": "a variable, maybe a test, and a value",
    "filter": "a variable and a test",
    "transformList": "two variables, maybe a test, and a value",
    "transformMap": "two variables, maybe a test, and a value",
    "transformMapEntry": "two variables, maybe a test, and a map",
    "optMap": "a variable and a value",
    "optFlatMap": "a variable and an optional value",
    "sortBy": "a variable and a key",
}


def dotted(node: Node) -> str:
    """`a.b.c` where a node is nothing but names, else an empty text."""
    parts: list[str] = []
    while isinstance(node, Select) and not node.optional:
        parts.append(node.field)
        node = node.operand
    return ".".join([node.name, *reversed(parts)]) if isinstance(node, Ident) else ""


def _mismatch(name: str, kinds: list[str], is_method: bool) -> str:
    if name in _OPERATORS or name[0] in "_!-":
        operator = _OPERATORS.get(name, name.strip("_"))
        return f"`{operator}` does not take {' and '.join(f'`{kind}`' for kind in kinds)}"
    if is_method:
        return f"`{kinds[0]}` has no method `{name}({', '.join(kinds[1:])})`"
    return f"there is no function `{name}({', '.join(kinds)})`"


def _counts(overloads: tuple[Overload, ...], given: int, is_method: bool) -> str:
    """A hint where the number of arguments is what does not fit."""
    counts = sorted({len(overload.args) for overload in overloads})
    if given in counts:
        return ""
    return f"it takes {' or '.join(str(count - is_method) for count in counts)} arguments"


def _meant(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(set(known)), n=1)
    return f"did you mean `{close[0]}`?" if close else ""


def _listed(known: Iterable[str]) -> str:
    return f"there are {', '.join(f'`{name}`' for name in known)}" if known else ""


__all__ = ["STRING", "check"]
