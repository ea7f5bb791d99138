"""The embedded server comes up, is adopted, survives kill -9 with its runs, and leaves nothing behind."""

import os
import signal
from pathlib import Path

import pytest

from fairlead.engine.connect import Server, connect, named_by
from fairlead.engine.embedded import EmbeddedServer
from fairlead.engine.process import Pid, is_alive
from fairlead.model.errors import UnreachableError, UsageError
from fairlead.worker.places import temporal_binary


@pytest.mark.twin
async def test_it_is_adopted_and_comes_back_at_the_same_place_after_kill_9(tmp_path: Path) -> None:
    server = EmbeddedServer(temporal_binary(), tmp_path)
    try:
        first = await server.ensure()
        assert await EmbeddedServer(temporal_binary(), tmp_path).ensure() == first
        assert first.process is not None
        os.kill(first.process.pid, signal.SIGKILL)
        second = await server.ensure()
        assert second.address == first.address
        assert second.process != first.process
    finally:
        server.stop()
    assert second.process is not None
    assert not is_alive(second.process)


def test_a_pid_that_was_used_again_is_somebody_else() -> None:
    assert not is_alive(Pid(os.getpid(), began=1))


async def test_nobody_at_the_address_is_said_with_a_hint() -> None:
    with pytest.raises(UnreachableError, match="does not answer at") as error:
        await connect(Server("127.0.0.1:1"))
    assert "fairlead worker status" in error.value.hint


def test_the_environment_names_a_server_and_its_key_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k-123\n")
    assert named_by({}) is None
    server = named_by({"FAIRLEAD_TEMPORAL_ADDRESS": "t:7233", "FAIRLEAD_TEMPORAL_API_KEY_FILE": str(key)})
    assert server is not None
    assert (server.api_key, server.tls, server.namespace) == ("k-123", True, "default")
    assert "k-123" not in repr(server)
    with pytest.raises(UsageError, match="cannot be read"):
        named_by({"FAIRLEAD_TEMPORAL_ADDRESS": "t:7233", "FAIRLEAD_TEMPORAL_API_KEY_FILE": str(tmp_path / "no")})
