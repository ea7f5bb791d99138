"""Speak to a twin's supervisor over its control socket: look at processes, start, stop, kill, replace versions."""

import asyncio
from pathlib import Path

from fairlead.model import wire
from fairlead.model.errors import FairleadError, UnreachableError, UsageError
from fairlead.model.version import Version
from fairlead.twin import protocol
from fairlead.twin.process import ProcessSpec, ProcessStatus


class Control:
    """
    A client of the supervisor; each call opens its own connection, so one object may be shared and kept.

    Every method raises UnreachableError where no supervisor answers, UsageError for an unknown process or cluster,
    FairleadError where the supervisor could not do it. All may be called twice.
    """

    def __init__(self, socket: Path, timeout: float = 180.0) -> None:
        self._socket = socket
        self._timeout = timeout

    async def processes(self) -> tuple[ProcessStatus, ...]:
        """Every process the supervisor knows, in the order they were first started."""
        return (await self._ask(protocol.Processes())).processes

    async def start(self, spec: ProcessSpec) -> None:
        """Start a process and wait until it is ready; one that runs with the same spec is left alone."""
        await self._ask(protocol.Start(spec))

    async def stop(self, name: str) -> None:
        """SIGTERM, then SIGKILL after some seconds; it is not restarted."""
        await self._ask(protocol.Stop(name))

    async def resume(self, name: str) -> None:
        """Start again what was stopped, as it was, and wait until it is ready."""
        await self._ask(protocol.Resume(name))

    async def kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it again if its spec says so."""
        await self._ask(protocol.Kill(name))

    async def pause(self, name: str, seconds: float, *, freeze: bool = False) -> None:
        """Keep a process away for `seconds` (returns at once): killed and restarted later, or frozen by SIGSTOP."""
        await self._ask(protocol.Pause(name, seconds, freeze))

    async def set_control_plane(self, cluster: str, version: Version) -> None:
        """Bring API server, controller-manager and scheduler of a cluster to `version`; returns when they serve it."""
        await self._ask(protocol.SetControlPlane(cluster, version))

    async def shutdown(self) -> None:
        """Stop every process and then the supervisor; returns when all processes are gone."""
        await self._ask(protocol.Shutdown())

    async def _ask(self, request: protocol.Request) -> protocol.Done:
        try:
            async with asyncio.timeout(self._timeout):
                line = await self._exchange(request)
        except (OSError, TimeoutError) as error:
            raise UnreachableError(
                f"the twin's supervisor does not answer at `{self._socket}`: {error or 'timed out'}",
                hint="`fairlead twin status` shows what runs, `fairlead twin up` starts a twin anew",
            ) from error
        return _done_or_raise(wire.decode(line, protocol.Reply).answer)

    async def _exchange(self, request: protocol.Request) -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(self._socket), limit=protocol.LONGEST_LINE)
        try:
            writer.write(wire.encode(protocol.Ask(request)) + b"\n")
            await writer.drain()
            line = await reader.readline()
        finally:
            writer.close()
        if not line:
            raise ConnectionError("it hung up before it answered")
        return line


def _done_or_raise(answer: protocol.Answer) -> protocol.Done:
    if isinstance(answer, protocol.Done):
        return answer
    kind = UsageError if answer.usage else FairleadError
    raise kind(answer.message, hint=answer.hint)
