"""One twin for everything that is killed; stories and invariants are those of the scenarios."""

from collections.abc import Iterator

import pytest

from fairlead.twin.state import TwinState
from scenarios.conftest import invariants, story
from scenarios.standing import small_twin, standing

__all__ = ["invariants", "story", "twin"]


@pytest.fixture(scope="module")
def twin() -> Iterator[TwinState]:
    with standing(small_twin("chaos")) as state:
        yield state
