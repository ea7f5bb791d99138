"""What every balancer promises, asked of real HAProxy and of the fake alike."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

import pytest

from contract.haproxy_rig import Backends, RealHaproxy, haproxies
from fairlead.traffic.haproxy import HaproxyBalancer
from fairlead.traffic.port import Balancer, BalancerRefusedError, BalancerUnreachableError, EntryState
from fairlead.traffic.reading import idle, reading
from fakes.balancer import FakeBalancer

SERVERS = ["osaka", "tokyo"]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class World(Protocol):
    """Two processes of a balancer with `tokyo` and `osaka` in `shop` and `api`, and what happens to them."""

    balancer: Balancer

    async def traffic(self, requests: int = 40) -> None:
        """So many requests, over all processes and backends."""

    async def failing_traffic(self, requests: int) -> None:
        """All answered 500."""

    async def slow_traffic(self, requests: int) -> None:
        """All answered, after 50 ms or more."""

    async def hold(self, server: str) -> None:
        """A request in the first process that is not answered until `release`; `server` is the only one ready."""

    async def release(self) -> None: ...

    async def reload(self) -> None: ...

    def silence(self) -> str:
        """The second process does not answer any more; its address."""

    def unsilence(self) -> None: ...


class HaproxyWorld:
    def __init__(self, balancer: HaproxyBalancer, running: list[RealHaproxy], backends: Backends) -> None:
        self.balancer: Balancer = balancer
        self._running, self._backends = running, backends
        self._held: set[asyncio.Task[object]] = set()

    async def traffic(self, requests: int = 40) -> None:
        await self._send("/", "/api/x", requests)

    async def failing_traffic(self, requests: int) -> None:
        await self._send("/fail", "/api/fail", requests)

    async def slow_traffic(self, requests: int) -> None:
        await self._send("/slow", "/api/slow", requests)

    async def hold(self, server: str) -> None:
        self._backends.holds.clear()
        self._held.add(asyncio.create_task(self._running[0].client.get("/hold")))
        await self._backends.holds.wait()

    async def release(self) -> None:
        self._backends.release()
        await asyncio.gather(*self._held)
        self._held.clear()
        await asyncio.sleep(0.05)

    async def reload(self) -> None:
        for each in self._running:
            await each.reload()

    def silence(self) -> str:
        self._running[1].signal_all(signal.SIGSTOP)
        return self._running[1].place.socket

    def unsilence(self) -> None:
        self._running[1].signal_all(signal.SIGCONT)

    async def _send(self, shop: str, api: str, requests: int) -> None:
        for number in range(requests):
            client = self._running[number % 2].client
            await client.get(shop if number % 4 < 2 else api)


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeBalancer({"tokyo": 20.0, "osaka": 20.0}, processes=2, seconds_per_look=0)
        self.balancer: Balancer = self.fake
        self._held: list[str] = []

    async def traffic(self, requests: int = 40) -> None:
        self.fake.advance(requests / 40)

    async def failing_traffic(self, requests: int) -> None:
        self.fake.failing = dict.fromkeys(SERVERS, 1.0)
        await self.traffic(requests)
        self.fake.failing = dict.fromkeys(SERVERS, 0.0)

    async def slow_traffic(self, requests: int) -> None:
        self.fake.mean_ms = dict.fromkeys(SERVERS, 60.0)
        await self.traffic(requests)

    async def hold(self, server: str) -> None:
        self._held.append(server)
        self.fake.pin(server, 1)

    async def release(self) -> None:
        for server in self._held:
            self.fake.pin(server, 0)

    async def reload(self) -> None:
        self.fake.reload()

    def silence(self) -> str:
        self.fake.silent = {self.fake.addresses[1]}
        return self.fake.addresses[1]

    def unsilence(self) -> None:
        self.fake.silent = set()


@pytest.fixture(params=["haproxy", "fake"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    async with haproxies(2) as (fleet_balancer, running, backends):
        yield HaproxyWorld(HaproxyBalancer(fleet_balancer, within=1.0), running, backends)


async def only(world: World, server: str) -> None:
    for other in SERVERS:
        if other != server:
            await world.balancer.set_state(other, EntryState.MAINTENANCE)


async def states_of(world: World, server: str) -> set[EntryState]:
    return {entry.state for entry in await world.balancer.entries([server]) if not entry.old_process}


async def requests_to(world: World, server: str) -> int:
    return reading(await world.balancer.entries([server]), NOON).requests


async def test_a_server_is_found_in_every_backend_of_every_process(world: World) -> None:
    entries = await world.balancer.entries(["tokyo"])
    assert (
        sorted((entry.backend, entry.server) for entry in entries) == [("api", "tokyo")] * 2 + [("shop", "tokyo")] * 2
    )
    assert len({(entry.address, entry.process) for entry in entries}) == 2
    assert {entry.state for entry in entries} == {EntryState.READY}
    assert all(entry.up and entry.weight_percent == 100 for entry in entries)


async def test_all_servers_are_told_when_none_is_named(world: World) -> None:
    assert {entry.server for entry in await world.balancer.entries()} >= set(SERVERS)


@pytest.mark.parametrize("state", list(EntryState))
async def test_a_state_that_is_set_is_read_everywhere(world: World, state: EntryState) -> None:
    await world.balancer.set_state("tokyo", state)
    assert await states_of(world, "tokyo") == {state}
    assert await states_of(world, "osaka") == {EntryState.READY}


@pytest.mark.parametrize("state", list(EntryState))
async def test_setting_what_is_set_is_fine(world: World, state: EntryState) -> None:
    await world.balancer.set_state("tokyo", state)
    await world.balancer.set_state("tokyo", state)
    assert await states_of(world, "tokyo") == {state}


async def test_every_state_can_follow_every_other(world: World) -> None:
    for state in (EntryState.MAINTENANCE, EntryState.DRAIN, EntryState.READY, EntryState.DRAIN, EntryState.MAINTENANCE):
        await world.balancer.set_state("tokyo", state)
        assert await states_of(world, "tokyo") == {state}


async def test_requests_and_failures_are_counted_once(world: World) -> None:
    await world.traffic(40)
    await world.failing_traffic(8)
    entries = await world.balancer.entries()
    assert sum(entry.requests for entry in entries) == 48
    assert sum(entry.failed for entry in entries) == 8
    counts = await world.balancer.backend_counts()
    assert sum(count.requests for count in counts) == 48
    assert sum(count.answered_5xx for count in counts) == 8


async def test_a_backends_servers_are_counted_as_their_entries_are(world: World) -> None:
    await world.traffic(40)
    entries = {(each.process, each.backend, each.server): each for each in await world.balancer.entries()}
    counts = await world.balancer.backend_counts()
    assert all(each.servers for each in counts)
    for count in counts:
        for each in count.servers:
            entry = entries.pop((count.process, count.backend, each.server))
            assert (each.requests, each.mean_ms) == (entry.requests, entry.mean_ms)
    assert not entries


async def test_a_server_that_answers_slowly_is_told_by_its_mean(world: World) -> None:
    await world.slow_traffic(8)
    means = [each.mean_ms for count in await world.balancer.backend_counts() for each in count.servers if each.requests]
    assert means
    assert min(means) >= 50


async def test_what_no_server_was_up_for_is_counted_with_the_backend(world: World) -> None:
    for server in SERVERS:
        await world.balancer.set_state(server, EntryState.MAINTENANCE)
    await world.traffic(8)
    assert sum(entry.failed for entry in await world.balancer.entries()) == 0
    assert sum(count.answered_5xx for count in await world.balancer.backend_counts()) == 8


@pytest.mark.parametrize("state", [EntryState.DRAIN, EntryState.MAINTENANCE])
async def test_what_is_out_gets_no_new_requests(world: World, state: EntryState) -> None:
    await world.traffic()
    await world.balancer.set_state("tokyo", state)
    before = await world.balancer.entries(["tokyo"])
    others = await requests_to(world, "osaka")
    await world.traffic(40)
    assert idle(before, await world.balancer.entries(["tokyo"]))
    assert await requests_to(world, "osaka") == others + 40


async def test_drained_it_keeps_the_sessions_it_has(world: World) -> None:
    await only(world, "tokyo")
    await world.hold("tokyo")
    await world.balancer.set_state("tokyo", EntryState.DRAIN)
    before = await world.balancer.entries(["tokyo"])
    assert sum(entry.sessions for entry in before) >= 1
    assert not idle(before, await world.balancer.entries(["tokyo"]))
    await world.release()
    assert idle(before, await world.balancer.entries(["tokyo"]))


async def test_sessions_are_cut_when_asked_for(world: World) -> None:
    await only(world, "tokyo")
    await world.hold("tokyo")
    await world.balancer.set_state("tokyo", EntryState.MAINTENANCE)
    await world.balancer.end_sessions("tokyo")
    await world.release()
    assert sum(entry.sessions for entry in await world.balancer.entries(["tokyo"])) == 0


async def test_a_weight_is_relative_to_the_configured_one_and_moves_traffic(world: World) -> None:
    await world.balancer.set_weight("tokyo", 10)
    entries = await world.balancer.entries(["tokyo"])
    assert {entry.weight_percent for entry in entries} == {10}
    await world.traffic(88)
    assert 4 <= await requests_to(world, "tokyo") <= 12
    await world.balancer.set_weight("tokyo", 100)
    assert {entry.weight_percent for entry in await world.balancer.entries(["tokyo"])} == {100}


async def test_a_weight_of_nothing_is_no_traffic(world: World) -> None:
    await world.balancer.set_weight("tokyo", 0)
    await world.traffic(40)
    assert await requests_to(world, "tokyo") == 0
    assert await states_of(world, "tokyo") == {EntryState.READY}


@pytest.mark.parametrize("percent", [-1, 101])
async def test_a_weight_out_of_range_is_refused(world: World, percent: int) -> None:
    with pytest.raises(BalancerRefusedError, match="0 and 100"):
        await world.balancer.set_weight("tokyo", percent)


def unknown_server_calls() -> list[Callable[[Balancer], Awaitable[None]]]:
    return [
        lambda balancer: balancer.set_state("kyoto", EntryState.DRAIN),
        lambda balancer: balancer.set_weight("kyoto", 50),
        lambda balancer: balancer.end_sessions("kyoto"),
    ]


@pytest.mark.parametrize("call", unknown_server_calls(), ids=["set_state", "set_weight", "end_sessions"])
async def test_an_unknown_server_is_refused_by_name(world: World, call: Callable[[Balancer], Awaitable[None]]) -> None:
    with pytest.raises(BalancerRefusedError, match="no backend has a server `kyoto`"):
        await call(world.balancer)


async def test_an_unknown_server_has_no_entries(world: World) -> None:
    assert await world.balancer.entries(["kyoto"]) == []


async def test_a_silent_process_is_named_and_the_others_are_still_told(world: World) -> None:
    silent = world.silence()
    with pytest.raises(BalancerUnreachableError, match=silent):
        await world.balancer.set_state("tokyo", EntryState.DRAIN)
    with pytest.raises(BalancerUnreachableError, match="1 of 2"):
        await world.balancer.entries()
    world.unsilence()
    told = {(entry.address == silent, entry.state) for entry in await world.balancer.entries(["tokyo"])}
    assert (False, EntryState.DRAIN) in told
    assert (False, EntryState.READY) not in told


async def test_a_reload_forgets_states_and_weights(world: World) -> None:
    await world.balancer.set_state("tokyo", EntryState.DRAIN)
    await world.balancer.set_weight("osaka", 50)
    before = reading(await world.balancer.entries(), NOON)
    await world.reload()
    entries = await world.balancer.entries()
    assert {entry.state for entry in entries if not entry.old_process} == {EntryState.READY}
    assert {entry.weight_percent for entry in entries if not entry.old_process} == {100}
    assert reading(entries, NOON).epoch != before.epoch


async def test_a_session_in_an_old_worker_is_seen_until_it_ends(world: World) -> None:
    await only(world, "tokyo")
    await world.hold("tokyo")
    await world.reload()
    await world.balancer.set_state("tokyo", EntryState.DRAIN)
    entries = await world.balancer.entries(["tokyo"])
    assert 1 in [entry.sessions for entry in entries if entry.old_process]
    assert not idle(entries, await world.balancer.entries(["tokyo"]))
    assert reading(entries, NOON).out_of_balancer
    await world.release()
    assert idle(entries, await world.balancer.entries(["tokyo"]))


async def test_a_session_in_an_old_worker_is_cut_when_asked_for(world: World) -> None:
    await only(world, "tokyo")
    await world.hold("tokyo")
    await world.reload()
    await world.balancer.end_sessions("tokyo")
    await asyncio.sleep(0.1)
    entries = await world.balancer.entries(["tokyo"])
    assert sum(entry.sessions for entry in entries) == 0
    await world.release()
