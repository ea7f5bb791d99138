"""From a fleet file to its runs: the connection, and what a run's state means as an exit code."""

import getpass
import os
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from fairlead.engine.connect import Server, connect, named_by
from fairlead.engine.embedded import read_state
from fairlead.fleet.file import Fleet
from fairlead.model.errors import UnreachableError
from fairlead.upgrade.run import Runs
from fairlead.upgrade.state import FleetState, Phase
from fairlead.worker.keeper import ensure_engine, has_lost_its_keeper
from fairlead.worker.places import engine_folder


class Exit(IntEnum):
    """The documented exit codes of `fairlead upgrade`; 2 and 3 are those of `model.errors`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    HELD = 4


def exit_of(run: FleetState) -> Exit:
    """DONE also for a run that goes on by itself."""
    if run.ended is not None:
        return Exit.DONE if run.phase is Phase.DONE else Exit.FAILED
    return Exit.HELD if waits_for_a_person(run) else Exit.DONE


def waits_for_a_person(run: FleetState) -> bool:
    """Whether nothing will go on until somebody decides: every open cluster is held."""
    return bool(run.open) and set(run.open) <= set(run.held)


async def runs_of(fleet: Fleet, *, start: bool = False) -> Runs:
    """
    The runs of a fleet; `start`: bring the embedded engine up if it is the one meant and is down. One that has lost
    its keeper is brought up for whoever asks: its runs are to go on.
    """
    server = named_by(os.environ)
    if server is None:
        folder = engine_folder()
        wanted = start or has_lost_its_keeper(folder)
        state = await ensure_engine(folder) if wanted else read_state(folder)
        if state is None:
            raise UnreachableError(
                "there is no Temporal server", hint="`fairlead upgrade start` or `fairlead worker start` starts one"
            )
        server = Server(state.address)
    client = await connect(server)
    return Runs(client, fleet.metadata.name, fleet.spec.gke, lambda: datetime.now(UTC))


async def refuse_a_second(fleet: Fleet) -> None:
    """FairleadError names the run that is under way; where there is no Temporal server there is none."""
    try:
        runs = await runs_of(fleet)
    except UnreachableError:
        return
    await runs.refuse_a_second()


def whoami() -> str:
    """Who is asking, for the run's records."""
    return getpass.getuser()


def come_back(fleet: Path) -> str:
    """How to look at the run again."""
    return f"the run goes on; `fairlead upgrade watch --fleet {fleet}` comes back to it"
