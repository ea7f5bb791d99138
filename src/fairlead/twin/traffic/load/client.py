"""Keep-alive connections to one HTTP port, and one request at a time on each."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from fairlead.twin.traffic.http import Head, parse_head


class Outcome(NamedTuple):
    """`status` 0: no answer, and `reason` says why. `resent`: it took a second connection."""

    status: int
    cluster: str = ""
    reason: str = ""
    resent: bool = False


class _Connection(asyncio.Protocol):
    """Sends one request and calls back with what became of it; then it may be given another."""

    def __init__(self, is_free: Callable[["_Connection"], None]) -> None:
        self._is_free = is_free
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self._head: Head | None = None
        self._done: asyncio.Future[Outcome] | None = None
        self.used = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def answer_began(self) -> bool:
        return bool(self._data)

    def send(self, request: bytes) -> asyncio.Future[Outcome]:
        """Status 0 when the connection ends before the answer does."""
        self._data.clear()
        self._head = None
        done = self._done = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._end(Outcome(0, reason="connection closed"))
        else:
            self._transport.write(request)
        return done

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._done is None:
            return
        if self._head is not None and "content-length" not in self._head.headers and exc is None:
            self._finish(self._head)  # an answer without a length ends with its connection
        else:
            self._end(Outcome(0, reason=f"connection closed{f' ({exc})' if exc else ''}"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._head is None:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = parse_head(bytes(self._data[:end]))
            del self._data[: end + 2]  # what is left begins with two bytes, so `answer_began` stays true
        if "content-length" in self._head.headers and len(self._data) >= 2 + self._head.length:
            self._finish(self._head)

    def _finish(self, head: Head) -> None:
        self.used += 1
        self._end(Outcome(int(head.words[1]), head.headers.get("x-cluster", "")))
        if head.closes or self._transport is None:
            self.abort()
        else:
            self._is_free(self)

    def _end(self, outcome: Outcome) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(outcome)
        self._done = None


class Client:
    """`within`: seconds a request may take in all. Opens as many connections as there are requests at once."""

    def __init__(self, host: str, port: int, within: float = 10.0) -> None:
        self._host, self._port, self._within = host, port, within
        self._free: deque[_Connection] = deque()
        self._head = f"\r\nhost: {host}:{port}\r\nuser-agent: fairlead-load\r\n\r\n"

    async def get(self, path: str) -> Outcome:
        """Never raises for what the other side does."""
        request = f"GET {path} HTTP/1.1{self._head}".encode()
        try:
            async with asyncio.timeout(self._within):
                return await self._send(request)
        except TimeoutError:
            return Outcome(0, reason=f"no answer within {self._within:g}s")
        except (OSError, ValueError) as error:
            return Outcome(0, reason=str(error) or type(error).__name__)

    def close(self) -> None:
        for connection in self._free:
            connection.abort()
        self._free.clear()

    async def _send(self, request: bytes) -> Outcome:
        kept = self._kept()
        if kept is not None:
            outcome = await _exchange(kept, request)
            if outcome.status or kept.answer_began:
                return outcome
            # The server closed an idle connection while our request was under way; nothing was answered.
            return (await _exchange(await self._connect(), request))._replace(resent=True)
        return await _exchange(await self._connect(), request)

    def _kept(self) -> _Connection | None:
        while self._free:
            # The one used last: the others may fall idle and be closed.
            connection = self._free.pop()
            if connection.is_open:
                return connection
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self._free.append), self._host, self._port)
        return connection


async def _exchange(connection: _Connection, request: bytes) -> Outcome:
    try:
        return await connection.send(request)
    except asyncio.CancelledError:
        # A late answer must not be taken for that of the next request.
        connection.abort()
        raise
