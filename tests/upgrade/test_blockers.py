"""What stands against an upgrade, one picture each."""

import msgspec

from fairlead.fleet.file import UpgradePolicy
from fairlead.model.version import Version
from fairlead.upgrade.plan.cluster import plan_cluster
from fairlead.upgrade.plan.preview import preview
from fairlead.upgrade.plan.steps import Blocked, Goal, Memory, NextStep
from fakes.pictures import a_pool, a_reading, a_snapshot

_GOAL = Goal(Version("1.36.4-gke.1000"), UpgradePolicy())


def test_a_pool_that_a_failed_roll_left_behind_may_be_rolled_again() -> None:
    left = a_snapshot(pools=(a_pool(state="RUNNING_WITH_ERROR"),))
    assert isinstance(plan_cluster(left, _GOAL, Memory()), NextStep)


def test_a_broken_pool_is_not_begun_with() -> None:
    broken = a_snapshot(pools=(a_pool(state="ERROR"),))
    plan = plan_cluster(broken, _GOAL, Memory())
    assert isinstance(plan, Blocked)
    assert [finding.id for finding in plan.because] == ["UPG101"]


def test_a_weight_without_a_tenth_is_said_before_anything_is_touched() -> None:
    light = a_snapshot(traffic=a_reading(least_weight=1))
    plan = plan_cluster(light, _GOAL, Memory())
    assert isinstance(plan, Blocked)
    assert [finding.id for finding in plan.because] == ["UPG104"]
    assert "weight 100" in plan.because[0].fix
    assert [finding.id for finding in preview(light, _GOAL).blockers] == ["UPG104"]
    assert isinstance(plan_cluster(a_snapshot(traffic=a_reading(least_weight=10)), _GOAL, Memory()), NextStep)


def test_a_finished_cluster_that_stands_out_of_the_balancer_is_told() -> None:
    out = a_reading(in_balancer=False, out_of_balancer=True)
    finished = a_snapshot(version=str(_GOAL.target), traffic=out)
    seen = preview(finished, _GOAL)
    assert not seen.steps
    assert [finding.id for finding in seen.warnings] == ["UPG205"]
    assert "it stays out" in seen.warnings[0].message
    assert "--return-drained" in seen.warnings[0].fix


def test_a_cluster_that_stands_out_stays_out_unless_it_is_to_be_returned() -> None:
    out = a_reading(in_balancer=False, out_of_balancer=True)
    returning = msgspec.structs.replace(_GOAL, return_drained=True)
    unfinished, finished = a_snapshot(traffic=out), a_snapshot(version=str(_GOAL.target), traffic=out)
    stays = preview(unfinished, _GOAL)
    assert [step.name for step in stays.steps][-1] == "verify"
    assert "it stays out" in stays.warnings[0].message
    comes = preview(unfinished, returning)
    assert [step.name for step in comes.steps][-2:] == ["verify", "return to balancer"]
    assert "the run returns it" in comes.warnings[0].message
    assert [step.name for step in preview(finished, returning).steps] == ["verify", "return to balancer"]


def test_a_blue_green_pool_is_planned_by_its_own_settings() -> None:
    planned = preview(a_snapshot(pools=(a_pool(blue_green=True),)), _GOAL).pools[0]
    assert (planned.blue_green, planned.max_surge, planned.before < planned.after) == (True, None, True)
