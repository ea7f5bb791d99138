"""A review of what was read: judge it, take out what is excepted or known, and find the lines of what is left."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from fairlead.checks import table
from fairlead.checks.areas import AREAS
from fairlead.checks.found import Found
from fairlead.checks.housekeeping import READ
from fairlead.checks.judge import judge
from fairlead.checks.nulls import without_nulls
from fairlead.checks.rule import Rule
from fairlead.checks.scope import MANIFESTS, NEWEST_MINOR, Scope
from fairlead.manifests import Problem, Read
from fairlead.model.errors import UsageError
from fairlead.model.finding import Severity
from fairlead.review.baseline import Baseline, without_known
from fairlead.review.exceptions import CentralException, Exceptions
from fairlead.review.places import located
from fairlead.review.result import ORDER, Review, Unread, reaches
from fairlead.review.rulebook import Rulebook
from fairlead.snapshot.objects import Objects

_READ = {rule.id: rule for rule in READ}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """
    What to judge by. `only` and `skip` are rule ids or their beginnings; `minor` is None where nobody named a version.
    `evidence` is what is known besides what was read, `ruled_out` what is known not to be.
    `lines` is how many findings of each rule are to have the line of their field, not of their object; None is all.
    `unread` are kinds that could not be read, `unasked` those that are there but were not to be. `passes` says whether
    a finding is told (True), counted (False) or passed over (None).
    `params` are by rule id, and replace what the rule has of the same name. `severities` changes those of rules.
    """

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    everything: bool = False
    least: Severity = Severity.ADVICE
    minor: int | None = None
    lines: int | None = None
    evidence: frozenset[str] = frozenset()
    ruled_out: frozenset[str] = frozenset()
    params: Mapping[str, Mapping[str, Any]] = {}
    severities: Mapping[str, Severity] = {}
    exceptions: tuple[CentralException, ...] = ()
    baseline: Baseline | None = None
    unread: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    passes: Callable[[Found], bool | None] | None = None


def review(read: Read, rulebook: Rulebook, wanted: Wanted, *, today: date, fairlead: str = "") -> Review:
    """UsageError where the wanted rules or parameters cannot be meant; whatever is wrong with what was read is told."""
    rules = [_changed(rule, wanted) for rule in chosen(rulebook, wanted)]
    minor = NEWEST_MINOR if wanted.minor is None else wanted.minor
    ready, broken = rulebook.ready(rules)
    objects = Objects(without_nulls(read.objects), wanted.unread, wanted.unasked)
    evidence = (wanted.evidence | {MANIFESTS}) - wanted.ruled_out
    verdict = judge(Scope(objects, minor=minor, evidence=evidence, ruled_out=wanted.ruled_out), ready)
    exceptions = Exceptions(wanted.exceptions, read.objects, today)
    kept, excepted = exceptions.apply(verdict.findings)
    kept += exceptions.close(frozenset(rule.id for rule in rules))
    kept, system = _passed(kept, wanted)
    kept, known = without_known(kept, wanted.baseline) if wanted.baseline else (kept, 0)
    shown = [found for found in kept if reaches(found.severity, wanted.least)]
    return Review(
        fairlead=fairlead,
        kubernetes=f"1.{minor}",
        assumed=wanted.minor is None,
        files=len(read.files),
        objects=len(read.objects),
        findings=in_order(map(_told, (*_placed(shown, read, wanted.lines), *_about_input(read, wanted)))),
        excepted=tuple(msgspec.structs.replace(each, finding=_told(each.finding)) for each in excepted),
        unread=tuple(_unread(problem) for problem in read.problems if problem.id not in _READ),
        known=known,
        hidden=len(kept) - len(shown),
        system=system,
        outcomes=tuple(sorted((*verdict.outcomes, *broken), key=lambda outcome: outcome.id)),
    )


def _passed(findings: list[Found], wanted: Wanted) -> tuple[list[Found], int]:
    """Those that are told, and how many others are counted."""
    if wanted.passes is None:
        return findings, 0
    passed = [(found, wanted.passes(found)) for found in findings]
    return [found for found, tell in passed if tell], sum(tell is False for _, tell in passed)


def _placed(findings: list[Found], read: Read, lines: int | None) -> list[Found]:
    """Finding a line costs more than finding what is wrong there, so only those are looked for that will be seen."""
    if lines is None:
        return list(located(findings, read))
    seen: Counter[str] = Counter()
    shown: list[Found] = []
    others: list[Found] = []
    for found in in_order(findings):
        seen[found.id] += 1
        (shown if seen[found.id] <= lines else others).append(found)
    return [*located(shown, read), *others]


def _about_input(read: Read, wanted: Wanted) -> Iterator[Found]:
    """Problems of what was read and judged all the same."""
    for problem in read.problems:
        rule = _READ.get(problem.id)
        if rule and reaches(rule.severity, wanted.least):
            place, fix = problem.place, problem.hint or rule.fix
            found = Found(rule.id, rule.severity, place.file, problem.what, fix, title=rule.title, file=place.file)
            yield msgspec.structs.replace(found, line=place.line, column=place.column, document=place.document)


def _unread(problem: Problem) -> Unread:
    return Unread(problem.id, _named(problem.place.file), problem.place.line, problem.what, problem.hint)


def chosen(rulebook: Rulebook, wanted: Wanted) -> list[Rule]:
    """The rules to judge by; UsageError where they cannot be meant."""
    for area in wanted.areas:
        if area not in AREAS:
            raise UsageError(f"there is no area `{area}`", hint=f"areas are {', '.join(AREAS)}")
    for rule_id in (*wanted.params, *wanted.severities):
        rulebook.find(rule_id)
    return table.chosen(
        rulebook.rules, only=wanted.only, skip=wanted.skip, areas=wanted.areas, everything=wanted.everything
    )


def _changed(rule: Rule, wanted: Wanted) -> Rule:
    params, severity = wanted.params.get(rule.id), wanted.severities.get(rule.id)
    if params:
        unknown = [name for name in params if name not in rule.params]
        if unknown:
            known = ", ".join(rule.params) or "none"
            raise UsageError(f"{rule.id} has no parameter `{unknown[0]}`", hint=f"it has {known}")
        rule = msgspec.structs.replace(rule, params={**rule.params, **params})
    return msgspec.structs.replace(rule, severity=severity) if severity else rule


def _named(file: str) -> str:
    """A file's name that can be written anywhere, also where the file system's is no UTF-8."""
    return file if file.isascii() else file.encode(errors="backslashreplace").decode()


def _told(found: Found) -> Found:
    name = _named(found.file)
    return found if name == found.file else msgspec.structs.replace(found, file=name)


def in_order(findings: Iterable[Found]) -> tuple[Found, ...]:
    """By severity, rule and place."""
    return tuple(
        sorted(findings, key=lambda found: (ORDER.index(found.severity), found.id, found.file, found.line, found.path))
    )
