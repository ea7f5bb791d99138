"""A real Temporal dev server for the whole session, and a small fleet of fakes."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.engine.embedded import EmbeddedServer
from fairlead.twin.tools import ensure


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dev server of this session's own."""
    server = EmbeddedServer(temporal_binary(), tmp_path_factory.mktemp("temporal"))
    state = asyncio.run(server.ensure())
    yield state.address
    server.stop()


def temporal_binary() -> Path:
    found = shutil.which("temporal")
    return Path(found) if found else ensure(["temporal"])["temporal"]
