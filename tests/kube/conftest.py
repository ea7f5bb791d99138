"""An API server to ask, and a reader of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlead.kube.connection import Connection
from fairlead.kube.reader import KubeReader
from fakes.api_server import ApiServer, api_server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: keys take their time."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
async def server(certificates: Path) -> AsyncIterator[ApiServer]:
    async with api_server(certificates) as made:
        yield made


@pytest.fixture
async def reader(server: ApiServer) -> AsyncIterator[KubeReader]:
    """Reads pages of two, so that three objects are two pages."""
    made = KubeReader(Connection("tokyo", server.access()), page=2)
    yield made
    await made.close()
