"""
Where Fairlead and other checkers say the same about their own labelled files, and where not.

`uv run --no-sync python benchmarks/agreement.py CORPORA` writes a Markdown table a source to stdout: their check, the
rules of ours that are `like` it, how many verdicts there are and how many agree. A verdict of kyverno's is an object
that passes or fails; one of kube-linter's is a file with a number of findings.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from fairlead.checks.found import Found
from fairlead.manifests import read
from fairlead.review.reviewing import Wanted, review
from fairlead.review.rulebook import Rulebook, open_rulebook
from fairlead.review.yamlfile import plain


class Row(NamedTuple):
    """`different` names where we say otherwise; without `rules` no rule of ours is like the check."""

    check: str
    rules: tuple[str, ...]
    verdicts: int
    different: tuple[str, ...]


def kube_linter(folder: Path, book: Rulebook) -> Iterator[Row]:
    for entry in plain((folder / "expected.yaml").read_bytes(), "expected.yaml"):
        rules = like(book, f"kube-linter:{entry['check']}")
        wanted = entry["findings"]
        if wanted is None:
            continue
        found = len(findings(book, [folder / entry["file"]], rules)) if rules else 0
        yield Row(entry["check"], rules, 1, () if found == wanted else (f"{wanted} theirs, {found} ours",))


def kyverno(folder: Path, book: Rulebook) -> Iterator[Row]:
    rows: dict[str, list[Row]] = {}
    for test in sorted(folder.rglob("kyverno-test.yaml")):
        said = plain(test.read_bytes(), str(test))
        for policy in dict.fromkeys(result["policy"] for result in said.get("results", ())):
            rules = like(book, f"kyverno-policies:{policy}")
            rows.setdefault(policy, []).append(_policy(test, said, policy, rules, book))
    for policy, parts in sorted(rows.items()):
        different = tuple(dict.fromkeys(each for part in parts for each in part.different))
        yield Row(policy, parts[0].rules, sum(part.verdicts for part in parts), different)


def _policy(test: Path, said: dict[str, Any], policy: str, rules: tuple[str, ...], book: Rulebook) -> Row:
    files = [test.parent / name for name in said.get("resources", ())]
    found = {(each.kind, each.name) for each in findings(book, files, rules)} if rules else set()
    expected: dict[tuple[str, str], bool] = {}
    for result in said["results"]:
        for name in result.get("resources", ()) if result["policy"] == policy else ():
            key = (result.get("kind", ""), str(name).rpartition("/")[2])
            expected[key] = expected.get(key, False) or result["result"] == "fail"
    different = [f"{kind} {name}" for (kind, name), fails in expected.items() if ((kind, name) in found) != fails]
    return Row(policy, rules, len(expected), tuple(different))


def like(book: Rulebook, check: str) -> tuple[str, ...]:
    return tuple(rule.id for rule in book.like(check))


def findings(book: Rulebook, files: Sequence[Path], rules: tuple[str, ...]) -> tuple[Found, ...]:
    there = [str(path) for path in files if path.exists()]
    wanted = Wanted(only=rules, everything=True, lines=0, evidence=frozenset({"whole"}))
    done = review(read(there), book, wanted, today=datetime.now(UTC).date())
    return tuple(found for found in done.findings if found.id in rules)


def table(name: str, rows: Sequence[Row]) -> Iterator[str]:
    known = [row for row in rows if row.rules]
    verdicts, different = sum(row.verdicts for row in known), sum(len(row.different) for row in known)
    share = 100 * (verdicts - different) / verdicts if verdicts else 0.0
    yield f"\n## {name}: {len(known)} of {len(rows)} checks, {verdicts} verdicts, {share:.0f} % the same\n"
    yield "| their check | our rules | verdicts | the same | we say otherwise |\n| --- | --- | --- | --- | --- |"
    for row in rows:
        if not row.rules:
            yield f"| `{row.check}` | none | {row.verdicts} | | |"
            continue
        others = ", ".join(row.different[:6]) + (
            f" and {len(row.different) - 6} more" if len(row.different) > 6 else ""
        )
        same = 100 * (row.verdicts - len(row.different)) / row.verdicts if row.verdicts else 100.0
        yield f"| `{row.check}` | {', '.join(row.rules)} | {row.verdicts} | {same:.0f} % | {others} |"


def main() -> None:
    corpora = Path(sys.argv[1])
    book = open_rulebook()
    for name, rows in (
        ("kube-linter", list(kube_linter(corpora / "kube-linter", book))),
        ("kyverno", list(kyverno(corpora / "kyverno", book))),
    ):
        for line in table(name, rows):
            print(line)


if __name__ == "__main__":
    main()
