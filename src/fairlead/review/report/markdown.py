"""A review as Markdown, for a comment or a run's summary."""

import re
from collections.abc import Iterator

from fairlead.checks.found import Found
from fairlead.review.report.words import about, failures, place_of, summary, visible
from fairlead.review.result import Review

# A comment on GitHub holds 65,536 characters.
_ROWS = 20
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@-])")


def text_of(review: Review) -> str:
    lines = ["# Fairlead check", "", *(f"- {_text(line)}" for line in summary(review)), ""]
    groups: dict[str, list[Found]] = {}
    for found in review.findings:
        groups.setdefault(found.id, []).append(found)
    for group in groups.values():
        lines += _group(group)
    broken = [
        *((f"{unread.file}:{unread.line}", unread.message) for unread in review.unread),
        *failures(review),
    ]
    if broken:
        lines += ["## Not judged", "", "| where | why |", "| --- | --- |"]
        lines += [f"| {_text(place)} | {_text(message)} |" for place, message in broken[:_ROWS]]
        lines.append("")
    return "\n".join(lines)


def _group(group: list[Found]) -> Iterator[str]:
    first = group[0]
    yield f"## {first.id} {_text(first.title)}"
    yield ""
    yield f"**{first.severity.value}**, {len(group):,} found. {_text(first.fix)}"
    yield ""
    yield "| where | what |"
    yield "| --- | --- |"
    for found in group[:_ROWS]:
        yield f"| {_text(place_of(found))} | {_text(about(found))}: {_text(found.message)} |"
    if len(group) > _ROWS:
        yield f"| … | {len(group) - _ROWS:,} more |"
    yield ""


def _text(text: str) -> str:
    """Words only: no link, no image, no mention of somebody, no HTML."""
    return _MARKS.sub(r"\\\1", visible(text)).replace("\\@", "@\u200b")
