"""Sends requests at a constant rate, whatever becomes of them."""

import asyncio
import time
from itertools import cycle
from pathlib import Path

from fairlead.twin.traffic.load.client import Client
from fairlead.twin.traffic.load.report import Record, read_settings

# Three page views to one call of the API, which is a backend of its own in the balancer.
_PATHS = ("/", "/", "/", "/api/items")
# More than 10 s of requests without any answer at the demo's rate; beyond that we measure ourselves.
_MOST_IN_FLIGHT = 3000
_LATE_SECONDS = 0.05


class Generator:
    """An open loop: the n-th request is due at n / rate, also when the answers before it are late."""

    def __init__(self, client: Client, record: Record, folder: Path, rate: float) -> None:
        self._client, self._record, self._folder = client, record, folder
        self._spec_rate = rate
        self._paths = cycle(_PATHS)
        self._under_way: set[asyncio.Task[None]] = set()
        self._look()

    async def run(self, stopped: asyncio.Event) -> None:
        """Until `stopped`; then waits for what is under way, and writes the last totals."""
        async with asyncio.TaskGroup() as tasks:
            arrivals = tasks.create_task(self._arrivals())
            writing = tasks.create_task(self._write_each_second())
            await stopped.wait()
            arrivals.cancel()
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=12.0)
            writing.cancel()
        self._look()
        self._record.close()
        self._client.close()

    async def _arrivals(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            rate = self._record.rate
            if rate <= 0:
                await asyncio.sleep(0.5)
                due = loop.time()
                continue
            while due <= loop.time():
                self._begin(late=loop.time() - due > _LATE_SECONDS)
                due += 1 / rate
            await asyncio.sleep(due - loop.time())

    def _begin(self, *, late: bool) -> None:
        path = next(self._paths)
        if len(self._under_way) >= _MOST_IN_FLIGHT:
            self._record.unsent += 1
            return
        self._record.sent += 1
        self._record.late += late
        task = asyncio.create_task(self._request(path))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _request(self, path: str) -> None:
        sent, began = time.time(), time.perf_counter()
        outcome = await self._client.get(path)
        seconds = time.perf_counter() - began
        self._record.resent += outcome.resent
        if outcome.status == 200:
            self._record.serve(path, outcome.cluster, sent, seconds)
        else:
            self._record.fail(path, outcome.status, outcome.cluster, sent, seconds, outcome.reason)

    async def _write_each_second(self) -> None:
        while True:
            self._look()
            self._record.write()
            await asyncio.sleep(1)

    def _look(self) -> None:
        self._record.rate = self._spec_rate * read_settings(self._folder).factor
        self._record.in_flight = len(self._under_way)
