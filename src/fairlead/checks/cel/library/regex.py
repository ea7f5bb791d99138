"""Regular expressions: RE2, the same language as Go's. The library is loaded when the first one is used."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

from functools import lru_cache
from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import no_overload

# Longer values are not kept in memory.
_SHORT = 200


class BadPatternError(ValueError):
    """A pattern that is none."""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)  # type: ignore[no-untyped-call]
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadPatternError(text) from error


def check_pattern(pattern: str) -> None:
    """BadPatternError where it is none."""
    _compiled(pattern)


def _pattern(name: str, value: Any, pattern: Any) -> Any:
    if type(value) is not str or type(pattern) is not str:
        no_overload(name, value, pattern)
    try:
        return _compiled(pattern)
    except BadPatternError as error:
        raise CelError(f"Illegal regex: {error}") from error


def m_matches(value: Any, pattern: Any) -> bool:
    """Whether any part of the value matches."""
    if type(value) is str and type(pattern) is str and len(value) <= _SHORT:
        return _matches(value, pattern)
    return _is_in(value, pattern)


@lru_cache(maxsize=16384)
def _matches(value: str, pattern: str) -> bool:
    """The same names, images and words are looked at again and again."""
    return _is_in(value, pattern)


def _is_in(value: Any, pattern: Any) -> bool:
    # Bytes spare RE2 the way from characters to bytes and back: a third of the time.
    return _pattern("matches", value, pattern).search(value.encode()) is not None


f_matches = m_matches


def m_find(value: Any, pattern: Any) -> str:
    found = _pattern("find", value, pattern).search(value)
    return "" if found is None else str(found.group())


def m_findAll(value: Any, pattern: Any, *count: Any) -> list[str]:
    """At most `count` matches where it is not negative. An empty match right after another is none, as in Go."""
    compiled = _pattern("findAll", value, pattern)
    if count and type(count[0]) is not int:
        no_overload("findAll", value, pattern, *count)
    limit = count[0] if count and count[0] >= 0 else len(value) + 1
    matches: list[str] = []
    position, previous_end = 0, -1
    while position <= len(value) and len(matches) < limit:
        found = compiled.search(value, position)
        if found is None:
            break
        start, end = found.span()
        if end > start or start != previous_end:
            matches.append(found.group())
        previous_end = end
        position = end if end > position else position + 1
    return matches
