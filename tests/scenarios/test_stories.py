"""Upgrades on a real fleet under traffic: one in which all is well, and one for each thing that goes wrong."""

import pytest

from fairlead.upgrade.state import Phase
from scenarios.invariants import Invariants
from scenarios.story import Story

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]


async def test_a_fleet_is_upgraded_wave_after_wave_least_traffic_first(story: Story, invariants: Invariants) -> None:
    waves = [{"name": "canary", "count": 1, "soak": "1s"}, {"name": "rest"}]
    await story.start(waves=waves)
    run = await story.until_over(within=280)
    assert run.phase is Phase.DONE, [story.tale(name) for name in story.names]
    await invariants.hold(run)
    began = {name: state.began for name, state in run.clusters.items()}
    assert sorted(began, key=lambda name: str(began[name])) == ["taipei", "osaka", "tokyo"]
