"""A cluster gets more traffic only while it serves what it got as well as before."""

import pytest

from fairlead.fleet.file import Return
from fairlead.snapshot.traffic import TrafficSpan
from fairlead.upgrade.plan.returning import Baseline, Verdict, judge

NORMAL = Baseline(rate=100.0, error_ratio=0.0, mean_ms=40.0)


@pytest.mark.parametrize(
    ("span", "verdict"),
    [
        (TrafficSpan(60, 1000, 0, 45.0), Verdict.GOOD),
        (TrafficSpan(60, 1000, 10, 45.0), Verdict.GOOD),
        (TrafficSpan(60, 1000, 11, 45.0), Verdict.BAD),
        (TrafficSpan(60, 1000, 0, 81.0), Verdict.BAD),
        (TrafficSpan(60, 10, 0, 45.0), Verdict.TOO_LITTLE_TRAFFIC),
        (TrafficSpan(60, 10, 10, 45.0), Verdict.BAD),
        (TrafficSpan(60, 0, 0, 0.0), Verdict.TOO_LITTLE_TRAFFIC),
    ],
)
def test_it_is_judged_by_failures_and_time_on_enough_requests(span: TrafficSpan, verdict: Verdict) -> None:
    assert judge(span, NORMAL, Return()).verdict is verdict


def test_a_fleet_that_fails_anyway_is_not_held_to_more_than_its_normal() -> None:
    sick = Baseline(100.0, error_ratio=0.05, mean_ms=40.0)
    assert judge(TrafficSpan(60, 1000, 40, 45.0), sick, Return()).verdict is Verdict.GOOD


def test_without_a_baseline_time_is_not_judged() -> None:
    assert judge(TrafficSpan(60, 1000, 0, 9000.0), None, Return()).verdict is Verdict.GOOD
