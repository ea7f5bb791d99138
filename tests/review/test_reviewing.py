"""What a review counts, leaves out, and says about what it could not judge."""

from pathlib import Path

import msgspec
import pytest

from fairlead.checks.examples import written_out
from fairlead.checks.rule import ObjectRule
from fairlead.checks.state import State
from fairlead.manifests import Problem, Read, read
from fairlead.model.errors import UsageError
from fairlead.model.finding import Severity
from fairlead.review.baseline import read_baseline, write_baseline
from fairlead.review.result import Review, exit_code
from fairlead.review.reviewing import Wanted, review
from fairlead.review.rulebook import Rulebook, open_rulebook
from fairlead.snapshot.objects import KubeObject, Place
from review.conftest import TODAY, Reviewing

PRIVILEGED = {"container": {"securityContext": {"privileged": True}}}


def state_of(done: Review, rule_id: str) -> State:
    return next(outcome.state for outcome in done.outcomes if outcome.id == rule_id)


def test_a_rule_without_anything_to_judge_is_not_called_clean(judged: Reviewing) -> None:
    done = judged(PRIVILEGED)
    assert state_of(done, "SEC101") is State.FOUND
    assert state_of(done, "SEC102") is State.CLEAN
    assert state_of(done, "NET101") is State.NOT_APPLICABLE


def test_a_rule_that_fails_on_one_object_hides_nothing() -> None:
    wrong = {
        "kind": "Pod",
        "spec": {"containers": [{"name": "a", "image": 7, "securityContext": {"privileged": True}}]},
    }
    privileged = open_rulebook().find("SEC101")
    assert isinstance(privileged, ObjectRule)
    breaking = msgspec.structs.replace(
        privileged, id="TST101", when="", expect="container.image.startsWith('')", messageExpression=""
    )
    objects = [KubeObject(written_out(manifest)) for manifest in (wrong, PRIVILEGED)]
    done = review(Read(objects), Rulebook([privileged, breaking], (), ()), Wanted(), today=TODAY)
    assert [found.id for found in done.findings] == ["SEC101", "SEC101"]
    assert state_of(done, "TST101") is State.FAILED
    assert exit_code(done, Severity.BLOCKER) == 3
    assert exit_code(done, Severity.ERROR) == 1


def test_what_another_object_made_is_not_judged_again(judged: Reviewing) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart", "controller": True}
    made = {"kind": "Pod", **PRIVILEGED, "metadata": {"ownerReferences": [owner]}}
    assert judged(made, only=("SEC101",)).findings == ()


def test_severities_and_parameters_can_be_changed(judged: Reviewing) -> None:
    wide = {"container": {"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "6Gi"}}}}
    assert len(judged(wide, only=("RES110",)).findings) == 1
    assert judged(wide, only=("RES110",), params={"RES110": {"ratio": 8}}).findings == ()
    changed = judged(wide, only=("RES110",), severities={"RES110": Severity.BLOCKER})
    assert changed.findings[0].severity is Severity.BLOCKER


@pytest.mark.parametrize(
    "wanted",
    [
        {"only": ("NOPE1",)},
        {"skip": ("NOPE1",)},
        {"areas": ("XXX",)},
        {"params": {"RES110": {"nope": 1}}},
        {"params": {"NOPE1": {}}},
    ],
)
def test_words_that_name_no_rule_are_refused(judged: Reviewing, wanted: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UsageError):
        judged(PRIVILEGED, **wanted)


def test_what_is_below_the_severity_shown_is_counted(judged: Reviewing) -> None:
    every, some = judged(PRIVILEGED), judged(PRIVILEGED, least=Severity.ERROR)
    assert {found.severity for found in some.findings} == {Severity.ERROR}
    assert some.hidden == len(every.findings) - len(some.findings)


def test_a_baseline_lets_only_new_findings_count(judged: Reviewing, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    before = judged(PRIVILEGED, only=("SEC1",))
    write_baseline(file, before.findings)
    moved = judged({"kind": "Namespace"}, PRIVILEGED, only=("SEC1",), baseline=read_baseline(file))
    assert moved.findings == ()
    assert moved.known == len(before.findings) > 0
    second = {**PRIVILEGED, "metadata": {"name": "other"}}
    grown = judged(PRIVILEGED, second, only=("SEC101",), baseline=read_baseline(file))
    assert [found.subject for found in grown.findings] == ["Deployment shop/other"]


def test_what_was_not_read_makes_a_review_incomplete() -> None:
    broken = Read(problems=[Problem("MAN001", Place("bad.yaml", 3), "is not YAML")])
    done = review(broken, open_rulebook(), Wanted(), today=TODAY)
    assert exit_code(done, Severity.ADVICE) == 3
    assert done.unread[0].file == "bad.yaml"


@pytest.mark.parametrize(
    ("threshold", "code"), [(Severity.BLOCKER, 0), (Severity.ERROR, 1), (Severity.ADVICE, 1), (None, 0)]
)
def test_the_exit_code_follows_the_severity_asked_for(judged: Reviewing, threshold: Severity | None, code: int) -> None:
    assert exit_code(judged(PRIVILEGED, only=("SEC101",)), threshold) == code


def test_an_assumed_version_is_told(judged: Reviewing) -> None:
    assert judged(PRIVILEGED).assumed
    known = judged(PRIVILEGED, minor=34)
    assert (known.kubernetes, known.assumed) == ("1.34", False)


def test_in_a_very_large_file_findings_have_the_line_of_their_object(tmp_path: Path) -> None:
    """Looking for the field of each would take minutes."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostNetwork: true\n  containers: []\n"
    file = tmp_path / "large.yaml"
    file.write_text(f"{pod}---\n# {'x' * 1_000_000}\n{pod}")
    done = review(read([file]), open_rulebook(), Wanted(only=("SEC102",)), today=TODAY)
    assert [found.line for found in done.findings] == [1, 9]
    file.write_text(pod)
    done = review(read([file]), open_rulebook(), Wanted(only=("SEC102",)), today=TODAY)
    assert [found.line for found in done.findings] == [5]
