"""One HAProxy process with its workers: what each says, and how one is told to change."""

from collections.abc import Iterator, Sequence

import msgspec

from fairlead.fleet.file import HaproxyProcess
from fairlead.traffic.haproxy import answers
from fairlead.traffic.haproxy.socket import ask, ask_master
from fairlead.traffic.port import BalancerRefusedError, BalancerUnreachableError


class WorkerPicture(msgspec.Struct, frozen=True):
    """All that one worker said in one breath."""

    address: str
    info: answers.Info
    rows: tuple[answers.Row, ...]
    states: tuple[answers.ServerState, ...]
    old: bool

    def servers(self, names: Sequence[str]) -> Iterator[tuple[answers.Row, answers.ServerState]]:
        """Statistics and state of the named servers (none named: of all), backend by backend."""
        rows = {(row.pxname, row.svname): row for row in self.rows if row.type == answers.SERVER}
        for state in self.states:
            row = rows.get((state.backend, state.server))
            if row is not None and (not names or state.server in names):
                yield row, state


class Haproxy:
    """One `haproxy` of the fleet file, by its admin socket and, where it is given, its master CLI."""

    _QUESTIONS = ("show info", "show stat", "show servers state")

    def __init__(self, place: HaproxyProcess, within: float) -> None:
        self._place, self._within = place, within

    @property
    def address(self) -> str:
        return self._place.socket

    async def current(self) -> WorkerPicture:
        """The worker that takes new connections."""
        return self._picture(await ask(self.address, ";".join(self._QUESTIONS), self._within), old=False)

    async def pictures(self) -> list[WorkerPicture]:
        """
        The current worker and all those that reloads have left behind with their sessions.

        Old workers are read first: one that a reload leaves behind in between would else be missed.
        """
        before = await self._old_workers(known=())
        current = await self.current()
        # A reload between the two questions has moved the current worker's predecessor among the old ones.
        after = await self._old_workers(known=[picture.info.pid for picture in before])
        return [current, *(picture for picture in (*before, *after) if picture.info.pid != current.info.pid)]

    async def change(self, command: str) -> None:
        """Give one `set …` or `shutdown …`. An empty line means it is done, words that it is not."""
        answer = (await ask(self.address, command, self._within)).strip()
        if answer:
            raise BalancerRefusedError(f"`{command}` was refused: `{answer}`", place=self.address)

    async def end_old_sessions(self, server: str) -> None:
        """
        Cut the server's sessions in old workers, one by one: in a worker that stops, HAProxy refuses everything that
        names a server (`Proxy is disabled.`, seen on 2.6.12).
        """
        for pid in await self._old_pids():
            for session in answers.sessions(await self._ask_worker(pid, "show sess"), server):
                await self._ask_worker(pid, f"shutdown session {session}")

    async def _ask_worker(self, pid: int, *commands: str) -> str:
        assert self._place.master is not None, "without a master CLI no old worker is known"
        return await ask_master(
            self._place.master, ";".join(f"@!{pid} {command}" for command in commands), self._within
        )

    async def _old_pids(self) -> list[int]:
        if self._place.master is None:
            return []
        listed = answers.processes(await ask_master(self._place.master, "show proc", self._within))
        return [each.pid for each in listed if each.old and each.kind == "worker"]

    async def _old_workers(self, known: Sequence[int]) -> list[WorkerPicture]:
        seen = [await self._old_worker(pid) for pid in await self._old_pids() if pid not in known]
        return [picture for picture in seen if picture is not None]

    async def _old_worker(self, pid: int) -> WorkerPicture | None:
        """None when it ended after it was listed."""
        try:
            text = await self._ask_worker(pid, *self._QUESTIONS)
            return self._picture(text, old=True)
        except BalancerUnreachableError:
            if pid in await self._old_pids():
                raise
            return None

    def _picture(self, text: str, *, old: bool) -> WorkerPicture:
        about, rows, states = answers.sections(text, len(self._QUESTIONS))
        return WorkerPicture(
            address=self.address,
            info=answers.info(about),
            rows=tuple(answers.stat(rows)),
            states=tuple(answers.states(states)),
            old=old,
        )
