"""One twin for all scenarios, and a story with its invariants for each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from fairlead.twin.state import TwinState
from scenarios.invariants import Invariants
from scenarios.standing import small_twin, standing
from scenarios.story import Story


@pytest.fixture(scope="module")
def twin() -> Iterator[TwinState]:
    """Three clusters under traffic; stopped and searched for leftovers when the last story is told."""
    with standing(small_twin("stories")) as state:
        yield state


@pytest.fixture
async def story(twin: TwinState) -> AsyncIterator[Story]:
    told = Story(twin)
    yield told
    try:
        await told.tidy_up()
    finally:
        await told.close()


@pytest.fixture
async def invariants(story: Story) -> AsyncIterator[Invariants]:
    """Begins to watch before the scenario; the scenario ends with `await invariants.hold(…)`."""
    watching = await Invariants.begin(story)
    yield watching
    await watching.stop()
