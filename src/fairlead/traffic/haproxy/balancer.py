"""The port `Balancer` over all HAProxy processes of one balancer of the fleet file."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from fairlead.fleet.file import FleetBalancer
from fairlead.traffic.haproxy import answers
from fairlead.traffic.haproxy.process import Haproxy, WorkerPicture
from fairlead.traffic.port import BackendCount, BalancerRefusedError, Entry, EntryState, ServerCount
from fairlead.traffic.verdict import all_or_error

T = TypeVar("T")

# What HAProxy allows in the names of proxies and servers (`doc/configuration.txt`, section 4): letters, digits, -_.:
_NAME = re.compile(r"[A-Za-z0-9_.:-]+")
_WORDS = {EntryState.READY: "ready", EntryState.DRAIN: "drain", EntryState.MAINTENANCE: "maint"}


class HaproxyBalancer:
    """
    One balancer: every process is asked or told, and every backend in it that has the server.

    `within`: seconds each answer may take. Counters come from HAProxy's own (source: `src/http_ana.c`,
    `src/backend.c`, and seen on 2.6.12): of a server, `hrsp_5xx` counts the 5xx it sent itself, `eresp` answers that
    never came, broke off or timed out, `econ` requests given up because no connection to it could be made. No failed
    request is in two of them, so `failed` is their sum; the one exception is a 5xx whose body also breaks off. `stot`
    also counts each repeated attempt to connect.
    """

    def __init__(self, balancer: FleetBalancer, within: float = 5.0) -> None:
        self._balancer = balancer
        self._processes = [Haproxy(place, within) for place in balancer.haproxy]

    @property
    def name(self) -> str:
        return self._balancer.name

    async def entries(self, servers: Sequence[str] = ()) -> Sequence[Entry]:
        pictures = await self._pictures()
        return [entry for picture in pictures for entry in self._entries(picture, servers)]

    async def backend_counts(self) -> Sequence[BackendCount]:
        pictures = await self._pictures()
        return [count for picture in pictures for count in self._backend_counts(picture)]

    async def set_state(self, server: str, state: EntryState) -> None:
        def command(now: answers.ServerState) -> str:
            return f"set server {now.backend}/{server} state {_WORDS[state]}"

        def agrees(now: answers.ServerState) -> bool:
            return now.admin.state is state

        await self._change(server, command, agrees, f"be `{state}`")

    async def set_weight(self, server: str, percent: int) -> None:
        if not 0 <= percent <= 100:
            raise BalancerRefusedError(f"a weight of {percent}% is not between 0 and 100")

        def command(now: answers.ServerState) -> str:
            # A configured weight of 1 has no tenth: HAProxy says yes to 10% and sets 0, which is no traffic at all.
            if percent > 0 and now.initial_weight and not now.initial_weight * percent // 100:
                raise BalancerRefusedError(
                    f"`{now.backend}/{server}` has a weight of {now.initial_weight}, and {percent}% of that is 0",
                    hint="give the servers of this backend weights of `100`, so that fractions of them exist",
                )
            return f"set server {now.backend}/{server} weight {percent}%"

        def agrees(now: answers.ServerState) -> bool:
            return now.weight == now.initial_weight * percent // 100

        await self._change(server, command, agrees, f"have {percent}% of its weight")

    async def end_sessions(self, server: str) -> None:
        async def end(process: Haproxy) -> None:
            for state in await self._having(process, server):
                await process.change(f"shutdown sessions server {state.backend}/{server}")
            await process.end_old_sessions(server)

        await self._everywhere(end)

    async def _change(
        self,
        server: str,
        command: Callable[[answers.ServerState], str],
        agrees: Callable[[answers.ServerState], bool],
        wanted: str,
    ) -> None:
        async def change(process: Haproxy) -> None:
            # All commands first: one that cannot be given means that none is.
            for line in [command(state) for state in await self._having(process, server)]:
                await process.change(line)
            for state in await self._having(process, server):
                if not agrees(state):
                    raise BalancerRefusedError(
                        f"`{state.backend}/{server}` was told to {wanted}, but has state `{state.admin.state}` and "
                        f"weight {state.weight} of {state.initial_weight}",
                        place=process.address,
                        hint="a server that tracks another follows it",
                    )

        await self._everywhere(change)

    async def _having(self, process: Haproxy, server: str) -> list[answers.ServerState]:
        """The server in every backend of the current worker; which ones is never assumed."""
        if not _NAME.fullmatch(server):
            raise BalancerRefusedError(f"`{server}` cannot be the name of a server", place=self.name)
        found = [state for _, state in (await process.current()).servers([server])]
        if not found:
            raise BalancerRefusedError(f"no backend has a server `{server}`", place=process.address)
        return found

    async def _pictures(self) -> list[WorkerPicture]:
        async def look(process: Haproxy) -> list[WorkerPicture]:
            return await process.pictures()

        return [picture for seen in await self._everywhere(look) for picture in seen]

    async def _everywhere(self, action: Callable[[Haproxy], Awaitable[T]]) -> list[T]:
        """All processes at once; what went wrong is told after each was tried."""
        outcomes = await asyncio.gather(*(action(process) for process in self._processes), return_exceptions=True)
        return all_or_error(self.name, [process.address for process in self._processes], outcomes)

    def _entries(self, picture: WorkerPicture, servers: Sequence[str]) -> Iterator[Entry]:
        for row, state in picture.servers(servers):
            yield Entry(
                balancer=self.name,
                address=picture.address,
                process=picture.info.pid,
                old_process=picture.old or picture.info.stopping,
                backend=state.backend,
                server=state.server,
                state=state.admin.state,
                up=state.running,
                weight=state.weight,
                weight_percent=state.weight_percent,
                configured_weight=state.initial_weight,
                sessions=row.scur,
                queued=row.qcur,
                requests=row.stot,
                failed=row.hrsp_5xx + row.econ + row.eresp,
                rate=row.rate,
                rate_peak=row.rate_max,
                limit=row.slim,
                mean_ms=float(row.mean_ms),
                queue_ms=float(row.qtime),
                retries=row.wretr + row.wredis,
            )

    def _backend_counts(self, picture: WorkerPicture) -> Iterator[BackendCount]:
        for row in picture.rows:
            if row.type == answers.BACKEND:
                yield BackendCount(
                    balancer=self.name,
                    address=picture.address,
                    process=picture.info.pid,
                    old_process=picture.old or picture.info.stopping,
                    backend=row.pxname,
                    requests=row.stot,
                    answered_5xx=row.hrsp_5xx,
                    queued=row.qcur,
                    sessions=row.scur,
                    servers=tuple(
                        ServerCount(each.svname, each.stot, float(each.mean_ms))
                        for each in picture.rows
                        if each.type == answers.SERVER and each.pxname == row.pxname
                    ),
                )
