"""
Where Fairlead and other checkers say the same about their own labelled files, and where not.

`uv run --no-sync python benchmarks/agreement.py CORPORA` measures anew and writes the figures of `docs/agreement.md`;
the last column of its tables is written by hand and stays. It prints each difference, and which has no reason yet.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from fairlead.checks.found import Found
from fairlead.manifests import read
from fairlead.review.reviewing import Wanted, review
from fairlead.review.rulebook import Rulebook, open_rulebook
from fairlead.review.yamlfile import plain

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/agreement.md"
MARK = "<!-- measured by benchmarks/agreement.py: {} -->"
END = "<!-- end -->"


class Row(NamedTuple):
    """`different` names where we say otherwise; without `rules` no rule of ours is like the check."""

    check: str
    rules: tuple[str, ...]
    cases: int
    different: tuple[str, ...]

    @property
    def same(self) -> int:
        return self.cases - len(self.different)

    @property
    def share(self) -> int:
        """In percent, rounded down: 100 is only what has no difference."""
        return 100 * self.same // self.cases if self.cases else 100


def kube_linter(folder: Path, book: Rulebook) -> Iterator[Row]:
    """A case is a finding of theirs or of ours: their tests say how many a file has."""
    for entry in plain((folder / "expected.yaml").read_bytes(), "expected.yaml"):
        rules = like(book, f"kube-linter:{entry['check']}")
        wanted = entry["findings"]
        if wanted is None:
            continue
        found = findings(book, [folder / entry["file"]], rules, entry["check"])
        told = [f"{wanted} theirs, {len(found)} ours"] * abs(wanted - len(found))
        yield Row(entry["check"], rules, max(wanted, len(found)), tuple(told))


def checkov(folder: Path, book: Rulebook) -> Iterator[Row]:
    """A case is a file: what its name calls FAILED has findings, what it calls PASSED or UNKNOWN has none."""
    ids = plain((HERE / "checkov_ids.yaml").read_bytes(), "checkov_ids.yaml")
    for place in sorted((folder / "tests/kubernetes/checks").glob("example_*")):
        checks = ids.get(place.name.removeprefix("example_"), ())
        rules = tuple(sorted({rule for check in checks for rule in like(book, f"checkov:{check}")}))
        labelled = [(path, _said(path.name)) for path in sorted(place.iterdir())]
        cases = [(path, said) for path, said in labelled if said is not None]
        different = [path.name for path, said in cases if rules and bool(findings(book, [path], rules)) is not said]
        if cases and checks:
            yield Row(", ".join(checks), rules, len(cases), tuple(different))


def _said(name: str) -> bool | None:
    """Whether a file's name says that the check finds something; None where it says nothing."""
    if re.search(r"fail", name, re.IGNORECASE):
        return True
    return False if re.search(r"pass|unkn?own", name, re.IGNORECASE) else None


def kyverno(folder: Path, book: Rulebook) -> Iterator[Row]:
    """A case is an object that their test expects to pass or to fail."""
    rows: dict[str, list[Row]] = {}
    for test in sorted(folder.rglob("kyverno-test.yaml")):
        said = plain(test.read_bytes(), str(test))
        for policy in dict.fromkeys(result["policy"] for result in said.get("results", ())):
            rules = tuple(dict.fromkeys(rule for name in _names(test, policy) for rule in like(book, name)))
            rows.setdefault(policy, []).append(_policy(test, said, policy, rules, book))
    for policy, parts in sorted(rows.items()):
        different = tuple(each for part in parts for each in part.different)
        yield Row(policy, parts[0].rules, sum(part.cases for part in parts), different)


def _names(test: Path, policy: str) -> tuple[str, str]:
    """A policy is known by its own name and by that of its folder."""
    return f"kyverno-policies:{policy}", f"kyverno-policies:{test.parent.parent.name}"


def _policy(test: Path, said: dict[str, Any], policy: str, rules: tuple[str, ...], book: Rulebook) -> Row:
    files = [test.parent / name for name in said.get("resources", ())]
    expected: dict[tuple[tuple[str, ...], str, str], bool] = {}
    for result in said["results"]:
        ours = PARTS.get(result.get("rule", ""), rules)
        for name in result.get("resources", ()) if result["policy"] == policy else ():
            key = (ours, result.get("kind", ""), str(name).rpartition("/")[2])
            expected[key] = expected.get(key, False) or result["result"] == "fail"
    found = {
        (ours, each.kind, each.name)
        for ours in {key[0] for key in expected}
        for each in findings(book, files, ours, policy)
    }
    different = [
        f"{kind} {name}" for (ours, kind, name), fails in expected.items() if ((ours, kind, name) in found) != fails
    ]
    return Row(policy, rules, len(expected), tuple(different))


# What their files are written for, where our rule asks how much or which.
PARAMS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "hpa-minimum-three-replicas": {"SCA101": {"replicas": 3}},
    "minimum-three-replicas": {"SCA120": {"least": 3}},
    "required-annotation-email": {"DEL117": {"keys": ["email"]}},
    "required-label-owner": {"DEL117": {"keys": ["owner"]}},
    "restrict-image-registries": {"SEC302": {"registries": ["eu.foo.io", "bar.io"]}},
}

# Rules of kyverno's policies that are tested one by one.
PARTS: Mapping[str, tuple[str, ...]] = {"require-drop-all": ("SEC138",), "adding-capabilities-strict": ("SEC139",)}

SOURCES: Mapping[str, Callable[[Path, Rulebook], Iterator[Row]]] = {
    "kube-linter": kube_linter,
    "checkov": checkov,
    "kyverno": kyverno,
}


def like(book: Rulebook, check: str) -> tuple[str, ...]:
    return tuple(rule.id for rule in book.like(check))


def findings(book: Rulebook, files: Sequence[Path], rules: tuple[str, ...], check: str = "") -> list[Found]:
    """What these rules find; several of them about one part of one object are one finding."""
    there = [str(path) for path in files if path.exists()]
    if not rules:
        return []
    params = PARAMS.get(check, {})
    wanted = Wanted(only=rules, everything=True, lines=0, evidence=frozenset({"whole"}), params=params)
    done = review(read(there), book, wanted, today=datetime.now(UTC).date())
    parts = {
        (each.document, each.kind, each.namespace, each.name, each.item): each
        for each in done.findings
        if each.id in rules
    }
    return list(parts.values())


def table(rows: Iterable[Row], reasons: Mapping[str, str]) -> Iterator[str]:
    """The table of one source: figures as measured, the reasons as they were."""
    yield "| their check | our rules | cases | agreement | where we say otherwise, and why |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows:
        share = f"{row.share} %" if row.rules else ""
        said = row.different if row.rules else ()
        reason = reasons.get(row.check, "") if said or not row.rules else ""
        yield f"| `{row.check}` | {', '.join(row.rules) or 'none'} | {row.cases} | {share} | {reason} |"


def total(rows: Sequence[Row]) -> str:
    known = [row for row in rows if row.rules]
    cases, same = sum(row.cases for row in known), sum(row.same for row in known)
    return (
        f"\n{len(known)} of {len(rows)} checks have a rule like them; these agree in {same} of {cases} cases, "
        f"{100 * same // max(cases, 1)} %.\n"
    )


def reasons_of(page: str) -> dict[str, str]:
    """The last cell of each row, by the check its first cell names."""
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]*) \|$", page, re.MULTILINE)
    return {check: reason.strip() for check, reason in rows if reason.strip()}


def shares_of(page: str, name: str) -> dict[str, int]:
    """The agreement that the page gives for each check of a source, in percent."""
    rows = re.findall(r"^\| `([^`]+)` \|[^|]*\|[^|]*\| (\d+) % \|", part_of(page, name), re.MULTILINE)
    return {check: int(share) for check, share in rows}


def part_of(page: str, name: str) -> str:
    return page.partition(MARK.format(name))[2].partition(END)[0]


def replaced(page: str, name: str, rows: Sequence[Row]) -> str:
    begin = MARK.format(name)
    before, _, rest = page.partition(begin)
    made = "\n".join((total(rows), *table(rows, reasons_of(part_of(page, name)))))
    return f"{before}{begin}\n{made}\n\n{END}{rest.partition(END)[2]}"


def main() -> None:
    corpora, book = Path(sys.argv[1]), open_rulebook()
    page = PAGE.read_text()
    for name, source in SOURCES.items():
        rows = list(source(corpora / name, book))
        page = replaced(page, name, rows)
        known = reasons_of(part_of(page, name))
        for row in rows:
            if row.different and row.rules:
                there = "" if row.check in known else "NO REASON YET "
                print(f"{there}{name} {row.check} ({', '.join(row.rules)}): {'; '.join(dict.fromkeys(row.different))}")
            elif not row.rules and row.check not in known:
                print(f"NO RULE AND NO REASON {name} {row.check}")
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
