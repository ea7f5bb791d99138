"""Semantic versions: `semver("1.2.3-rc.1")`."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

import re
from functools import lru_cache
from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import no_overload
from fairlead.checks.cel.values import UINT_MAX

_NUMBER = r"(?:0|[1-9][0-9]{0,19})"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-([^+]*))?(?:\+(.*))?", re.ASCII | re.DOTALL)
_IDENTIFIER = re.compile(r"[0-9A-Za-z-]+", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_WHOLE = re.compile(_NUMBER, re.ASCII)


class Semver:
    """`core` is major, minor and patch; `order` sorts as the specification orders versions. The build says nothing."""

    __slots__ = ("core", "order")
    cel_type = "kubernetes.Semver"

    def __init__(self, core: tuple[int, int, int], order: tuple[Any, ...]) -> None:
        self.core = core
        self.order = order

    def cel_order(self, other: "Semver") -> int:
        return int(self.order > other.order) - int(self.order < other.order)

    def __eq__(self, other: object) -> bool:
        return type(other) is Semver and self.order == other.order

    def __hash__(self) -> int:
        return hash(self.order)

    def __repr__(self) -> str:
        return f"semver({'.'.join(map(str, self.core))})"


@lru_cache(maxsize=4096)
def parse_semver(text: str) -> Semver | None:
    """None where the text is no version."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    core = (int(found[1]), int(found[2]), int(found[3]))
    before, build = found[4], found[5]
    if max(core) > UINT_MAX or (build is not None and not all(map(_IDENTIFIER.fullmatch, build.split(".")))):
        return None
    if before is None:
        return Semver(core, (*core, 1))  # after all its previews
    parts: list[tuple[int, int, str]] = []
    for part in before.split("."):
        if not _IDENTIFIER.fullmatch(part):
            return None
        if not _DIGITS.fullmatch(part):
            parts.append((1, 0, part))
        elif _WHOLE.fullmatch(part) and int(part) <= UINT_MAX:
            parts.append((0, int(part), ""))
        else:
            return None
    return Semver(core, (*core, 0, tuple(parts)))


def normalized(text: str) -> str | None:
    """Without a leading `v` and leading zeros, and with all three numbers."""
    parts = text.removeprefix("v").split(".", 2)
    for number, part in enumerate(parts):
        if len(part) > 1:
            stripped = part.lstrip("0")
            parts[number] = stripped if stripped and stripped[0] in "0123456789" else f"0{stripped}"
    if len(parts) < 3 and ("+" in parts[-1] or "-" in parts[-1]):
        return None
    return ".".join([*parts, "0", "0"][: max(3, len(parts))])


def _parsed(name: str, text: Any, normalize: tuple[Any, ...]) -> Semver | None:
    if type(text) is not str or any(type(each) is not bool for each in normalize):
        no_overload(name, text, *normalize)
    if not any(normalize):
        return parse_semver(text)
    normal = normalized(text)
    return None if normal is None else parse_semver(normal)


def f_semver(text: Any, *normalize: Any) -> Semver:
    version = _parsed("semver", text, normalize)
    if version is None:
        raise CelError(f"`{text}` is no semantic version")
    return version


def f_isSemver(text: Any, *normalize: Any) -> bool:
    return _parsed("isSemver", text, normalize) is not None


def _number(name: str, value: Any, place: int) -> int:
    if type(value) is not Semver:
        no_overload(name, value)
    # The API server turns the unsigned numbers of a version into signed ones.
    return (value.core[place] + 2**63) % 2**64 - 2**63


def m_major(value: Any) -> int:
    return _number("major", value, 0)


def m_minor(value: Any) -> int:
    return _number("minor", value, 1)


def m_patch(value: Any) -> int:
    return _number("patch", value, 2)
