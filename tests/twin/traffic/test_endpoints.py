"""Watching EndpointSlices: what counts as usable, and what holds while the API server is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fairlead.twin.traffic.gateway.endpoints import EndpointSlices

READY = {"ready": True, "serving": True, "terminating": False}
TERMINATING = {"ready": False, "serving": True, "terminating": True}


def endpoint(pod: str, conditions: dict[str, bool] | None = None) -> dict[str, Any]:
    return {
        "addresses": [f"10.0.0.{len(pod)}"],
        "conditions": READY if conditions is None else conditions,
        "targetRef": {"kind": "Pod", "name": pod},
    }


def piece(name: str, *endpoints: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": "7"}, "endpoints": list(endpoints) or None}


class ListAndWatch:
    """Speaks an API server's list and watch over HTTP, and can go away."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.lists = 0
        self.port = 0
        self.watching = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._watches: set[asyncio.StreamWriter] = set()
        self._all: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_away(self) -> None:
        assert self._server is not None
        self._server.close()
        self.watching.clear()
        for writer in self._all:
            writer.transport.abort()
        self._watches.clear()

    async def tell(self, kind: str, thing: dict[str, Any]) -> None:
        await asyncio.wait_for(self.watching.wait(), 5)
        line = json.dumps({"type": kind, "object": thing}).encode() + b"\n"
        for writer in self._watches:
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._all.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self._answer(head.decode(), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        assert "/namespaces/shop/endpointslices" in head
        assert "kubernetes.io%2Fservice-name%3Dweb" in head
        if "watch=1" in head:
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            self._watches.add(writer)
            self.watching.set()
            return
        self.lists += 1
        body = json.dumps({"metadata": {"resourceVersion": "5"}, "items": self.items}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))


class Follower:
    """Reads the changes one after the other."""

    def __init__(self, source: EndpointSlices) -> None:
        self._changes = source.changes()

    async def next(self) -> set[str]:
        return set(await asyncio.wait_for(anext(self._changes), 5))

    async def close(self) -> None:
        await self._changes.aclose()


@pytest.fixture
async def api() -> AsyncIterator[ListAndWatch]:
    api = ListAndWatch()
    await api.start()
    yield api
    await api.go_away()


@pytest.fixture
async def seen(api: ListAndWatch) -> AsyncIterator[Follower]:
    follower = Follower(
        EndpointSlices(f"http://127.0.0.1:{api.port}", tls=True, namespace="shop", service="web", patience=0.1)
    )
    yield follower
    await follower.close()


async def test_ready_pods_of_all_slices_count_and_terminating_ones_do_not(api: ListAndWatch, seen: Follower) -> None:
    api.items = [
        piece("web-x", endpoint("a"), endpoint("b", TERMINATING), endpoint("c", {"ready": False})),
        piece("web-y", endpoint("d"), endpoint("e", {})),
        piece("web-z"),
    ]
    assert await seen.next() == {"a", "d", "e"}


async def test_changes_come_through_the_watch(api: ListAndWatch, seen: Follower) -> None:
    api.items = [piece("web-x", endpoint("a"))]
    assert await seen.next() == {"a"}
    next_one = asyncio.create_task(seen.next())
    await api.tell("MODIFIED", piece("web-x", endpoint("a", TERMINATING), endpoint("b")))
    assert await next_one == {"b"}
    await api.tell("ADDED", piece("web-y", endpoint("c")))
    assert await seen.next() == {"b", "c"}
    await api.tell("DELETED", piece("web-x", endpoint("b")))
    assert await seen.next() == {"c"}
    assert api.lists == 1


async def test_an_expired_watch_is_listed_again(api: ListAndWatch, seen: Follower) -> None:
    api.items = [piece("web-x", endpoint("a"))]
    await seen.next()
    next_one = asyncio.create_task(seen.next())
    await asyncio.wait_for(api.watching.wait(), 5)
    api.items = [piece("web-x", endpoint("b"))]
    await api.tell("ERROR", {"kind": "Status", "code": 410})
    assert await next_one == {"b"}


async def test_while_the_api_server_is_away_nothing_changes_and_then_the_truth_is_read_anew(
    api: ListAndWatch, seen: Follower
) -> None:
    api.items = [piece("web-x", endpoint("a"))]
    await seen.next()
    next_one = asyncio.create_task(seen.next())
    await asyncio.wait_for(api.watching.wait(), 5)
    await api.go_away()
    await asyncio.sleep(0.3)
    assert not next_one.done()
    api.items = [piece("web-x", endpoint("b"))]
    await api.start()
    assert await next_one == {"b"}
