"""
Static types, and which fits where.

A type is a tuple: `("int",)`, `("list", element)`, `("map", key, value)`, `("$", name)` for a type that is not known
yet. `dyn` fits everything. The rules are those of CEL's type checker, whose verdict the API server follows.
"""

from typing import Any, Final

Type = tuple[Any, ...]

DYN: Final[Type] = ("dyn",)
BOOL: Final[Type] = ("bool",)
INT: Final[Type] = ("int",)
STRING: Final[Type] = ("string",)
NULL: Final[Type] = ("null_type",)

# What null may be passed for, besides itself.
_NULLABLE = frozenset({
    "google.protobuf.Duration", "google.protobuf.Timestamp", "optional_type", "net.IP", "net.CIDR",
    "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.URL", "kubernetes.NamedFormat",
})  # fmt: skip


def list_of(element: Type) -> Type:
    return ("list", element)


def map_of(key: Type, value: Type) -> Type:
    return ("map", key, value)


def optional_of(value: Type) -> Type:
    return ("optional_type", value)


def described(kind: Type) -> str:
    """As a person reads it: `list(int)`."""
    if kind[0] == "$":
        return "dyn"
    parts = ", ".join(described(part) for part in kind[1:])
    return f"{kind[0]}({parts})" if parts else str(kind[0])


class Substitutions:
    """What unknown types have turned out to be."""

    def __init__(self) -> None:
        self._known: dict[str, Type] = {}
        self._undo: list[tuple[str, Type | None]] = []
        self._count = 0

    def fresh(self) -> Type:
        self._count += 1
        return ("$", f"#{self._count}")

    def assign(self, given: tuple[Type, ...], wanted: tuple[Type, ...]) -> bool:
        """Whether each type fits its place; what this tells of unknown types is kept only if all do."""
        mark = len(self._undo)
        if len(given) == len(wanted) and all(map(self._fits, given, wanted)):
            return True
        while len(self._undo) > mark:
            name, before = self._undo.pop()
            if before is None:
                del self._known[name]
            else:
                self._known[name] = before
        return False

    def resolved(self, kind: Type, *, to_dyn: bool = False) -> Type:
        """With all that is known filled in; `to_dyn` makes the rest dynamic."""
        if kind[0] == "$":
            known = self._known.get(kind[1])
            if known is not None:
                return self.resolved(known, to_dyn=to_dyn)
            return DYN if to_dyn else kind
        if len(kind) == 1:
            return kind
        return (kind[0], *(self.resolved(part, to_dyn=to_dyn) for part in kind[1:]))

    def _fits(self, given: Type, wanted: Type) -> bool:
        if wanted[0] == "$":
            fits, was_known = self._substitute(given, wanted)
            if fits or was_known:
                return fits
        if given[0] == "$":
            return self._substitute(wanted, given)[0]
        if DYN in (given, wanted):
            return True
        if NULL in (given, wanted):
            other = wanted if given == NULL else given
            return other == NULL or other[0] in _NULLABLE
        if given[0] != wanted[0]:
            return False
        return given[0] == "type" or (len(given) == len(wanted) and all(map(self._fits, given[1:], wanted[1:])))

    def _substitute(self, kind: Type, unknown: Type) -> tuple[bool, bool]:
        """Whether the unknown type may be this one, and whether anything was known of it before."""
        if kind == unknown:
            return True, True
        known = self._known.get(unknown[1])
        if known is None:
            if self._mentions(kind, unknown):
                return False, False
            self._learn(unknown, kind)
            return True, False
        if kind == known:
            return True, True
        if not self._fits(kind, known):
            return False, True
        general = most_general(kind, known)
        if not self._mentions(general, unknown):
            self._learn(unknown, general)
        return True, True

    def _learn(self, unknown: Type, kind: Type) -> None:
        self._undo.append((unknown[1], self._known.get(unknown[1])))
        self._known[unknown[1]] = kind

    def _mentions(self, kind: Type, unknown: Type) -> bool:
        if kind == unknown:
            return True
        if kind[0] == "$":
            known = self._known.get(kind[1])
            return known is not None and self._mentions(known, unknown)
        return any(self._mentions(part, unknown) for part in kind[1:])


def most_general(a: Type, b: Type) -> Type:
    return a if _is_less_specific(a, b) else b


def _is_less_specific(a: Type, b: Type) -> bool:
    if a == DYN or a[0] == "$":
        return True
    if b == DYN or b[0] == "$" or a[0] != b[0] or len(a) != len(b):
        return False
    return a[0] == "type" or all(map(_is_less_specific, a[1:], b[1:]))
