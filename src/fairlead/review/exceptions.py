"""Exceptions from rules: annotations on an object or its pods, and a central list; each has a reason."""

from collections.abc import Iterable, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from fairlead.checks.found import Found
from fairlead.checks.housekeeping import EXPIRED, UNREASONED, UNUSED
from fairlead.checks.rule import Rule
from fairlead.review.result import Excepted
from fairlead.snapshot.objects import KubeObject

EXCEPT, REASON, UNTIL = "fairlead.dev/except", "fairlead.dev/except-reason", "fairlead.dev/except-until"


class CentralException(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One entry of `exceptions` in `.fairlead-check.yaml`. `objects` are patterns over what a finding is about
    (`Deployment shop/*`), `files` over its file; both empty is everything. `until` is the last day it holds.
    """

    rules: tuple[str, ...]
    reason: str
    objects: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    until: date | None = None


class _Held:
    """An exception and whether anything needed it."""

    def __init__(self, rule_ids: Sequence[str], reason: str, until: date | None, at: Found) -> None:
        self.rule_ids = tuple(rule_ids)
        self.reason = reason
        self.until = until
        self.at = at
        self.used: set[str] = set()

    def holds_for(self, found: Found) -> str | None:
        """The word that names the finding's rule."""
        return next((word for word in self.rule_ids if found.id.startswith(word)), None)


class Exceptions:
    """All exceptions of a review. `apply` parts the findings; `close` tells of the exceptions themselves."""

    def __init__(self, central: Iterable[CentralException], objects: Iterable[KubeObject], today: date) -> None:
        self._today = today
        self.remarks: list[Found] = []
        self._central = [
            (entry, _Held(entry.rules, entry.reason, entry.until, _about_entry(number)))
            for number, entry in enumerate(central, 1)
        ]
        self._annotated: dict[tuple[str, int, int, str], list[_Held]] = {}
        for each in objects:
            for annotations, path in ((each.annotations, ()), _of_pods(each)):
                if EXCEPT in annotations:
                    self._read(each, annotations, path)

    def apply(self, findings: Iterable[Found]) -> tuple[list[Found], list[Excepted]]:
        kept: list[Found] = []
        excepted: list[Excepted] = []
        for found in findings:
            held = self._holder(found)
            if held is None:
                kept.append(found)
            else:
                excepted.append(Excepted(found, held.reason, held.until.isoformat() if held.until else ""))
        return kept, excepted

    def close(self, judged: frozenset[str]) -> list[Found]:
        """Remarks, after `apply`; an exception from rules that were not judged is not called unused."""
        annotated = [held for group in self._annotated.values() for held in group]
        for held in (*annotated, *(held for _, held in self._central)):
            for word in held.rule_ids:
                was_judged = any(rule_id.startswith(word) for rule_id in judged)
                if word not in held.used and was_judged and self._counts(held):
                    self.remarks.append(_remark(UNUSED, held.at, f"nothing to except from `{word}`"))
            if not self._holds_today(held):
                self.remarks.append(_remark(EXPIRED, held.at, f"ended on {held.until}"))
            if not held.reason.strip():
                self.remarks.append(_remark(UNREASONED, held.at, f"excepts from {', '.join(held.rule_ids)}"))
        return self.remarks

    def _holds_today(self, held: _Held) -> bool:
        return held.until is None or self._today <= held.until

    def _counts(self, held: _Held) -> bool:
        return bool(held.reason.strip()) and self._holds_today(held)

    def _holder(self, found: Found) -> _Held | None:
        for held in self._annotated.get(_key(found), []):
            if self._uses(held, found):
                return held
        for entry, held in self._central:
            if _is_meant(entry, found) and self._uses(held, found):
                return held
        return None

    def _uses(self, held: _Held, found: Found) -> bool:
        word = held.holds_for(found)
        if word is None or not self._counts(held):
            return False
        held.used.add(word)
        return True

    def _read(self, each: KubeObject, annotations: dict[str, Any], path: tuple[str | int, ...]) -> None:
        words = [word for word in str(annotations[EXCEPT]).replace(",", " ").split() if word]
        at = UNREASONED.found(each, "", path=(*path, "metadata", "annotations", EXCEPT))
        until, wrong = _date_of(annotations.get(UNTIL))
        if wrong:
            self.remarks.append(_remark(UNREASONED, at, f"`{UNTIL}` is no date such as `2027-01-31`"))
            return
        held = _Held(words, str(annotations.get(REASON) or ""), until, at)
        self._annotated.setdefault(_key(at), []).append(held)


def _of_pods(each: KubeObject) -> tuple[dict[str, Any], tuple[str | int, ...]]:
    is_a_template = each.pod_spec is not None and each.kind != "Pod"
    return (each.pod_annotations, each.pod_path[:-1]) if is_a_template else ({}, ())


def _key(found: Found) -> tuple[str, int, int, str]:
    return (found.file, found.document, found.line, found.subject)


def _date_of(value: Any) -> tuple[date | None, bool]:
    """The date, and whether there is something that is none."""
    if value is None:
        return None, False
    try:
        return date.fromisoformat(str(value)), False
    except ValueError:
        return None, True


def _is_meant(entry: CentralException, found: Found) -> bool:
    by_object = not entry.objects or any(fnmatchcase(found.subject, pattern) for pattern in entry.objects)
    return by_object and (not entry.files or any(fnmatchcase(found.file, pattern) for pattern in entry.files))


def _about_entry(number: int) -> Found:
    return Found(UNUSED.id, UNUSED.severity, f"exception {number} of the central file", "", kind="Exception")


def _remark(rule: Rule, at: Found, message: str) -> Found:
    return msgspec.structs.replace(
        at, id=rule.id, severity=rule.severity, title=rule.title, fix=rule.fix, message=message
    )
