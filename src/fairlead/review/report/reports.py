"""What OpenReports and PolicyReport have in common: results by namespace, with a summary."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fairlead.checks.areas import AREAS, area_of
from fairlead.checks.found import Found
from fairlead.model.finding import Severity
from fairlead.review.report.words import visible
from fairlead.review.result import Excepted, Review

_SEVERITIES: Mapping[Severity, str] = {
    Severity.BLOCKER: "critical",
    Severity.ERROR: "high",
    Severity.WARNING: "medium",
    Severity.ADVICE: "low",
}
# etcd takes 1.5 MB; a result has some 600 bytes.
_PART = 1000


def reports(review: Review, *, api_version: str, kind: str, cluster_kind: str) -> str:
    """A YAML stream (of JSON documents, which are YAML) of one report or more for each namespace."""
    by_namespace: dict[str, list[dict[str, Any]]] = {}
    for found in review.findings:
        by_namespace.setdefault(found.namespace, []).append(_result(found))
    for excepted in review.excepted:
        by_namespace.setdefault(excepted.finding.namespace, []).append(_skipped(excepted))
    documents: list[dict[str, Any]] = []
    for namespace, results in sorted(by_namespace.items()):
        for number, start in enumerate(range(0, len(results), _PART), 1):
            part = results[start : start + _PART]
            metadata: dict[str, Any] = {
                "name": "fairlead-check" if number == 1 else f"fairlead-check-{number}",
                "labels": {"app.kubernetes.io/managed-by": "fairlead"},
            }
            if namespace:
                metadata["namespace"] = namespace
            head = {"apiVersion": api_version, "kind": kind if namespace else cluster_kind, "metadata": metadata}
            documents.append({**head, "summary": _summary(part), "results": part})
    texts = [msgspec.json.format(msgspec.json.encode(document), indent=2).decode() for document in documents]
    return "".join(f"---\n{text}\n" for text in texts)


def _result(found: Found) -> dict[str, Any]:
    serious = found.severity in {Severity.BLOCKER, Severity.ERROR}
    area = area_of(found.id)
    result: dict[str, Any] = {
        "source": "fairlead",
        "policy": found.id,
        "rule": found.title or found.id,
        "category": AREAS.get(area, "own rules"),
        "result": "fail" if serious else "warn",
        "severity": _SEVERITIES[found.severity],
        "message": visible(f"{found.message}. {found.fix}"),
        "properties": {name: visible(text) for name, text in _properties(found).items() if text},
    }
    if found.name:
        subject = {"apiVersion": found.api_version, "kind": found.kind, "name": found.name}
        subject |= {"namespace": found.namespace} if found.namespace else {}
        result["resources"] = [subject]
    return result


def _properties(found: Found) -> dict[str, str]:
    line = str(found.line) if found.line else ""
    return {"item": found.item, "path": found.path, "file": found.file, "line": line}


def _skipped(excepted: Excepted) -> dict[str, Any]:
    result = _result(excepted.finding)
    return {**result, "result": "skip", "properties": {**result["properties"], "reason": visible(excepted.reason)}}


def _summary(results: list[dict[str, Any]]) -> dict[str, int]:
    return {
        state: sum(result["result"] == state for result in results)
        for state in ("pass", "fail", "warn", "error", "skip")
    }
