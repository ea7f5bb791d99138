"""The load generator: an open loop that keeps honest books."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest

from fairlead.model.errors import UsageError
from fairlead.model.version import Version
from fairlead.twin.state import ClusterSpec, TwinSpec, TwinState
from fairlead.twin.traffic.http import Answer, Reply, ServerConnection
from fairlead.twin.traffic.load.client import Client
from fairlead.twin.traffic.load.generator import Generator
from fairlead.twin.traffic.load.report import LoadReport, Record, failures, load_report, set_load_factor


class Site:
    """Answers at once, unless told otherwise."""

    def __init__(self) -> None:
        self.status = HTTPStatus.OK
        self.seconds = 0.0
        self.paths: list[str] = []
        self.connections: set[ServerConnection] = set()
        self.port = 0

    async def start(self) -> asyncio.Server:
        make = partial(ServerConnection, self._handle, self.connections)
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def hang_up(self) -> None:
        for connection in list(self.connections):
            connection.finish()

    def abort(self) -> None:
        for connection in self.connections:
            connection.abort()

    def _handle(self, path: str, reply: Reply) -> None:
        self.paths.append(path)
        answer = Answer(self.status, b"x", {"x-cluster": "tokyo"})
        asyncio.get_running_loop().call_later(self.seconds, reply, answer)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    server = await site.start()
    yield site
    server.close()
    site.hang_up()


def state_in(folder: Path) -> TwinState:
    cluster = ClusterSpec("tokyo", "asia-northeast1", Version("1.35.4-gke.1100"), ())
    return TwinState(TwinSpec("t", "twin", (cluster,)), str(folder), {}, {})


async def run(folder: Path, site: Site, rate: float, seconds: float, slow_ms: float = 500.0) -> LoadReport:
    stopped = asyncio.Event()
    client = Client("127.0.0.1", site.port, within=0.5)
    generator = Generator(client, Record(folder, rate, slow_ms), folder, rate)
    asyncio.get_running_loop().call_later(seconds, stopped.set)
    await generator.run(stopped)
    return load_report(state_in(folder))


async def test_requests_arrive_at_the_rate_and_all_are_accounted_for(tmp_path: Path, site: Site) -> None:
    report = await run(tmp_path, site, rate=200, seconds=0.5)
    assert 90 <= report.sent <= 110
    assert report.served == report.sent == sum(report.by_cluster.values()) == sum(report.latency_counts)
    assert (report.failed, report.slow, report.unsent, report.in_flight) == (0, 0, 0, 0)
    assert failures(state_in(tmp_path)) == []


async def test_both_services_of_the_site_are_asked(tmp_path: Path, site: Site) -> None:
    await run(tmp_path, site, rate=200, seconds=0.1)
    assert 0.6 < site.paths.count("/") / len(site.paths) < 0.9


async def test_a_slow_site_does_not_slow_the_arrivals_down(tmp_path: Path, site: Site) -> None:
    site.seconds = 0.2
    report = await run(tmp_path, site, rate=100, seconds=0.5, slow_ms=100)
    assert 45 <= report.sent <= 55
    assert report.slow == report.served == report.sent
    assert {(each.kind, each.cluster) for each in failures(state_in(tmp_path))} == {("slow", "tokyo")}
    assert 200 <= report.percentile_ms(0.5) <= 320


async def test_each_failed_request_is_on_record_with_its_time(tmp_path: Path, site: Site) -> None:
    site.status = HTTPStatus.SERVICE_UNAVAILABLE
    report = await run(tmp_path, site, rate=100, seconds=0.2)
    recorded = failures(state_in(tmp_path))
    assert report.failed == report.sent == len(recorded) > 10
    assert report.served == 0
    assert {(each.kind, each.status) for each in recorded} == {("failed", 503)}
    assert recorded[0].sent <= recorded[0].ended <= report.updated


async def test_no_answer_is_a_failure_that_says_why(tmp_path: Path, site: Site) -> None:
    site.seconds = 5.0
    report = await run(tmp_path, site, rate=20, seconds=0.1)
    assert report.failed == report.sent > 0
    assert {each.reason for each in failures(state_in(tmp_path))} == {"no answer within 0.5s"}


async def test_a_closed_port_is_a_failure(tmp_path: Path, site: Site) -> None:
    site.port = 1
    report = await run(tmp_path, site, rate=50, seconds=0.1)
    assert report.failed == report.sent > 0


async def test_totals_go_on_after_the_generator_was_killed(tmp_path: Path, site: Site) -> None:
    first = await run(tmp_path, site, rate=100, seconds=0.1)
    second = await run(tmp_path, site, rate=100, seconds=0.1)
    assert second.sent > first.sent
    assert (second.began, second.starts) == (first.began, 2)


async def test_a_factor_of_nothing_stops_the_load(tmp_path: Path, site: Site) -> None:
    set_load_factor(state_in(tmp_path), 0)
    report = await run(tmp_path, site, rate=100, seconds=0.2)
    assert (report.sent, report.rate) == (0, 0.0)


def test_a_factor_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        set_load_factor(state_in(tmp_path), -1)


def test_without_a_load_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has not begun"):
        load_report(state_in(tmp_path))
    assert failures(state_in(tmp_path)) == []


async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_request(site: Site) -> None:
    client = Client("127.0.0.1", site.port)
    await client.get("/")
    # In the same instant: the close is on its way when the request is sent.
    site.hang_up()
    outcome = await client.get("/")
    assert outcome.status == 200
    assert outcome.resent


async def test_a_request_whose_answer_never_began_on_a_fresh_connection_fails(site: Site) -> None:
    site.seconds = 0.05
    client = Client("127.0.0.1", site.port)
    asyncio.get_running_loop().call_later(0.02, site.abort)
    outcome = await client.get("/")
    assert outcome.status == 0
    assert not outcome.resent


async def test_connections_are_kept(site: Site) -> None:
    client = Client("127.0.0.1", site.port)
    for _ in range(5):
        await client.get("/")
    assert len(site.connections) == 1
    await asyncio.gather(*(client.get("/") for _ in range(5)))
    assert len(site.connections) == 5
