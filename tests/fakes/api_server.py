"""A small HTTPS server that answers like an API server: lists in pages, tokens it knows, faults on request."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from fairlead.model.access import Credentials, KubeAccess
from fairlead.twin import pki

Answer = tuple[int, object]


@dataclass(frozen=True)
class Asked:
    """One request as the server got it."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class ApiServer:
    """
    `lists`: path to items; a missing path is 404. `tokens`: those it knows, None for anybody. `answers` come first, by
    path: each is used up, and may be a function of the request.
    """

    folder: Path
    address: str = ""
    lists: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    documents: dict[str, object] = field(default_factory=dict)
    tokens: set[str] | None = None
    answers: dict[str, list[Answer | Callable[[Asked], Answer]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def access(self, credentials: Credentials | None = None, ca: str | None = None) -> KubeAccess:
        return KubeAccess(self.address, ca or (self.folder / "ca.crt").read_text(), credentials)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if (
            self.tokens is not None
            and asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens
        ):
            return 401, {"kind": "Status", "message": "Unauthorized"}
        if waiting := self.answers.get(asked.path):
            first = waiting.pop(0)
            return first(asked) if callable(first) else first
        if asked.path in self.documents:
            return 200, self.documents[asked.path]
        if asked.path in self.lists:
            return 200, self._page(asked)
        return 404, {"kind": "Status", "message": "the server could not find the requested resource"}

    def _page(self, asked: Asked) -> dict[str, object]:
        items = self.lists[asked.path]
        begin, limit = int(asked.query.get("continue", 0)), int(asked.query.get("limit", len(items) or 1))
        following = str(begin + limit) if begin + limit < len(items) else ""
        return {"kind": "List", "metadata": {"continue": following}, "items": items[begin : begin + limit]}


@asynccontextmanager
async def api_server(folder: Path, *, client_certificates: bool = False) -> AsyncIterator[ApiServer]:
    """Serves on a free port of this machine, with a CA of its own; `client_certificates`: only to who shows one."""
    pki.write(folder)
    server = ApiServer(folder)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.crt"))
    tls.load_cert_chain(folder / "server.crt", folder / "server.key")
    tls.verify_mode = ssl.CERT_REQUIRED if client_certificates else ssl.CERT_NONE
    open_now: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(_wire(*server.answer(_parsed(head))))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            open_now.discard(writer)
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    server.address = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for writer in list(open_now):
            writer.transport.abort()
        await listening.wait_closed()


def _parsed(head: bytes) -> Asked:
    first, *lines = head.decode().split("\r\n")
    url = urlsplit(first.split(" ")[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return Asked(url.path, {key: values[0] for key, values in parse_qs(url.query).items()}, headers)


def _wire(status: int, content: object) -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    location = "location: https://127.0.0.1:1/elsewhere\r\n" if status == 302 else ""
    return f"HTTP/1.1 {status} Answer\r\n{location}content-length: {len(body)}\r\n\r\n".encode() + body
