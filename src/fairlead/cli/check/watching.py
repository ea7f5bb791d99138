"""`fairlead check --watch`: what comes and what goes, each with its time."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from fairlead.checks.found import Found
from fairlead.cli.output import tell
from fairlead.model.duration import Duration
from fairlead.model.errors import UnreachableError, UsageError
from fairlead.review.report.words import about, visible
from fairlead.review.result import Review

# Reading a large cluster takes seconds of its API server; more often is no watching but load.
_SHORTEST = 5.0
_Key = tuple[str, str, str, str, str]


def seconds(text: str) -> float:
    """UsageError where it is no length of time, or one that is too short."""
    try:
        every = Duration.parse(text).total_seconds()
    except ValueError as error:
        raise UsageError(str(error), place="--every") from error
    if every < _SHORTEST:
        raise UsageError(f"is {_SHORTEST:g}s or longer", place="--every")
    return every


def follow(
    look: Callable[[], Review],
    show: Callable[[Review], None],
    every: float,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """
    Show everything once, then look again and again until ctrl-C.

    A look that fails is told, and what was known stays known. While something cannot be read, nothing is called gone.
    """
    try:
        known: Mapping[_Key, Found] = _by_key(_shown(look(), show))
        while True:
            pause(every)
            known = _look_again(look, known)
    except KeyboardInterrupt:
        tell("")


def _shown(review: Review, show: Callable[[Review], None]) -> Iterable[Found]:
    show(review)
    sys.stdout.flush()
    return review.findings


def _look_again(look: Callable[[], Review], known: Mapping[_Key, Found]) -> Mapping[_Key, Found]:
    try:
        review = look()
    except UnreachableError as error:
        tell(f"{_now()}  {error}")
        return known
    now = _by_key(review.findings)
    for key in now.keys() - known.keys():
        _say("+", now[key])
    if review.unread:
        tell(f"{_now()}  not everything was read ({visible(review.unread[0].message)}), so nothing is called gone")
        return {**known, **now}
    for key in known.keys() - now.keys():
        _say("-", known[key])
    sys.stdout.flush()
    return now


def _by_key(findings: Iterable[Found]) -> dict[_Key, Found]:
    """By what it is about: how it is worded may change from one look to the next (`ends in 29 days`)."""
    return {(each.id, each.file, each.subject, each.item, each.path): each for each in findings}


def _say(sign: str, found: Found) -> None:
    where = f"{visible(found.file)}: " if found.file else ""
    words = f"{found.severity.value} {found.id} {where}{visible(about(found))}: {visible(found.message)}"
    sys.stdout.write(f"{_now()}  {sign} {words}\n")


def _now() -> str:
    return datetime.now(UTC).strftime("%H:%M:%S")
