"""What stands against an upgrade, one picture each."""

from fairlead.fleet.file import UpgradePolicy
from fairlead.model.version import Version
from fairlead.upgrade.plan.cluster import plan_cluster
from fairlead.upgrade.plan.steps import Blocked, Goal, Memory, NextStep
from fakes.pictures import a_pool, a_snapshot

_GOAL = Goal(Version("1.36.4-gke.1000"), UpgradePolicy())


def test_a_pool_that_a_failed_roll_left_behind_may_be_rolled_again() -> None:
    left = a_snapshot(pools=(a_pool(state="RUNNING_WITH_ERROR"),))
    assert isinstance(plan_cluster(left, _GOAL, Memory()), NextStep)


def test_a_broken_pool_is_not_begun_with() -> None:
    broken = a_snapshot(pools=(a_pool(state="ERROR"),))
    plan = plan_cluster(broken, _GOAL, Memory())
    assert isinstance(plan, Blocked)
    assert [finding.id for finding in plan.because] == ["UPG101"]
