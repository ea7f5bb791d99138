"""The emulator as a process: `python -m fairlead.twin.gke FOLDER`, FOLDER being a twin's."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import structlog

from fairlead.model import wire
from fairlead.twin.gke.emulator import Emulator
from fairlead.twin.gke.kube import KubeActor
from fairlead.twin.state import TwinState


def _log_as_json() -> None:
    """One line an event, tracebacks without the values of variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )


async def serve(folder: Path) -> None:
    """Until SIGTERM or SIGINT."""
    state = wire.decode((folder / "twin.json").read_bytes(), TwinState)
    actors = {name: KubeActor(state, name) for name in state.clusters}
    running = asyncio.create_task(Emulator(state, actors).run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    for actor in actors.values():
        await actor.close()


if __name__ == "__main__":
    _log_as_json()
    asyncio.run(serve(Path(sys.argv[1])))
