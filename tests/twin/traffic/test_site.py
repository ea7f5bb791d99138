"""Load, balancer and gateways together: care costs no request, and carelessness shows."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator

import pytest

from fairlead.fleet.file import FleetBalancer, HaproxyProcess
from fairlead.model.version import Version
from fairlead.traffic.haproxy import HaproxyBalancer
from fairlead.traffic.port import EntryState
from fairlead.twin.state import ClusterPorts, ClusterSpec, TwinSpec, TwinState
from fairlead.twin.traffic import PORTS, LoadReport, failures, process_specs, reload
from fairlead.twin.traffic.gateway.server import Gateway
from fairlead.twin.traffic.load.__main__ import until_all_up
from fairlead.twin.traffic.load.client import Client
from fairlead.twin.traffic.load.generator import Generator
from fairlead.twin.traffic.load.report import Record
from fairlead.twin.traffic.pods import Pods

RATES = {"tokyo": 60.0, "osaka": 30.0}
PODS = frozenset({"web-1", "web-2"})


class Site:
    """A twin's traffic without its clusters: the tests say which pods are ready."""

    def __init__(self, state: TwinState) -> None:
        self.state = state
        self.gateways = {name: Gateway(name, Pods(patience=0.1)) for name in RATES}
        process = HaproxyProcess(socket=str(state.balancer_socket), master=str(state.balancer_master))
        self.balancer = HaproxyBalancer(FleetBalancer(name="edge", haproxy=(process,)))
        self.record = Record(state.root, sum(RATES.values()))
        self._client = Client("127.0.0.1", state.ports["balancer"])
        self._generator = Generator(self._client, self.record, state.root, self.record.rate)
        self._stopped = asyncio.Event()

    async def begin(self) -> asyncio.Task[None]:
        for name, gateway in self.gateways.items():
            gateway.set_ready(PODS)
            await gateway.listen(self.state.clusters[name].gateway)
        async with asyncio.timeout(10):
            await until_all_up(self.balancer)
        return asyncio.create_task(self._generator.run(self._stopped))

    def end(self) -> None:
        self._stopped.set()

    async def report_after(self, seconds: float) -> LoadReport:
        await asyncio.sleep(seconds)
        return self.record.report()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    # Not pytest's folder: with a test's name in it the path is longer than a unix socket's may be.
    with tempfile.TemporaryDirectory(prefix="fairlead-") as folder:
        state = state_in(folder)
        state.sockets.mkdir(parents=True, exist_ok=True)
        (spec,) = [spec for spec in process_specs(state) if spec.name == "balancer"]
        haproxy = await asyncio.create_subprocess_exec(*spec.argv, stderr=asyncio.subprocess.DEVNULL)
        try:
            site = Site(state)
            running = await site.begin()
            yield site
            site.end()
            await running
            await asyncio.gather(*(gateway.leave(within=0) for gateway in site.gateways.values()))
        finally:
            haproxy.terminate()
            await haproxy.wait()


def state_in(folder: str) -> TwinState:
    clusters = tuple(
        ClusterSpec(name, "asia-northeast1", Version("1.35.4-gke.1100"), (), rps=rps, web_replicas=2)
        for name, rps in RATES.items()
    )
    ports = free_ports(len(PORTS) + len(RATES))
    gateways = {name: ClusterPorts(endpoint=0, gateway=ports.pop()) for name in RATES}
    return TwinState(TwinSpec("t", "twin", clusters), folder, dict(zip(PORTS, ports, strict=True)), gateways)


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


async def test_clusters_get_their_own_rates(site: Site) -> None:
    report = await site.report_after(1.5)
    assert report.failed == 0
    assert 1.6 < report.by_cluster["tokyo"] / report.by_cluster["osaka"] < 2.4


async def test_draining_returning_and_reloading_cost_no_request(site: Site) -> None:
    await site.balancer.set_state("tokyo", EntryState.DRAIN)
    drained = (await site.report_after(0.2)).by_cluster["tokyo"]
    still_drained = (await site.report_after(0.4)).by_cluster["tokyo"]
    await reload(site.state)
    await site.balancer.set_weight("tokyo", 10)
    report = await site.report_after(0.5)
    assert still_drained == drained
    # The reload has forgotten the drain.
    assert report.by_cluster["tokyo"] > drained
    assert (report.failed, report.unsent) == (0, 0)


async def test_a_gateway_that_leaves_politely_costs_no_request(site: Site) -> None:
    await site.report_after(0.3)
    await site.gateways["osaka"].leave(within=5.0)
    report = await site.report_after(0.3)
    assert report.failed == 0
    assert report.by_cluster["tokyo"] > report.by_cluster["osaka"]


async def test_losing_all_pods_of_a_cluster_at_once_shows_in_every_counter(site: Site) -> None:
    await site.report_after(0.3)
    site.gateways["tokyo"].set_ready(frozenset())
    report = await site.report_after(0.6)
    counted = sum(entry.failed for entry in await site.balancer.entries(["tokyo"]))
    answered = sum(count.answered_5xx for count in await site.balancer.backend_counts())
    assert report.failed > 5
    assert len(failures(site.state)) >= report.failed
    assert {each.cluster for each in failures(site.state)} == {"tokyo"}
    assert counted == answered >= report.failed
