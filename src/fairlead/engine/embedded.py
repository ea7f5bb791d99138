"""Temporal's dev server as the embedded default: started, adopted, restarted, its database in the user's folder."""

import asyncio
import os
import socket
import time
from datetime import timedelta
from pathlib import Path

import msgspec

from fairlead.engine.connect import Server, connect
from fairlead.engine.process import Pid, is_alive, start_detached, stop
from fairlead.model import wire
from fairlead.model.errors import UnreachableError

# With its usual four, the few pollers of a fresh worker may all wait at other partitions than the one that gets the
# first task, which then lies there until a poll ends: a minute in which nothing happens.
_ONE_PARTITION = [
    word
    for side in ("Read", "Write")
    for word in ("--dynamic-config-value", f"matching.numTaskqueue{side}Partitions=1")
]


class EmbeddedState(msgspec.Struct, frozen=True):
    """Ports are chosen once and kept, so that whoever is connected finds the server again after a restart."""

    port: int
    ui_port: int
    process: Pid | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.ui_port}"


class EmbeddedServer:
    """`folder` holds `server.json`, the database and the log; one server for each folder."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder

    @property
    def state(self) -> EmbeddedState | None:
        return read_state(self._folder)

    async def ensure(self, patience: float = 30.0) -> EmbeddedState:
        """Adopt the one that runs, or start it; returns when it answers."""
        until = time.monotonic() + patience
        while True:
            state = self.state
            if state is None or state.process is None or not is_alive(state.process):
                state = self._start(state)
            try:
                await wait_until_it_answers(state, 2.0)
            except UnreachableError:
                # It may have died at once, e.g. because the one before it had not left its port yet.
                if time.monotonic() > until:
                    raise
            else:
                return state

    def stop(self) -> None:
        """Its database stays; asked twice is fine."""
        state = self.state
        if state is not None and state.process is not None:
            stop(state.process)
            self._save(msgspec.structs.replace(state, process=None))

    def _start(self, before: EmbeddedState | None) -> EmbeddedState:
        state = before or EmbeddedState(free_port(), free_port())
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        process = start_detached(
            [
                str(self._binary),
                "server",
                "start-dev",
                "--ip",
                "127.0.0.1",
                "--ui-ip",
                "127.0.0.1",
                "--port",
                str(state.port),
                "--ui-port",
                str(state.ui_port),
                "--db-filename",
                str(self._folder / "temporal.db"),
                "--log-level",
                "warn",
                *_ONE_PARTITION,
            ],
            self._folder / "temporal.log",
            os.environ,
        )
        state = msgspec.structs.replace(state, process=process)
        self._save(state)
        return state

    def _save(self, state: EmbeddedState) -> None:
        draft = self._folder / "server.json.new"
        draft.write_text(wire.encode_pretty(state))
        draft.replace(self._folder / "server.json")


def read_state(folder: Path) -> EmbeddedState | None:
    """What is known of the server of that folder; None where there has never been one."""
    try:
        return wire.decode((folder / "server.json").read_bytes(), EmbeddedState)
    except FileNotFoundError:
        return None


async def wait_until_it_answers(state: EmbeddedState, patience: float) -> None:
    """UnreachableError after `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            client = await connect(Server(state.address), timedelta(seconds=2))
            if await client.service_client.check_health(timeout=timedelta(seconds=2)):
                return
        except UnreachableError:
            if time.monotonic() > until:
                raise
        except RuntimeError as error:
            if time.monotonic() > until:
                raise UnreachableError(f"Temporal is not healthy at `{state.address}`: {error}") from error
        await asyncio.sleep(0.2)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
