"""Keeps the embedded engine alive: Temporal's dev server and one worker, started again whatever kills them."""

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fairlead.engine.embedded import EmbeddedServer, EmbeddedState, read_state, wait_until_it_answers
from fairlead.engine.process import Pid, is_alive, start_detached, stop
from fairlead.model import wire
from fairlead.model.errors import FairleadError, UnreachableError
from fairlead.worker.places import engine_folder, temporal_binary

_LOOK_EVERY = 0.5
# A worker that dies at once would otherwise be started twice a second for ever; one that has worked for a while and is
# then killed is started again without delay.
_LONGEST_PAUSE = 30.0
_HAS_WORKED = 5.0


class KeeperState(msgspec.Struct, frozen=True):
    """Who runs: pids with their start times."""

    keeper: Pid
    worker: Pid | None = None


class EngineStatus(msgspec.Struct, frozen=True):
    """What `fairlead worker status` shows; `address` and `ui` are empty where there has never been a server."""

    keeper: int | None
    server: int | None
    worker: int | None
    address: str
    ui: str
    folder: str


class Keeper:
    """One for each folder: whoever holds the lock."""

    def __init__(self, folder: Path, binary: Path) -> None:
        self._folder = folder
        self._server = EmbeddedServer(binary, folder)
        self._told_to_stop = False
        self._worker: Pid | None = None
        self._started_at = 0.0
        self._pause = _LOOK_EVERY

    async def run(self) -> None:
        """Until SIGTERM; then the worker ends, and the server after it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        before = read_keeper(self._folder)
        self._worker = before.worker if before else None
        while not self._told_to_stop:
            await self._look_after_both()
            await asyncio.sleep(_LOOK_EVERY)
        if self._worker is not None:
            stop(self._worker)
        self._server.stop()
        (self._folder / "keeper.json").unlink(missing_ok=True)

    def _stop(self) -> None:
        self._told_to_stop = True

    async def _look_after_both(self) -> None:
        try:
            state = await self._server.ensure()
        except UnreachableError as error:
            sys.stderr.write(f"Temporal does not come up, trying again: {error}\n")
            return
        if self._worker is None or not is_alive(self._worker):
            self._start_worker(state)

    def _start_worker(self, state: EmbeddedState) -> None:
        lived = time.monotonic() - self._started_at
        if self._worker is not None and lived < self._pause:
            return
        self._pause = _LOOK_EVERY if lived > _HAS_WORKED else min(_LONGEST_PAUSE, self._pause * 2)
        self._started_at = time.monotonic()
        environment = {**os.environ, "FAIRLEAD_TEMPORAL_ADDRESS": state.address}
        argv = [sys.executable, "-m", "fairlead", "worker"]
        self._worker = start_detached(argv, self._folder / "worker.log", environment)
        _save(self._folder, KeeperState(_myself(), self._worker))


def read_keeper(folder: Path) -> KeeperState | None:
    """What the keeper of that folder has written; None where there is none."""
    try:
        return wire.decode((folder / "keeper.json").read_bytes(), KeeperState)
    except FileNotFoundError:
        return None


def status(folder: Path) -> EngineStatus:
    """Who is alive."""
    kept, server = read_keeper(folder), read_state(folder)
    return EngineStatus(
        keeper=_alive(kept.keeper if kept else None),
        server=_alive(server.process if server else None),
        worker=_alive(kept.worker if kept else None),
        address=server.address if server else "",
        ui=server.ui if server else "",
        folder=str(folder),
    )


def has_lost_its_keeper(folder: Path) -> bool:
    """Whether an engine that nobody stopped is without its keeper: it was killed, or the machine was."""
    kept = read_keeper(folder)
    return kept is not None and not is_alive(kept.keeper)


async def ensure_engine(folder: Path, patience: float = 60.0) -> EmbeddedState:
    """The embedded server with a worker, kept alive; started now if they are not. UnreachableError after `patience`."""
    now = status(folder)
    if now.keeper is None:
        # Built or found here, so that a build that takes minutes is seen by whoever waits for it.
        temporal_binary()
        start_detached([sys.executable, "-m", "fairlead.worker.keeper"], folder / "keeper.log", os.environ)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        state, now = read_state(folder), status(folder)
        if state is not None and now.server and now.worker:
            await wait_until_it_answers(state, patience)
            return state
        await asyncio.sleep(0.1)
    raise UnreachableError(f"the embedded engine has not come up in {patience:.0f}s", hint=f"look at `{folder}/*.log`")


def stop_engine(folder: Path) -> bool:
    """Stop keeper, worker and server; whether anything ran. Runs under way go on when it is started again."""
    kept, server = read_keeper(folder), read_state(folder)
    now = status(folder)
    if kept is not None:
        stop(kept.keeper, grace=30.0)
        # A keeper that was killed has left its children behind.
        if kept.worker is not None:
            stop(kept.worker)
    if server is not None and server.process is not None:
        stop(server.process)
    (folder / "keeper.json").unlink(missing_ok=True)
    return any((now.keeper, now.server, now.worker))


def _alive(process: Pid | None) -> int | None:
    return process.pid if process is not None and is_alive(process) else None


def _myself() -> Pid:
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return Pid(os.getpid(), int(stat[19]))


def _save(folder: Path, state: KeeperState) -> None:
    draft = folder / "keeper.json.new"
    draft.write_text(wire.encode_pretty(state))
    draft.replace(folder / "keeper.json")


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "keeper.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def main() -> int:
    """Keep the engine of the user's state folder; ends at once where another keeper does."""
    folder = engine_folder()
    with _alone(folder) as first:
        if not first:
            return 0
        before = read_keeper(folder)
        _save(folder, KeeperState(_myself(), before.worker if before else None))
        try:
            asyncio.run(Keeper(folder, temporal_binary()).run())
        except FairleadError as error:
            sys.stderr.write(f"error: {error}\n")
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
