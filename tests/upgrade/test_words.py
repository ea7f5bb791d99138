"""What crosses the wire comes back as it was: every union, and all of a run's state."""

from datetime import UTC, datetime

import pytest

from fairlead.engine.converter import DATA_CONVERTER
from fairlead.model import wire
from fairlead.model.duration import Duration
from fairlead.model.finding import Finding, Severity
from fairlead.model.version import Version
from fairlead.upgrade.fleetplan import access_of
from fairlead.upgrade.plan.returning import Baseline, Judgement, Verdict
from fairlead.upgrade.plan.steps import (
    Bake,
    Blocked,
    Done,
    Memory,
    NextStep,
    ParkPool,
    Plan,
    RestorePool,
    ReturnToBalancer,
    RollPool,
    Step,
    TakeOutOfBalancer,
    UpgradeControlPlane,
    Verify,
    WaitForOperation,
    remember,
    words_of,
)
from fairlead.upgrade.state import Action, ClusterOrder, ClusterState, Command, Hold, StepRecord
from fakes.run import QUICK, a_fleet

TO = Version("1.36.3-gke.1000")
STEPS: list[Step] = [
    WaitForOperation("operation-1", "repair-pool app"),
    TakeOutOfBalancer(),
    UpgradeControlPlane(TO),
    Bake(TO, Duration(minutes=5)),
    ParkPool("app", 2, 0),
    RollPool("app", TO, 8, 2, 2, 0),
    RestorePool("app"),
    Verify(),
    ReturnToBalancer(),
]
WHY = Finding("UPG201", Severity.BLOCKER, "tokyo", "allows nothing", "add a replica")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_every_step_comes_back_as_it_was(step: Step) -> None:
    assert wire.decode(wire.encode(step), Step) == step  # type: ignore[arg-type]


@pytest.mark.parametrize("plan", [Done(), Blocked((WHY,), may_pass=True), *map(NextStep, STEPS)])
def test_every_plan_comes_back_as_it_was(plan: Plan) -> None:
    assert wire.decode(wire.encode(plan), Plan) == plan  # type: ignore[arg-type]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_every_step_has_a_name_and_a_memory(step: Step) -> None:
    assert words_of(step)
    assert isinstance(remember(Memory(parked=("app",)), step), Memory)


def test_a_clusters_whole_state_travels_through_temporals_converter() -> None:
    fleet = a_fleet(["tokyo"])
    now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    state = ClusterState(
        "tokyo",
        TO,
        steps=[StepRecord(step, words_of(step), now, 1.0) for step in STEPS],
        memory=Memory(touched=True, parked=("app",), unbaked=TO),
        hold=Hold((WHY,), now),
        decisions=[(now, Command(Action.RETRY, "me", "because"))],
        baseline=Baseline(50.0, 0.0, 15.0),
    )
    order = ClusterOrder("r", access_of(fleet), fleet.spec.clusters[0], TO, QUICK, {"tokyo": 100.0})
    for value in (state, order, Judgement(Verdict.TOO_LITTLE_TRAFFIC, "quiet")):
        payload = DATA_CONVERTER.payload_converter.to_payload(value)
        assert DATA_CONVERTER.payload_converter.from_payload(payload, type(value)) == value


def test_orders_carry_no_secret() -> None:
    fleet = a_fleet(["tokyo"])
    order = ClusterOrder("r", access_of(fleet), fleet.spec.clusters[0], TO, QUICK)
    text = wire.encode(order).decode().lower()
    assert not any(word in text for word in ("token", "password", "secret", "private"))
