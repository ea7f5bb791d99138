"""What a review says, in the form that `-o json` prints and every other report is made from."""

from datetime import datetime

import msgspec

from fairlead.checks.found import Found
from fairlead.checks.state import Outcome, State
from fairlead.model.finding import Severity

ORDER = (Severity.BLOCKER, Severity.ERROR, Severity.WARNING, Severity.ADVICE)


class Excepted(msgspec.Struct, frozen=True):
    """A finding that an exception takes out; `until` is a date or empty."""

    finding: Found
    reason: str
    until: str = ""


class Unread(msgspec.Struct, frozen=True):
    """Something that could not be read, so that nothing in it was judged."""

    id: str
    file: str
    line: int
    message: str
    hint: str = ""


class Looked(msgspec.Struct, frozen=True):
    """A running cluster that was read, and when; `version` as it says itself. No `namespaces` are all."""

    name: str
    version: str
    taken: datetime
    objects: int
    namespaces: tuple[str, ...] = ()


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """
    `schema` changes when a field changes its meaning; fields may be added. `findings` are those to act upon, by
    severity, rule and place. `known` counts findings that the baseline holds, `hidden` those below the severity asked
    for, `system` those about what a cluster brings with itself. `clusters` are those that were read, none for manifests
    alone. `kubernetes` is the minor that was judged for, `assumed` where nobody named it.
    """

    schema: str = "fairlead.dev/review/v1"
    fairlead: str = ""
    kubernetes: str = ""
    assumed: bool = False
    files: int = 0
    objects: int = 0
    findings: tuple[Found, ...] = ()
    excepted: tuple[Excepted, ...] = ()
    unread: tuple[Unread, ...] = ()
    known: int = 0
    hidden: int = 0
    system: int = 0
    clusters: tuple[Looked, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    def count(self, severity: Severity) -> int:
        return sum(1 for found in self.findings if found.severity is severity)

    def of_state(self, state: State) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.state is state)


def reaches(severity: Severity, least: Severity) -> bool:
    """Whether it is as bad as `least`, or worse."""
    return ORDER.index(severity) <= ORDER.index(least)


def exit_code(review: Review, fail_on: Severity | None, *, strict: bool = False) -> int:
    """
    1 where a finding reaches `fail_on` (never for None), else 3 where something was not read or a rule failed, else 0.

    `strict` counts rules without evidence as incomplete too: of manifests alone a few rules can never say anything.
    """
    if fail_on is not None and any(reaches(found.severity, fail_on) for found in review.findings):
        return 1
    incomplete = review.unread or review.of_state(State.FAILED)
    return 3 if incomplete or (strict and review.of_state(State.INSUFFICIENT_EVIDENCE)) else 0
