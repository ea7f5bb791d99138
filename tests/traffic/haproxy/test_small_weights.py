"""A trap of HAProxy alone: fractions of a small configured weight are no weight at all."""

import pytest

from contract.haproxy_rig import haproxies
from fairlead.traffic.haproxy import HaproxyBalancer
from fairlead.traffic.port import BalancerRefusedError


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
