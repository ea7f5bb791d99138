"""The edge gateway over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from fairlead.twin.traffic.gateway.server import Gateway
from fairlead.twin.traffic.load.client import Client
from fairlead.twin.traffic.pods import Pods


@pytest.fixture
def gateway() -> Gateway:
    return Gateway("tokyo", Pods(patience=0.05), service_seconds=(0.001, 0.002))


@pytest.fixture
async def port(gateway: Gateway) -> AsyncIterator[int]:
    yield await gateway.listen(0)
    await gateway.leave(within=0.0)


async def raw(port: int, text: str) -> str:
    """What comes back until the gateway closes, or for a tenth of a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode())
    got = b""
    try:
        async with asyncio.timeout(0.1):
            while part := await reader.read(65536):
                got += part
    except TimeoutError:
        got += b"<open>"
    writer.close()
    return got.decode()


async def test_a_ready_pod_answers_and_is_named(gateway: Gateway, port: int) -> None:
    gateway.set_ready(frozenset({"web-1"}))
    answer = await raw(port, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert "x-cluster: tokyo\r\n" in answer
    assert "x-pod: web-1\r\n" in answer


async def test_without_pods_it_is_unhealthy_and_answers_503_after_a_wait(gateway: Gateway, port: int) -> None:
    assert (await raw(port, "GET /healthz HTTP/1.0\r\n\r\n")).startswith("HTTP/1.1 503 ")
    answer = await Client("127.0.0.1", port).get("/")
    assert answer.status == 503
    assert gateway.status.refused == 1


async def test_one_ready_pod_is_healthy(gateway: Gateway, port: int) -> None:
    gateway.set_ready(frozenset({"web-1"}))
    answer = await raw(port, "GET /healthz HTTP/1.0\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 ")
    assert json.loads(answer.partition("\r\n\r\n")[2])["ready"] == 1


async def test_a_connection_is_kept_and_requests_sent_together_are_answered_in_order(
    gateway: Gateway, port: int
) -> None:
    gateway.set_ready(frozenset({"web-1"}))
    answer = await raw(port, "GET /status HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.count("HTTP/1.1 200 OK") == 2
    assert answer.index("application/json") < answer.index("x-pod")
    assert answer.endswith("<open>")


async def test_a_body_is_passed_over(gateway: Gateway, port: int) -> None:
    gateway.set_ready(frozenset({"web-1"}))
    answer = await raw(port, "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhelloGET /status HTTP/1.1\r\n\r\n")
    assert answer.count("HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\ncontent-length: many\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 411),
        ("GET / HTTP/1.1\r\nx: " + "y" * 20_000, 431),
    ],
)
async def test_what_is_no_request_is_answered_and_closed(port: int, text: str, status: int) -> None:
    answer = await raw(port, text)
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert not answer.endswith("<open>")


async def test_leaving_it_is_unhealthy_but_serves_while_requests_come(gateway: Gateway, port: int) -> None:
    gateway.set_ready(frozenset({"web-1"}))
    client = Client("127.0.0.1", port)
    leaving = asyncio.create_task(gateway.leave())
    seen = [await client.get("/") for _ in range(20)]
    assert {each.status for each in seen} == {200}
    assert (await raw(port, "GET /healthz HTTP/1.0\r\n\r\n")).startswith("HTTP/1.1 503 ")
    await leaving
    assert (await client.get("/")).status == 0
