"""Runs recorded from a server go on under the present code: their histories replay, and a broken one does not."""

import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from fairlead.engine.running import replayer
from fairlead.upgrade.workflow import UpgradeCluster, UpgradeFleet

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_run_replays(path: Path) -> None:
    history = WorkflowHistory.from_json(path.stem, path.read_text())
    replayed = await replayer([UpgradeFleet, UpgradeCluster]).replay_workflow(history, raise_on_replay_failure=False)
    assert replayed.replay_failure is None


async def test_a_broken_history_is_noticed() -> None:
    """Had the code asked for other activities in another order, replay would say so."""
    text = next(path for path in HISTORIES if path.stem == "well-osaka").read_text()
    broken = re.sub(r'"name": ?"park_pool"', '"name": "roll_pool"', text)
    assert broken != text
    history = WorkflowHistory.from_json("broken", broken)
    replayed = await replayer([UpgradeFleet, UpgradeCluster]).replay_workflow(history, raise_on_replay_failure=False)
    assert isinstance(replayed.replay_failure, NondeterminismError)


def test_there_are_histories_of_every_kind() -> None:
    assert {path.stem.split("-")[0] for path in HISTORIES} == {"well", "held", "aborted"}
