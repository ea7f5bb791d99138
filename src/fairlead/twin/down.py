"""Take a twin down: ask its supervisor, then make sure by pid, so that neither process nor port stays behind."""

import asyncio
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from fairlead.model.errors import FairleadError, UnreachableError
from fairlead.twin.control import Control
from fairlead.twin.state import TwinState
from fairlead.twin.supervisor.records import Record, Records, is_alive, marked, record_of

_GRACE = 5.0


async def take_down(state: TwinState, *, keep: bool = False) -> int:
    """Stop everything and remove the twin's folder (`keep`: leave it); how many processes had to be hunted down."""
    if state.control_socket.exists():
        # A supervisor that is dead or stuck is no obstacle: the sweep finds what it leaves.
        supervisor = Records(state.root).read().get("supervisor")
        with suppress(UnreachableError):
            await Control(state.control_socket, timeout=40).shutdown()
            await _until_ended(supervisor)
    hunted = sweep(state.root)
    if state.sockets != state.root:
        shutil.rmtree(state.sockets, ignore_errors=True)
    if not keep:
        shutil.rmtree(state.root, ignore_errors=True)
    return hunted


def sweep(folder: Path) -> int:
    """
    End every process of the twin in `folder`: those on record and those that carry its mark.

    SIGTERM, then SIGKILL; FairleadError where one survives. Safe when nothing runs.
    """
    hunted: set[int] = set()
    deadline = time.monotonic() + 3 * _GRACE
    begun = time.monotonic()
    while pids := _remaining(folder):
        late = time.monotonic() - begun > _GRACE
        # The supervisor first and for good: it would start again what we end.
        for pid in pids:
            _signal(pid, signal.SIGKILL if late or pid in _supervisors(folder) else signal.SIGTERM)
        hunted |= pids
        if time.monotonic() > deadline:
            raise FairleadError(f"these processes of the twin do not end: {sorted(pids)}")
        time.sleep(0.1)
    return len(hunted)


def _remaining(folder: Path) -> set[int]:
    recorded = {record.pid for record in Records(folder).read().values() if is_alive(record)}
    return {pid for pid in recorded | marked(folder) if record_of(pid) is not None}


def _supervisors(folder: Path) -> set[int]:
    record = Records(folder).read().get("supervisor")
    return {record.pid} if record else set()


async def _until_ended(supervisor: Record | None) -> None:
    for _ in range(100):
        if supervisor is None or not is_alive(supervisor):
            return
        await asyncio.sleep(0.05)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
