"""Rules are compiled once, and a user's own are told where they are wrong."""

from pathlib import Path

import pytest

from fairlead.checks.compiled import Compiled
from fairlead.model.errors import UsageError
from fairlead.review import testing
from fairlead.review.rulebook import open_rulebook

OWN = """
- id: ACME001
  title: No owner
  severity: error
  why: Nobody is called at night.
  fix: Set the label `owner`.
  source: https://acme.example/rules
  applies: workloads
  expect: has(object.metadata.labels) && 'owner' in object.metadata.labels
  good: [{metadata: {labels: {owner: shop}}}]
  bad: [{}]
"""


def all_ready(folders: list[Path]) -> None:
    book = open_rulebook(folders)
    for broken in book.ready(book.rules)[1]:
        raise UsageError(f"{broken.id}: {broken.because}")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/fairlead/checks"


def a_folder(tmp_path: Path, text: str = OWN) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "own.yaml").write_text(text)
    return folder


def test_the_second_time_rules_come_from_the_cache_and_are_the_same(cache: Path, tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    first = open_rulebook([folder])
    (kept,) = cache.glob("*.msgpack")
    stamp = kept.stat().st_mtime_ns
    second = open_rulebook([folder])
    assert kept.stat().st_mtime_ns == stamp
    assert second.rules == first.rules
    assert second.ready(second.rules)[1] == []


def test_a_changed_rule_is_read_anew(cache: Path, tmp_path: Path) -> None:
    open_rulebook([a_folder(tmp_path)])
    changed = open_rulebook([a_folder(tmp_path, OWN.replace("No owner", "Nobody owns it"))])
    assert changed.find("ACME001").title == "Nobody owns it"


def test_a_broken_cache_is_made_anew(cache: Path, tmp_path: Path) -> None:
    open_rulebook([a_folder(tmp_path)])
    (kept,) = cache.glob("*.msgpack")
    kept.write_bytes(kept.read_bytes()[:100])
    assert open_rulebook([a_folder(tmp_path)]).find("acme001").id == "ACME001"


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    book = open_rulebook()
    assert all(isinstance(rule, Compiled) for rule in book.ready([book.find("SEC101")])[0])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("severity: error", "severity: dreadful"), "severity"),
        (("id: ACME001", "id: acme"), "acme"),
        (("title: No owner", "titel: No owner"), "titel"),
        (("  bad: [{}]\n", ""), "bad"),
        (("applies: workloads", "applies: everything"), "applies"),
        (("applies: workloads", "applies: workloads\n  each: nothing"), "each"),
        (("&& 'owner'", "&& && 'owner'"), "ACME001"),
        (("has(object.metadata.labels)", "nobody.metadata"), "nobody"),
        (("- id", "id"), "own.yaml"),
        (("severity: error", "severity: [error"), "own.yaml:"),
        (("id: ACME001", "id: SEC101"), "SEC101"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_told_by_its_place(
    cache: Path, tmp_path: Path, changed: tuple[str, str], told: str
) -> None:
    folder = a_folder(tmp_path, OWN.replace(*changed))
    with pytest.raises(UsageError) as error:
        all_ready([folder])
    assert told in str(error.value)


def test_own_rules_are_tried_on_their_examples(cache: Path, tmp_path: Path) -> None:
    assert testing.broken_promises([a_folder(tmp_path)]) == (2, [])
    turned = OWN.replace("expect: has", "expect: true || has")
    count, broken = testing.broken_promises([a_folder(tmp_path, turned)])
    assert (count, broken) == (2, ["ACME001: bad example 1 is not found"])


def test_checks_of_other_tools_are_found_by_their_names() -> None:
    book = open_rulebook()
    assert [rule.id for rule in book.like("kube-linter:latest-tag")] == ["DEL101"]
    assert "DEL101" in [rule.id for rule in book.like("LATEST-TAG")]
    assert book.like("nobody:nothing") == []
