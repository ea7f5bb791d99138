"""One process under supervision: started, watched, restarted, stopped."""

import asyncio
import os
import signal
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from fairlead.model.errors import FairleadError
from fairlead.twin.process import ProcessSpec, ProcessStatus
from fairlead.twin.supervisor.readiness import Probe
from fairlead.twin.supervisor.records import MARK, Records

_LONGEST_BACKOFF = 5.0
# Who lived this long has not failed to start: the next restart comes at once again.
_HEALTHY_AFTER = 10.0
# Who dies so often in a row will not get ready by more patience; it is tried on, but nobody need wait for it.
_HOPELESS = 4

_log = structlog.get_logger()


class Child:
    """Keeps one process alive from `start` to `stop`."""

    def __init__(self, spec: ProcessSpec, folder: Path, records: Records, probe: Probe) -> None:
        self.spec = spec
        self.restarts = 0
        self._folder = folder
        self._log_file = folder / "logs" / f"{spec.log or spec.name}.log"
        self._records = records
        self._probe = probe
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._thaw: asyncio.TimerHandle | None = None
        self._ready = asyncio.Event()
        self._hopeless = asyncio.Event()
        self._away_until = 0.0
        self._become("stopped")

    @property
    def status(self) -> ProcessStatus:
        return ProcessStatus(self.spec.name, self.pid, self._state, self.restarts, self._since)

    @property
    def pid(self) -> int | None:
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self) -> None:
        """Run it, and return when it is ready; FairleadError where it is not in time or keeps dying."""
        self._hopeless.clear()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep(), name=self.spec.name)
        verdicts = {asyncio.create_task(event.wait()) for event in (self._ready, self._hopeless)}
        try:
            await asyncio.wait({*verdicts, self._keeper}, timeout=self._patience(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for verdict in verdicts:
                verdict.cancel()
        if not self._ready.is_set():
            raise FairleadError(
                f"`{self.spec.name}` did not get ready; it said: {self._last_words()}",
                hint=f"its log is `{self._log_file}`",
            )

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL to it and all it started; it stays away."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        await self._end()
        self._records.forget(self.spec.name)
        self._become("stopped")

    def kill(self) -> None:
        """SIGKILL; what keeps it alive will notice."""
        self._signal(signal.SIGKILL)

    def stay_away(self, seconds: float) -> None:
        """Killed, and not started again before so many seconds have passed."""
        self._away_until = asyncio.get_running_loop().time() + seconds
        self.kill()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP now, SIGCONT then: its connections stand, but nobody answers."""
        self._signal(signal.SIGSTOP)
        self._become("paused")
        loop = asyncio.get_running_loop()
        self._thaw = loop.call_later(seconds, self._go_on)

    def rename(self, name: str) -> None:
        """Keep the process under another name; its log goes on where it began."""
        self._records.rename(self.spec.name, name)
        self.spec = msgspec.structs.replace(self.spec, name=name)

    def _go_on(self) -> None:
        self._signal(signal.SIGCONT)
        if self._state == "paused":
            self._become("ready")

    async def _keep(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            await self._run_once()
            if not self.spec.restart:
                self._become("stopped")
                return
            self.restarts += 1
            failures = 0 if loop.time() - begun > _HEALTHY_AFTER else failures + 1
            if failures >= _HOPELESS:
                self._hopeless.set()
            await self._back_off(failures)

    async def _back_off(self, failures: int) -> None:
        loop = asyncio.get_running_loop()
        away = self._away_until - loop.time()
        self._become("paused" if away > 0 else "dead")
        await asyncio.sleep(max(away, min(0.1 * 2**failures, _LONGEST_BACKOFF)))

    async def _run_once(self) -> None:
        self._process = process = await self._spawn()
        self._become("starting")
        watching = asyncio.create_task(self._watch_readiness())
        try:
            code = await process.wait()
        finally:
            watching.cancel()
            self._ready.clear()
        self._records.forget(self.spec.name)
        _log.warning("ended", name=self.spec.name, pid=process.pid, code=code)

    async def _spawn(self) -> asyncio.subprocess.Process:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.spec.argv,
                env={**os.environ, **self.spec.env, MARK: str(self._folder)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                # A group of its own, so that what it starts ends with it.
                start_new_session=True,
            )
        self._records.note(self.spec.name, process.pid)
        _log.info("started", name=self.spec.name, pid=process.pid)
        return process

    async def _watch_readiness(self) -> None:
        await self._probe.until_ready(self.spec.ready)
        self._become("ready")
        self._ready.set()

    async def _end(self) -> None:
        if self._process is None:
            return
        # A frozen process does not even hear SIGTERM.
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), self.spec.grace)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _become(self, state: str) -> None:
        self._state = state
        self._since = datetime.now(UTC).isoformat(timespec="milliseconds")

    def _patience(self) -> float:
        left_away = max(0.0, self._away_until - asyncio.get_running_loop().time())
        return self.spec.ready_within + left_away

    def _last_words(self) -> str:
        if not self._log_file.exists():
            return "nothing"
        lines = self._log_file.read_bytes()[-4000:].decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "nothing"
