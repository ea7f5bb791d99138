"""An exception needs a reason, ends when it says, and is told of when nothing needs it."""

from datetime import date, timedelta
from typing import Any

import pytest

from fairlead.review.exceptions import CentralException
from review.conftest import TODAY, Reviewing

PRIVILEGED = {"container": {"securityContext": {"privileged": True}}}


def annotated(value: str = "SEC101", reason: str | None = "loads kernel modules", until: str | None = None) -> Any:
    marks = {"except": value, "except-reason": reason, "except-until": until}
    return {"annotations": {f"fairlead.dev/{name}": text for name, text in marks.items() if text is not None}}


@pytest.mark.parametrize("where", ["metadata", "podMeta"])
def test_an_annotation_takes_a_finding_out(judged: Reviewing, where: str) -> None:
    done = judged({**PRIVILEGED, where: annotated()}, only=("SEC101",))
    assert done.findings == ()
    assert [each.finding.id for each in done.excepted] == ["SEC101"]
    assert done.excepted[0].reason == "loads kernel modules"


def test_an_exception_is_of_its_object_alone(judged: Reviewing) -> None:
    other = {**PRIVILEGED, "metadata": {"name": "other"}}
    done = judged({**PRIVILEGED, "metadata": annotated()}, other, only=("SEC101",))
    assert [found.subject for found in done.findings] == ["Deployment shop/other"]


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_without_a_reason_nothing_is_excepted(judged: Reviewing, reason: str | None) -> None:
    done = judged({**PRIVILEGED, "metadata": annotated(reason=reason)}, only=("SEC101",))
    assert {found.id for found in done.findings} == {"SEC101", "DEL011"}


@pytest.mark.parametrize(("days", "ids"), [(0, set()), (1, set()), (-1, {"SEC101", "DEL012"})])
def test_an_exception_holds_to_the_end_of_its_last_day(judged: Reviewing, days: int, ids: set[str]) -> None:
    until = (TODAY + timedelta(days)).isoformat()
    done = judged({**PRIVILEGED, "metadata": annotated(until=until)}, only=("SEC101",))
    assert {found.id for found in done.findings} == ids


def test_an_end_that_is_no_date_excepts_nothing(judged: Reviewing) -> None:
    done = judged({**PRIVILEGED, "metadata": annotated(until="soon")}, only=("SEC101",))
    assert {found.id for found in done.findings} == {"SEC101", "DEL011"}


def test_an_exception_nothing_needs_is_told(judged: Reviewing) -> None:
    done = judged({"metadata": annotated()}, only=("SEC101",))
    (remark,) = done.findings
    assert remark.id == "DEL013"
    assert "SEC101" in remark.message
    assert remark.path.endswith("annotations['fairlead.dev/except']")


def test_an_exception_from_a_rule_that_was_not_judged_is_not_called_unused(judged: Reviewing) -> None:
    assert judged({"metadata": annotated()}, only=("SEC102",)).findings == ()


def test_the_beginning_of_an_id_excepts_from_all_that_begin_so(judged: Reviewing) -> None:
    done = judged(
        {**PRIVILEGED, "pod": {"hostNetwork": True}, "metadata": annotated("SEC1")}, only=("SEC101", "SEC102")
    )
    assert {each.finding.id for each in done.excepted} == {"SEC101", "SEC102"}
    assert done.findings == ()


@pytest.mark.parametrize(
    ("objects", "files", "excepted"),
    [
        ((), (), True),
        (("Deployment shop/*",), (), True),
        (("DaemonSet *",), (), False),
        ((), ("shop.*",), True),
        (("Deployment *",), ("other/*",), False),
    ],
)
def test_a_central_exception_names_objects_and_files(
    judged: Reviewing, objects: tuple[str, ...], files: tuple[str, ...], excepted: bool
) -> None:
    entry = CentralException(("SEC101",), "delivered so", objects, files)
    done = judged(PRIVILEGED, only=("SEC101",), exceptions=(entry,))
    assert bool(done.excepted) is excepted
    assert {found.id for found in done.findings} == (set() if excepted else {"SEC101", "DEL013"})


def test_a_central_exception_ends_too(judged: Reviewing) -> None:
    entry = CentralException(("SEC101",), "delivered so", until=date(2026, 11, 20))
    done = judged(PRIVILEGED, only=("SEC101",), exceptions=(entry,))
    assert {found.id for found in done.findings} == {"SEC101", "DEL012"}
