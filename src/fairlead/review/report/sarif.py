"""A review as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), as code scanning takes it."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import msgspec

from fairlead.checks.areas import AREAS, area_of
from fairlead.checks.found import Found
from fairlead.checks.state import State
from fairlead.model.finding import Severity
from fairlead.review.report.words import about
from fairlead.review.result import Excepted, Review

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {
    Severity.BLOCKER: "error",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "note",
}
# What GitHub sorts by: 9 and more is critical, 7 high, 4 medium.
_SECURITY = {Severity.BLOCKER: "9.0", Severity.ERROR: "7.0", Severity.WARNING: "4.0", Severity.ADVICE: "1.0"}


def text_of(review: Review) -> str:
    return msgspec.json.format(msgspec.json.encode(_log(review)), indent=2).decode() + "\n"


def _log(review: Review) -> dict[str, Any]:
    everything = [*review.findings, *(excepted.finding for excepted in review.excepted)]
    rules = {found.id: found for found in everything}
    index = {rule_id: number for number, rule_id in enumerate(sorted(rules))}
    driver: dict[str, Any] = {
        "name": "Fairlead",
        "rules": [_rule(rules[rule_id]) for rule_id in sorted(rules)],
    }
    if review.fairlead:
        driver["semanticVersion"] = review.fairlead
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not (review.unread or review.of_state(State.FAILED)),
                        "toolExecutionNotifications": list(_notifications(review)),
                    }
                ],
                "results": [
                    *(_result(found, index) for found in review.findings),
                    *(_suppressed(excepted, index) for excepted in review.excepted),
                ],
            }
        ],
    }


def _rule(found: Found) -> dict[str, Any]:
    area = area_of(found.id)
    properties: dict[str, Any] = {"tags": [AREAS[area]] if area else []}
    if area == "SEC":
        properties |= {"tags": ["security"], "security-severity": _SECURITY[found.severity]}
    return {
        "id": found.id,
        "shortDescription": {"text": found.title or found.id},
        "help": {"text": found.fix or found.title or found.id},
        "defaultConfiguration": {"level": _LEVELS[found.severity]},
        "properties": properties,
    }


def _result(found: Found, index: Mapping[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [
            {"fullyQualifiedName": f"{about(found)} {found.path}".strip(), "kind": "object", "name": found.name}
        ]
    }
    if found.file:
        location["physicalLocation"] = _physical(found.file, found.line, found.column)
    return {
        "ruleId": found.id,
        "ruleIndex": index[found.id],
        "level": _LEVELS[found.severity],
        "message": {"text": f"{about(found)}: {found.message}"},
        "locations": [location],
        "partialFingerprints": {"fairlead/v1": _fingerprint(found)},
    }


def _suppressed(excepted: Excepted, index: Mapping[str, int]) -> dict[str, Any]:
    return {
        **_result(excepted.finding, index),
        "suppressions": [{"kind": "external", "status": "accepted", "justification": excepted.reason}],
    }


def _notifications(review: Review) -> Iterator[dict[str, Any]]:
    for unread in review.unread:
        notification: dict[str, Any] = {
            "level": "error",
            "message": {"text": unread.message},
            "descriptor": {"id": unread.id},
        }
        if unread.file:
            notification["locations"] = [{"physicalLocation": _physical(unread.file, unread.line, 0)}]
        yield notification
    for outcome in review.of_state(State.FAILED):
        yield {"level": "error", "message": {"text": f"rule {outcome.id} failed: {outcome.because}"}}


def _physical(file: str, line: int, column: int) -> dict[str, Any]:
    path = PurePath(file)
    where: dict[str, Any] = {"artifactLocation": {"uri": path.as_uri() if path.is_absolute() else quote(str(path))}}
    if line:
        where["region"] = {"startLine": line} | ({"startColumn": column} if column else {})
    return where


def _fingerprint(found: Found) -> str:
    """The same while the object and its part keep their names, wherever they stand in the file."""
    parts = (found.id, found.file, found.subject, found.item, found.path)
    return blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()
