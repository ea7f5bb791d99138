"""Entry of the supervisor process: one argument, the twin's folder."""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from fairlead.model import wire
from fairlead.twin import protocol
from fairlead.twin.state import TwinState
from fairlead.twin.supervisor.logs import keep_short
from fairlead.twin.supervisor.readiness import Probe
from fairlead.twin.supervisor.records import Records
from fairlead.twin.supervisor.replacement import ControlPlanes
from fairlead.twin.supervisor.server import ControlServer
from fairlead.twin.supervisor.table import Table


async def supervise(state: TwinState, announce: Callable[[], None]) -> None:
    """Serve the control socket (`announce` it) until asked to end, by a request or by SIGTERM; then stop everything."""
    records = Records(state.root)
    records.note("supervisor", os.getpid())
    table = Table(state.root, records, Probe(state.pki))
    server = ControlServer(table, ControlPlanes(state, table))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.asked_to_end.set)
    state.control_socket.unlink(missing_ok=True)
    listening = await asyncio.start_unix_server(server.serve, str(state.control_socket), limit=protocol.LONGEST_LINE)
    state.control_socket.chmod(0o600)
    announce()
    shortening = asyncio.create_task(keep_short(state.logs))
    await server.asked_to_end.wait()
    shortening.cancel()
    listening.close()
    await table.stop_all()
    records.forget("supervisor")
    state.control_socket.unlink(missing_ok=True)


def main() -> None:
    """Return (exit code 0) when the supervisor serves in the background, or (1) when it could not start."""
    reading, writing = os.pipe()
    # Whoever starts a twin shall not stay the parent of what outlives them.
    if os.fork():
        os.close(writing)
        os._exit(0 if os.read(reading, 1) else 1)
    os.close(reading)
    os.setsid()
    _run(Path(sys.argv[1]), lambda: _announce(writing))


def _announce(pipe: int) -> None:
    os.write(pipe, b"!")
    os.close(pipe)


def _run(folder: Path, announce: Callable[[], None]) -> None:
    structlog.configure(
        processors=[structlog.processors.TimeStamper(fmt="iso"), structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    state = wire.decode((folder / "twin.json").read_bytes(), TwinState)
    with (state.root / "supervisor.lock").open("w") as lock:
        # Only one supervisor per folder: a second one ends at once.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        asyncio.run(supervise(state, announce))


if __name__ == "__main__":
    main()
