"""Words all reports share: what was looked at, what was found, and what could not be judged."""

import re
from collections.abc import Iterator
from datetime import UTC

from fairlead.checks.found import Found
from fairlead.checks.state import Outcome, State
from fairlead.review.result import ORDER, Review

# What moves a terminal's cursor, hides text or turns its direction: manifests are written by strangers.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


# Of many rules that fail on one object, these are named.
_NAMED = 3


def visible(text: str) -> str:
    r"""The text on one line, with what cannot be seen written as `\x1b`."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)


def place_of(found: Found) -> str:
    """`shop/cart.yaml:12:3`."""
    return ":".join([found.file, *(str(number) for number in (found.line, found.column) if number)])


def about(found: Found) -> str:
    """`Deployment shop/cart, container web`."""
    return f"{found.subject}, {found.item}" if found.item else found.subject


def counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def summary(review: Review) -> Iterator[str]:
    """The last lines of a report: first what was found, then on what it stands, then what is missing."""
    yield _found(review)
    yield _stands_on(review)
    for text in (_left_out(review), _not_judged(review)):
        if text:
            yield text


def failures(review: Review) -> Iterator[tuple[str, str]]:
    """
    The rules that failed, and why. Those that failed on one object first are told together: it is the object's fault
    more often than theirs, and one field of the wrong type breaks all that read it.
    """
    groups: dict[str, list[Outcome]] = {}
    for outcome in review.of_state(State.FAILED):
        groups.setdefault(outcome.where or outcome.id, []).append(outcome)
    for group in groups.values():
        named = ", ".join(outcome.id for outcome in group[:_NAMED])
        if len(group) > _NAMED:
            named += f" and {len(group) - _NAMED:,} more"
        may_be = "; a field may have the wrong type" if len(group) > 1 else ""
        yield named, group[0].because + may_be


def _found(review: Review) -> str:
    if not review.findings:
        return "no findings"
    parts = [f"{review.count(severity):,} {severity.value}" for severity in ORDER if review.count(severity)]
    return f"{counted(len(review.findings), 'finding')}: {', '.join(parts)}"


def _stands_on(review: Review) -> str:
    version = f"Kubernetes {review.kubernetes}"
    version += " (assumed: `--kubernetes-version` names another)" if review.assumed else ""
    return f"{_looked_at(review)}, judged by {counted(len(review.outcomes), 'rule')} for {version}"


def _looked_at(review: Review) -> str:
    objects = counted(review.objects, "object")
    if not review.clusters:
        return f"{objects} in {counted(review.files, 'file')}"
    if len(review.clusters) > 1:
        return f"{objects} of {len(review.clusters):,} clusters"
    (looked,) = review.clusters
    where = f"{', '.join(looked.namespaces)} in cluster" if looked.namespaces else "cluster"
    when = looked.taken.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{objects} of {where} {visible(looked.name)} ({visible(looked.version)}, read {when})"


def _left_out(review: Review) -> str:
    parts = [
        f"{len(review.excepted):,} excepted" if review.excepted else "",
        f"{review.known:,} known from the baseline" if review.known else "",
        f"{review.hidden:,} below the severity shown" if review.hidden else "",
        f"{review.system:,} about what the cluster brings itself (`--system` shows them)" if review.system else "",
    ]
    return ", ".join(part for part in parts if part)


def _not_judged(review: Review) -> str:
    missing = review.of_state(State.INSUFFICIENT_EVIDENCE)
    parts = [
        f"{counted(len(review.unread), 'place')} not read" if review.unread else "",
        f"{counted(len(review.of_state(State.FAILED)), 'rule')} failed" if review.of_state(State.FAILED) else "",
        f"{counted(len(missing), 'rule')} without evidence" if missing else "",
    ]
    text = ", ".join(part for part in parts if part)
    return f"not everything was judged: {text}" if text else ""
