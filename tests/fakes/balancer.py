"""A balancer in memory: keeps the port's promises and simulates the traffic, by a clock or look by look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fairlead.traffic.port import (
    BackendCount,
    BalancerRefusedError,
    BalancerUnreachableError,
    Entry,
    EntryState,
    ServerCount,
)
from fairlead.traffic.verdict import all_or_error


@dataclass
class _Server:
    state: EntryState = EntryState.READY
    up: bool = True
    weight_percent: int = 100
    requests: float = 0.0
    failed: float = 0.0
    rate: float = 0.0
    rate_peak: float = 0.0

    @property
    def takes(self) -> bool:
        return self.up and self.state is EntryState.READY and self.weight_percent > 0


@dataclass
class _Worker:
    address: str
    pid: int
    old: bool = False
    servers: dict[tuple[str, str], _Server] = field(default_factory=dict)
    pinned: dict[str, int] = field(default_factory=dict)
    refused: dict[str, float] = field(default_factory=dict)


class FakeBalancer:
    """
    `rates`: requests a second each server gets while all are in; the sum stays when one leaves. They are shared evenly
    over `backends` and `processes`. Traffic flows by `clock` (seconds) if there is one, however many look at it;
    without one each look (`entries`) lets `seconds_per_look` pass first, so that counters move as they would between
    two polls of somebody who is alone. `advance` lets time pass by hand.
    """

    def __init__(
        self,
        rates: Mapping[str, float],
        name: str = "global",
        backends: Sequence[str] = ("shop", "api"),
        processes: int = 1,
        seconds_per_look: float = 1.0,
        limit: int = 100,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._name = name
        self._rates = dict(rates)
        self._backends = tuple(backends)
        self._limit = limit
        self._next_pid = 100
        self.seconds_per_look = seconds_per_look
        self._clock = clock
        self._flowed_until = clock() if clock else 0.0
        self.commands: list[tuple[str, str, str]] = []
        """What was asked for, in order: (`set_state` | `set_weight` | `end_sessions`, server, value)."""
        self.configured_weight = 100
        self.mean_ms = dict.fromkeys(rates, 15.0)
        self.failing = dict.fromkeys(rates, 0.0)
        """Share of each server's requests that fail, 0-1."""
        self.silent: set[str] = set()
        """Addresses of processes that do not answer."""
        self._workers = [self._worker(f"/run/haproxy-{number}.sock") for number in range(processes)]

    @property
    def name(self) -> str:
        return self._name

    @property
    def addresses(self) -> list[str]:
        return [worker.address for worker in self._current()]

    # What the world does to it.

    def advance(self, seconds: float) -> None:
        """Let traffic flow for so long."""
        for worker in self._current():
            for backend in self._backends:
                self._flow(worker, backend, seconds)

    def pin(self, server: str, sessions: int) -> None:
        """Long connections that do not end by themselves, in every current process; 0 lets them go everywhere."""
        self._catch_up()
        for worker in self._workers if sessions == 0 else self._current():
            worker.pinned[server] = sessions
        self._forget_the_finished()

    def set_up(self, server: str, *, up: bool) -> None:
        """Whether its health checks pass."""
        self._catch_up()
        for worker in self._current():
            for backend in self._backends:
                worker.servers[backend, server].up = up

    def reload(self) -> None:
        """New workers with nothing but the configuration; the old ones stay as long as they have sessions."""
        self._catch_up()
        for worker in self._current():
            worker.old = True
            self._workers.append(self._worker(worker.address))
        self._forget_the_finished()

    def total(self) -> tuple[int, int]:
        """Requests and failures so far, of the workers that still live."""
        entries = [entry for worker in self._workers for entry in self._entries(worker)]
        return sum(entry.requests for entry in entries), sum(entry.failed for entry in entries)

    # The port.

    async def entries(self, servers: Sequence[str] = ()) -> Sequence[Entry]:
        self._catch_up() if self._clock else self.advance(self.seconds_per_look)
        self._all_answer()
        seen = [entry for worker in self._workers for entry in self._entries(worker)]
        return [entry for entry in seen if not servers or entry.server in servers]

    async def backend_counts(self) -> Sequence[BackendCount]:
        self._catch_up()
        self._all_answer()
        return [self._count(worker, backend) for worker in self._workers for backend in self._backends]

    async def set_state(self, server: str, state: EntryState) -> None:
        self.commands.append(("set_state", server, str(state)))
        for each in self._having(server):
            each.state = state
        self._all_answer()

    async def set_weight(self, server: str, percent: int) -> None:
        if not 0 <= percent <= 100:
            raise BalancerRefusedError(f"a weight of {percent}% is not between 0 and 100")
        self.commands.append(("set_weight", server, str(percent)))
        for each in self._having(server):
            each.weight_percent = percent
        self._all_answer()

    async def end_sessions(self, server: str) -> None:
        self.commands.append(("end_sessions", server, ""))
        self._having(server)
        for worker in self._workers:
            if worker.address not in self.silent:
                worker.pinned.pop(server, None)
        self._forget_the_finished()
        self._all_answer()

    # How it works inside.

    def _catch_up(self) -> None:
        """What has come since the last look came under the states as they were until now."""
        if self._clock is not None:
            before, self._flowed_until = self._flowed_until, self._clock()
            self.advance(self._flowed_until - before)

    def _worker(self, address: str) -> _Worker:
        self._next_pid += 1
        servers = {(backend, server): _Server() for backend in self._backends for server in self._rates}
        return _Worker(address, self._next_pid, servers=servers)

    def _current(self) -> list[_Worker]:
        return [worker for worker in self._workers if not worker.old]

    def _forget_the_finished(self) -> None:
        self._workers = [each for each in self._workers if not each.old or any(each.pinned.values())]

    def _having(self, server: str) -> list[_Server]:
        if server not in self._rates:
            raise BalancerRefusedError(f"no backend has a server `{server}`", place=self._name)
        self._catch_up()
        return [
            worker.servers[backend, server]
            for worker in self._current()
            for backend in self._backends
            if worker.address not in self.silent
        ]

    def _all_answer(self) -> None:
        outcomes = [
            BalancerUnreachableError("no answer within 1s", place=each) if each in self.silent else None
            for each in self.addresses
        ]
        all_or_error(self._name, self.addresses, outcomes)

    def _flow(self, worker: _Worker, backend: str, seconds: float) -> None:
        servers = {server: worker.servers[backend, server] for server in self._rates}
        demand = sum(self._rates.values()) / len(self._backends) / len(self._current())
        shares = {name: self._rates[name] * each.weight_percent for name, each in servers.items() if each.takes}
        whole = sum(shares.values())
        if not whole:
            worker.refused[backend] = worker.refused.get(backend, 0.0) + demand * seconds
        for name, each in servers.items():
            each.rate = demand * shares.get(name, 0.0) / whole if whole else 0.0
            each.rate_peak = max(each.rate_peak, each.rate)
            each.requests += each.rate * seconds
            each.failed += each.rate * seconds * self.failing[name]

    def _entries(self, worker: _Worker) -> list[Entry]:
        return [self._entry(worker, backend, server) for backend, server in worker.servers]

    def _entry(self, worker: _Worker, backend: str, server: str) -> Entry:
        now = worker.servers[backend, server]
        # Little's law; what is pinned is shown in one backend.
        flowing = 0 if worker.old else round(now.rate * self.mean_ms[server] / 1000)
        pinned = worker.pinned.get(server, 0) if backend == self._backends[0] else 0
        return Entry(
            balancer=self._name,
            address=worker.address,
            process=worker.pid,
            old_process=worker.old,
            backend=backend,
            server=server,
            state=now.state,
            up=now.up,
            weight=now.weight_percent,
            weight_percent=now.weight_percent,
            configured_weight=self.configured_weight,
            sessions=flowing + pinned,
            queued=0,
            requests=int(now.requests),
            failed=int(now.failed),
            rate=0 if worker.old else round(now.rate),
            rate_peak=round(now.rate_peak),
            limit=self._limit,
            mean_ms=self.mean_ms[server],
        )

    def _count(self, worker: _Worker, backend: str) -> BackendCount:
        entries = [entry for entry in self._entries(worker) if entry.backend == backend]
        refused = int(worker.refused.get(backend, 0.0))
        return BackendCount(
            balancer=self._name,
            address=worker.address,
            process=worker.pid,
            old_process=worker.old,
            backend=backend,
            requests=sum(entry.requests for entry in entries) + refused,
            answered_5xx=sum(entry.failed for entry in entries) + refused,
            sessions=sum(entry.sessions for entry in entries),
            queued=0,
            servers=tuple(ServerCount(entry.server, entry.requests, entry.mean_ms) for entry in entries),
        )
