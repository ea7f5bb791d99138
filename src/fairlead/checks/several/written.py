"""Who still writes live objects in API versions that go away: what the objects themselves remember."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import mappings_at, text_at
from fairlead.knowledge import removals
from fairlead.knowledge.minors import Minor
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class _Write(NamedTuple):
    """Who wrote an object in which API version, and what says so."""

    who: str
    api_version: str
    evidence: str
    path: Path


def _writes(each: KubeObject) -> Iterator[_Write]:
    for index, entry in enumerate(mappings_at(each.raw, "metadata", "managedFields")):
        who, api_version = text_at(entry, "manager"), text_at(entry, "apiVersion")
        when = text_at(entry, "time")
        evidence = f"managedFields{f' of {when}' if when else ''}"
        yield _Write(who, api_version, evidence, ("metadata", "managedFields", index, "apiVersion"))
    applied = each.annotations.get(_LAST_APPLIED)
    if isinstance(applied, str) and applied:
        yield _Write(
            "kubectl apply", _api_version_in(applied), _LAST_APPLIED, ("metadata", "annotations", _LAST_APPLIED)
        )


def _api_version_in(applied: str) -> str:
    try:
        return text_at(msgspec.json.decode(applied), "apiVersion")
    except msgspec.DecodeError:
        return ""


def _written_before(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    """Once for each writer and kind: a controller writes thousands of objects alike."""
    told: set[tuple[str, str, str]] = set()
    for each in scope.objects:
        for write in _writes(each):
            what = _what_becomes_of(write.api_version, each.kind, Minor(1, scope.minor))
            key = (write.who, write.api_version, each.kind)
            if what and write.api_version != each.api_version and key not in told:
                told.add(key)
                message = f"{write.who or 'somebody'} wrote it as `{write.api_version}`, {what}"
                yield rule.found(each, message, path=write.path, evidence=write.evidence)


def _what_becomes_of(api_version: str, kind: str, now: Minor) -> str:
    life = removals.of(api_version, kind)
    if life is None or life.removed is None:
        return ""
    if life.removed <= now:
        return f"which is not served since Kubernetes {life.removed}"
    return f"which goes with Kubernetes {life.removed}" if life.deprecated_in(now) else ""


def _live(manager: str, api_version: str, **annotations: str) -> dict[str, Any]:
    entry = {"manager": manager, "operation": "Update", "apiVersion": api_version, "time": "2026-01-02T03:04:05Z"}
    return {
        "kind": "PodDisruptionBudget",
        "metadata": {"uid": "1", "managedFields": [entry], "annotations": annotations},
        "spec": {"maxUnavailable": 1},
    }


RULES = (
    SeveralRule(
        id="UPG480",
        title="Somebody still writes in an API version that goes away",
        severity=Severity.WARNING,
        why="The object lives on, converted; the client or pipeline that wrote it fails when the version is gone.",
        fix="Find the client by the name given, and bring it or its manifests to the version served.",
        source="https://kubernetes.io/docs/reference/using-api/deprecation-guide/#locate-use-of-deprecated-apis",
        like=("kubent:all rulesets",),
        check=_written_before,
        good=((_live("helm", "policy/v1"),), ({"kind": "PodDisruptionBudget", "spec": {"maxUnavailable": 1}},)),
        bad=(
            (_live("helm", "policy/v1beta1"),),
            (_live("kubectl", "policy/v1", **{_LAST_APPLIED: '{"apiVersion":"policy/v1beta1"}'}),),
        ),
    ),
)
