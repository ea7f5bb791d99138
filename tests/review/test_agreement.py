"""What `docs/agreement.md` says about other checkers' labelled files still holds."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from fairlead.review.rulebook import Rulebook, open_rulebook

ROOT = Path(__file__).parents[2]
LABELLED = Path("/work/shared/corpora/labelled")
SOURCES = ("kube-linter", "checkov", "kyverno")
without_corpora = pytest.mark.skipif(
    not LABELLED.is_dir(), reason="LOUD: the labelled files of other checkers are not on this machine"
)


@pytest.fixture(scope="module")
def agreement() -> ModuleType:
    spec = importlib.util.spec_from_file_location("agreement", ROOT / "benchmarks/agreement.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return open_rulebook()


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs/agreement.md").read_text()


@without_corpora
@pytest.mark.parametrize("source", SOURCES)
def test_no_check_agrees_less_than_the_page_says(source: str, agreement: ModuleType, book: Rulebook, page: str) -> None:
    promised = agreement.shares_of(page, source)
    measured = {row.check: row for row in agreement.SOURCES[source](LABELLED / source, book)}
    fallen = {
        check: (share, measured[check].share, measured[check].different)
        for check, share in promised.items()
        if measured[check].share < share
    }
    assert len(promised) > 30
    assert fallen == {}


@pytest.mark.parametrize("source", SOURCES)
def test_every_difference_on_the_page_has_its_reason(source: str, agreement: ModuleType, page: str) -> None:
    reasons = agreement.reasons_of(agreement.part_of(page, source))
    assert {check for check, share in agreement.shares_of(page, source).items() if share < 100} <= set(reasons)


@pytest.mark.parametrize("source", SOURCES)
def test_the_checks_of_others_on_the_page_are_found_by_name(
    source: str, agreement: ModuleType, book: Rulebook, page: str
) -> None:
    tool = "kyverno-policies" if source == "kyverno" else source
    named = [name for check in agreement.shares_of(page, source) for name in check.split(", ")]
    assert [name for name in named if not book.like(f"{tool}:{name}")] == []
