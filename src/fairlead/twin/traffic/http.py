"""HTTP/1.1 on `asyncio.Protocol`, as much of it as a balancer and its backends speak; made for small, many requests."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

_END = b"\r\n\r\n"
# HAProxy's default buffer; what does not fit there does not reach us either.
_LONGEST_HEAD = 16384


class Head(NamedTuple):
    """First line in three words, and headers with lower-case names."""

    words: tuple[str, str, str]
    headers: Mapping[str, str]

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", "0"))

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close" or "HTTP/1.0" in self.words


def parse_head(data: bytes) -> Head:
    """ValueError where it is no HTTP."""
    first, *lines = data.decode("latin-1").split("\r\n")
    one, two, *rest = first.split(" ", 2)
    pairs = (line.split(":", 1) for line in lines if line)
    return Head((one, two, rest[0] if rest else ""), {name.strip().lower(): value.strip() for name, value in pairs})


class Answer(NamedTuple):
    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = {}


Reply = Callable[[Answer], None]
Handler = Callable[[str, Reply], None]
"""Is given the path and calls `Reply` once, now or later."""


class ServerConnection(asyncio.Protocol):
    """One connection of a client: requests are answered one after the other."""

    def __init__(self, handler: Handler, open_connections: set["ServerConnection"]) -> None:
        self._handler = handler
        self._open = open_connections
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self._last = False
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._next()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def finish(self) -> None:
        """Close when the answer under way, if there is one, is sent."""
        self._last = True
        if not self.busy and self._transport is not None:
            self._transport.close()

    def _next(self) -> None:
        """Start on the next request if all of it is here."""
        if self.busy or self._transport is None:
            return
        end = self._data.find(_END)
        if end < 0:
            if len(self._data) > _LONGEST_HEAD:
                self._reply(Answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE), last=True)
            return
        try:
            head = parse_head(bytes(self._data[:end]))
            whole = end + len(_END) + head.length
        except ValueError:
            self._reply(Answer(HTTPStatus.BAD_REQUEST), last=True)
            return
        if "transfer-encoding" in head.headers:
            # Nothing here sends bodies of unknown length.
            self._reply(Answer(HTTPStatus.LENGTH_REQUIRED), last=True)
        elif len(self._data) >= whole:
            del self._data[:whole]
            self._begin(head)

    def _begin(self, head: Head) -> None:
        self.busy = True
        self._handler(head.words[1], lambda answer: self._reply(answer, last=head.closes))

    def _reply(self, answer: Answer, *, last: bool) -> None:
        self.busy = False
        if self._transport is None:
            return
        last = last or self._last
        self._transport.write(_encode(answer, last=last))
        if last:
            self._transport.close()
        else:
            self._next()


def _encode(answer: Answer, *, last: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}", f"content-length: {len(answer.body)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if last:
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
