"""The control socket: reads requests, does them, answers."""

import asyncio

import structlog

from fairlead.model import wire
from fairlead.model.errors import FairleadError, UsageError
from fairlead.twin import protocol
from fairlead.twin.supervisor.replacement import ControlPlanes
from fairlead.twin.supervisor.table import Table

_log = structlog.get_logger()


class ControlServer:
    """One line in, one line out, as many connections as come."""

    def __init__(self, table: Table, planes: ControlPlanes) -> None:
        self._table = table
        self._planes = planes
        self.asked_to_end = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        try:
            while line := await reader.readline():
                answer = await self._answer(wire.decode(line, protocol.Ask).request)
                writer.write(wire.encode(protocol.Reply(answer)) + b"\n")
                await writer.drain()
        except ConnectionError as error:
            _log.info("client gone", error=str(error))
        finally:
            writer.close()

    async def _answer(self, request: protocol.Request) -> protocol.Answer:
        try:
            await self._do(request)
        except (FairleadError, OSError) as error:
            _log.warning("refused", request=type(request).__name__, error=str(error))
            hint = error.hint if isinstance(error, FairleadError) else ""
            return protocol.Failed(str(error), hint, usage=isinstance(error, UsageError))
        return protocol.Done(self._table.statuses())

    async def _do(self, request: protocol.Request) -> None:
        match request:
            case protocol.Processes():
                return
            case protocol.Start(spec=spec):
                await self._table.start(spec)
            case protocol.Stop(name=name):
                await self._table.stop(name)
            case protocol.Resume(name=name):
                await self._table.start(self._table.find(name).spec)
            case protocol.Kill(name=name):
                self._table.find(name).kill()
            case protocol.Pause(name=name, seconds=seconds, freeze=freeze):
                child = self._table.find(name)
                (child.freeze if freeze else child.stay_away)(seconds)
            case protocol.SetControlPlane(cluster=cluster, version=version):
                await self._planes.bring_to(cluster, version)
            case protocol.Shutdown():
                await self._table.stop_all()
                self.asked_to_end.set()
