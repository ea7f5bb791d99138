"""A review for people: grouped by rule, file or namespace, readable also at a thousand findings."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from fairlead.checks.found import Found
from fairlead.model.finding import Severity
from fairlead.review.report.words import about, counted, failures, place_of, summary, visible
from fairlead.review.result import Review

_COLOURS = {Severity.BLOCKER: "1;35", Severity.ERROR: "31", Severity.WARNING: "33", Severity.ADVICE: "36"}


class Grouping(StrEnum):
    RULE = "rule"
    FILE = "file"
    NAMESPACE = "namespace"


_KEY: Mapping[Grouping, Callable[[Found], str]] = {
    Grouping.RULE: lambda found: found.id,
    Grouping.FILE: lambda found: found.file or "not from a file",
    Grouping.NAMESPACE: lambda found: found.namespace or "no namespace",
}


class Ink:
    """Colours where they are wanted; the words alone say everything."""

    def __init__(self, coloured: bool) -> None:
        self._coloured = coloured

    def severity(self, severity: Severity, text: str = "") -> str:
        return self._in(_COLOURS[severity], text or severity.value)

    def strong(self, text: str) -> str:
        return self._in("1", text)

    def dim(self, text: str) -> str:
        return self._in("2", text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._coloured else text


def text_of(review: Review, *, grouping: Grouping = Grouping.RULE, limit: int = 10, coloured: bool = False) -> str:
    """`limit` lines a group at most, 0 for all."""
    ink = Ink(coloured)
    lines: list[str] = []
    groups: dict[str, list[Found]] = {}
    for found in review.findings:
        groups.setdefault(_KEY[grouping](found), []).append(found)
    for name, group in groups.items():
        lines += _by_rule(group, limit, ink) if grouping is Grouping.RULE else _by_place(name, group, limit, ink)
        lines.append("")
    lines += _broken(review, ink, limit)
    lines += [ink.strong(line) if number == 0 else line for number, line in enumerate(summary(review))]
    return "\n".join(lines) + "\n"


def _by_rule(group: list[Found], limit: int, ink: Ink) -> Iterator[str]:
    first = group[0]
    yield f"{ink.strong(first.id)}  {first.title}  {ink.severity(first.severity)}" + ink.dim(f"  {len(group):,}")
    told = _told_once(group)
    shown = told[: limit or None]
    room = min(60, max(len(visible(place_of(found))) for found, _ in shown))
    for found, others in shown:
        place = visible(place_of(found)) or "-"
        also = ink.dim(f"  (and {counted(others, 'other place')})") if others else ""
        yield f"  {place:<{room}}  {visible(about(found))}: {visible(found.message)}{also}"
    yield from _more(len(told), limit, ink)
    yield ink.dim(f"  fix: {first.fix}")


def _by_place(name: str, group: list[Found], limit: int, ink: Ink) -> Iterator[str]:
    yield ink.strong(visible(name)) + ink.dim(f"  {counted(len(group), 'finding')}")
    for found in group[: limit or None]:
        at = f"{found.line}:{found.column}" if found.line else "-"
        severity = ink.severity(found.severity, f"{found.severity.value:<7}")
        yield f"  {at:>8}  {severity}  {found.id:<7}  {visible(about(found))}: {visible(found.message)}"
    yield from _more(len(group), limit, ink)


def _told_once(group: list[Found]) -> list[tuple[Found, int]]:
    """Each thing with how often it is said again: an object of a Kustomize base comes back with every overlay."""
    again: dict[tuple[str, str, str], int] = {}
    first: list[tuple[tuple[str, str, str], Found]] = []
    for found in group:
        key = (found.subject, found.item, found.message)
        if key not in again:
            first.append((key, found))
        again[key] = again.get(key, -1) + 1
    return [(found, again[key]) for key, found in first]


def _more(number: int, limit: int, ink: Ink) -> Iterator[str]:
    if limit and number > limit:
        yield ink.dim(f"  … and {number - limit:,} more (`--limit 0` shows all)")


def _broken(review: Review, ink: Ink, limit: int) -> Iterator[str]:
    """What was not judged, and why."""
    for unread in review.unread[: limit or None]:
        place = f"{unread.file}:{unread.line}" if unread.line else unread.file
        yield f"{ink.severity(Severity.ERROR, 'not read')}  {visible(place)}: {visible(unread.message)}"
    if limit and len(review.unread) > limit:
        yield ink.dim(f"… and {len(review.unread) - limit:,} more")
    failed = list(failures(review))
    for rules, because in failed[: limit or None]:
        yield f"{ink.severity(Severity.ERROR, 'failed')}  {rules}: {visible(because)}"
    yield from _more(len(failed), limit, ink)
    if review.unread or failed:
        yield ""
