"""
Turns the readable YAML of `data/` into the JSON that is loaded: `python -m fairlead.knowledge.compiling`.

Everything is checked on the way: names of texts and sources, versions, dates, patterns. What is wrong is told with its
file.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from fairlead.knowledge.known_issues import KnownIssue
from fairlead.knowledge.minors import Minor
from fairlead.knowledge.podsecurity import Standards
from fairlead.knowledge.ranges import range_of
from fairlead.knowledge.removals import Lifecycles
from fairlead.knowledge.retired import RetiredTable
from fairlead.knowledge.skew import Skew
from fairlead.knowledge.support import SupportTable
from fairlead.knowledge.symptoms import EventSymptom, LogSymptom, pattern_of
from fairlead.model.errors import UsageError
from fairlead.model.version import Version

DATA = Path(__file__).parent / "data"
_MINORS = frozenset({"introduced", "deprecated", "removed", "released", "stops", "minor", "below", "since"})


def compiled(name: str) -> bytes:
    """The JSON of one YAML file, an entry a line; UsageError where the file is wrong."""
    plain = YAML(typ="safe").load(DATA / f"{name}.yaml")
    try:
        table = COMPILERS[name](plain)
    except (ValueError, KeyError) as error:
        raise UsageError(f"{type(error).__name__}: {error}", place=f"{name}.yaml") from error
    # An entry a line, so that a change of one entry is a change of one line.
    return msgspec.json.encode(table).replace(b"},{", b"},\n{") + b"\n"


def _lifecycle(plain: Mapping[str, Any]) -> Lifecycles:
    released = Minor.of(plain["released"])
    kinds = [_kind(each, plain, released) for each in plain["kinds"]]
    return msgspec.convert({"released": released, "checked": plain["checked"], "kinds": kinds}, Lifecycles)


def _kind(each: Mapping[str, Any], file: Mapping[str, Any], released: Minor) -> dict[str, Any]:
    """A row with the texts and addresses in place of their names."""
    row = _with_minors({"checked": file["checked"], **each})
    use = row.pop("use", "")
    removed = row.get("removed")
    return row | {
        "api_version": row.pop("api"),
        "served_by_default": row.pop("default", True),
        "planned": bool(removed and removed > released),
        "replacement": f"{use} {each['kind']}" if use and " " not in use else use,
        "changes": file["changes"][row.pop("changes")] if "changes" in row else (),
        "source": [file["sources"][name] for name in row.pop("sources")],
    }


def _with_minors(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _minor(value) if key in _MINORS and isinstance(value, str) else value for key, value in row.items()}


def _minor(text: str) -> Minor | str:
    # A day of release has the same name as a minor that is released.
    return text if text.count("-") == 2 else Minor.of(text)


def _skew(plain: Mapping[str, Any]) -> Skew:
    return msgspec.convert(
        {
            **plain,
            "components": [_with_minors(each) for each in plain["components"]],
            "beside_kubelet": _with_minors(plain["beside_kubelet"]),
        },
        Skew,
    )


def _support(plain: Mapping[str, Any]) -> SupportTable:
    return msgspec.convert({**plain, "minors": [_with_minors(each) for each in plain["minors"]]}, SupportTable)


def _podsecurity(plain: Mapping[str, Any]) -> Standards:
    return msgspec.convert({**plain, "controls": [_control(each) for each in plain["controls"]]}, Standards)


def _control(each: Mapping[str, Any]) -> dict[str, Any]:
    """`adds` of a revision becomes all that it allows."""
    revisions: list[dict[str, Any]] = []
    for revision in each["revisions"]:
        row = _with_minors(revision)
        if "adds" in row:
            row["allowed"] = [*revisions[-1]["allowed"], *row.pop("adds")]
        revisions.append(row)
    return {**each, "revisions": revisions}


def _retired(plain: Mapping[str, Any]) -> RetiredTable:
    entries = []
    for each in plain["entries"]:
        row = _with_minors(each)
        source = row["source"]
        entries.append(row | {"names": row.pop("name"), "source": plain["sources"].get(source, source)})
    return msgspec.convert({"checked": plain["checked"], "entries": entries}, RetiredTable)


def _known_issues(plain: list[Mapping[str, Any]]) -> tuple[KnownIssue, ...]:
    issues = msgspec.convert(plain, tuple[KnownIssue, ...])
    for issue in issues:
        for text in issue.affected:
            range_of(text)
        for text in issue.fixed_in:
            Version(text)
        for symptom in issue.symptoms:
            _read_pattern(symptom)
    return issues


def _read_pattern(symptom: object) -> None:
    match symptom:
        case EventSymptom(message=pattern) | LogSymptom(line=pattern):
            pattern_of(pattern)


COMPILERS: dict[str, Callable[[Any], Any]] = {
    "known-issues": _known_issues,
    "lifecycle": _lifecycle,
    "podsecurity": _podsecurity,
    "retired": _retired,
    "skew": _skew,
    "support": _support,
}


def main() -> None:
    for name in COMPILERS:
        (DATA / f"{name}.json").write_bytes(compiled(name))
        sys.stdout.write(f"{name}.json\n")


if __name__ == "__main__":
    main()
