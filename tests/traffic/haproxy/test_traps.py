"""Traps of HAProxy alone."""

import asyncio

import pytest

from contract.haproxy_rig import haproxies
from fairlead.fleet.file import FleetBalancer, HaproxyProcess
from fairlead.traffic.haproxy import HaproxyBalancer
from fairlead.traffic.port import BalancerRefusedError, BalancerUnreachableError


async def test_a_tenth_of_a_weight_of_one_is_refused_before_anything_is_changed() -> None:
    async with haproxies(1) as (place, _, _):
        balancer = HaproxyBalancer(place)
        with pytest.raises(BalancerRefusedError, match="10% of that is 0"):
            await balancer.set_weight("tiny", 10)
        assert [entry.weight_percent for entry in await balancer.entries(["tiny"])] == [100]
        await balancer.set_weight("tiny", 0)
        assert [entry.weight_percent for entry in await balancer.entries(["tiny"])] == [0]


@pytest.mark.parametrize("name", ["tokyo;shutdown frontend edge", "to kyo", "tokyo\nquit", "", "shop/tokyo"])
async def test_a_name_that_would_be_another_command_is_refused(name: str) -> None:
    async with haproxies(1) as (place, _, _):
        with pytest.raises(BalancerRefusedError, match="cannot be the name"):
            await HaproxyBalancer(place).end_sessions(name)


async def test_how_long_a_client_is_silent_between_requests_is_not_the_servers_time() -> None:
    async with haproxies(1) as (place, running, _):
        for _ in range(3):
            await running[0].client.get("/")
            await asyncio.sleep(0.15)
        entries = await HaproxyBalancer(place).entries(["tokyo", "osaka"])
        assert sum(entry.requests for entry in entries) == 3
        assert max(entry.mean_ms for entry in entries) < 50


async def test_a_master_that_is_away_is_not_taken_for_no_old_workers() -> None:
    async with haproxies(1) as (place, _, _):
        process = HaproxyProcess(socket=place.haproxy[0].socket, master=f"{place.haproxy[0].master}.gone")
        balancer = HaproxyBalancer(FleetBalancer(name="global", haproxy=(process,)), within=0.2)
        with pytest.raises(BalancerUnreachableError, match="gone"):
            await balancer.entries()


async def test_what_speaks_something_else_is_unreachable_not_idle() -> None:
    async with haproxies(1) as (_, _, backends):
        process = HaproxyProcess(socket=f"127.0.0.1:{backends.ports['tokyo']}")
        balancer = HaproxyBalancer(FleetBalancer(name="global", haproxy=(process,)), within=0.5)
        with pytest.raises(BalancerUnreachableError, match="global: 1 of 1"):
            await balancer.entries()
