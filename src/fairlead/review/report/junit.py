"""A review as JUnit XML: a suite for each rule that was judged, a case for each finding, or one that passed."""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from fairlead.checks.found import Found
from fairlead.checks.state import State
from fairlead.review.report.words import about, place_of, visible
from fairlead.review.result import Review


def text_of(review: Review) -> str:
    groups: dict[str, list[Found]] = {}
    for found in review.findings:
        groups.setdefault(found.id, []).append(found)
    broken = len(review.unread) + len(review.of_state(State.FAILED))
    passed = [outcome for outcome in review.of_state(State.CLEAN) if outcome.id not in groups]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _opening(len(review.findings), len(passed), broken),
    ]
    for rule_id, group in groups.items():
        lines.append(f'  <testsuite name="{rule_id}" tests="{len(group)}" failures="{len(group)}" errors="0">')
        lines += [line for found in group for line in _failed(found)]
        lines.append("  </testsuite>")
    for outcome in passed:
        lines.append(f'  <testsuite name="{outcome.id}" tests="1" failures="0" errors="0">')
        lines.append(f'    <testcase classname="{outcome.id}" name="all {outcome.judged} judged are good"/>')
        lines.append("  </testsuite>")
    lines += _broken(review, broken)
    return "\n".join((*lines, "</testsuites>", ""))


def _opening(failed: int, passed: int, broken: int) -> str:
    total = failed + passed + broken
    return f'<testsuites name="fairlead check" tests="{total}" failures="{failed}" errors="{broken}">'


def _failed(found: Found) -> Iterator[str]:
    name, place = _attribute(about(found)), _attribute(place_of(found))
    yield f'    <testcase classname="{found.id}" name={name} file={place}>'
    text = f"{found.title}\n{place_of(found)} {found.path}\nfix: {found.fix}"
    body = escape("\n".join(visible(line) for line in text.split("\n")))
    yield f'      <failure type="{found.severity.value}" message={_attribute(found.message)}>{body}</failure>'
    yield "    </testcase>"


def _broken(review: Review, number: int) -> Iterator[str]:
    if not number:
        return
    yield f'  <testsuite name="not judged" tests="{number}" failures="0" errors="{number}">'
    for name, message in (
        *((f"{unread.file}:{unread.line}", unread.message) for unread in review.unread),
        *((outcome.id, outcome.because) for outcome in review.of_state(State.FAILED)),
    ):
        yield f'    <testcase classname="not judged" name={_attribute(name)}>'
        yield f"      <error message={_attribute(message)}/>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _attribute(text: str) -> str:
    return quoteattr(visible(text))
