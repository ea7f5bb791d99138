"""What a run counts: requests, failures and slow ones, through reloads of the balancer."""

import pytest

from fairlead.fleet.file import Return
from fairlead.model import wire
from fairlead.upgrade.activities.totals import Counting
from fakes.balancer import FakeBalancer

POLICY = Return(latency_floor_ms=50.0, max_latency_ratio=2.0)
USUAL_MS = 40.0


def a_balancer() -> FakeBalancer:
    """100 requests a second to each of two servers, as if there had been traffic for ten seconds."""
    balancer = FakeBalancer({"tokyo": 100.0, "osaka": 100.0}, seconds_per_look=0)
    balancer.mean_ms = dict.fromkeys(balancer.mean_ms, USUAL_MS)
    balancer.advance(10)
    return balancer


async def counted(balancer: FakeBalancer, counting: Counting) -> Counting:
    """A second later, as a second attempt would go on: from what the heartbeat told."""
    balancer.advance(1)
    counting.add(await balancer.backend_counts(), 1.0, POLICY)
    return wire.decode(wire.encode(counting), Counting)


async def begun(balancer: FakeBalancer) -> Counting:
    counting = Counting()
    counting.add(await balancer.backend_counts(), 1.0, POLICY)
    return counting


async def test_only_what_comes_during_the_run_is_counted() -> None:
    balancer = a_balancer()
    counting = await begun(balancer)
    assert (counting.totals.requests, counting.totals.slow) == (0, 0)
    counting = await counted(balancer, counting)
    assert (counting.totals.requests, counting.totals.failed, counting.totals.slow) == (200, 0, 0)
    assert counting.totals.mean_ms == USUAL_MS


@pytest.mark.parametrize(("mean_ms", "slow"), [(79.0, 0), (81.0, 100)])
async def test_what_is_served_while_a_servers_mean_is_too_long_is_slow(mean_ms: float, slow: int) -> None:
    balancer = a_balancer()
    counting = await begun(balancer)
    balancer.mean_ms["tokyo"] = mean_ms
    counting = await counted(balancer, counting)
    assert counting.totals.slow == slow
    balancer.mean_ms["tokyo"] = USUAL_MS
    assert (await counted(balancer, counting)).totals.slow == slow


async def test_a_last_look_at_any_moment_leaves_the_rate_as_it_was() -> None:
    balancer = a_balancer()
    counting = await counted(balancer, await begun(balancer))
    balancer.advance(0.1)
    counting.add(await balancer.backend_counts(), 0.0, POLICY)
    assert (counting.totals.requests, counting.totals.rate) == (220, 200.0)


async def test_below_the_floor_nothing_is_slow_whatever_its_ratio() -> None:
    balancer = a_balancer()
    balancer.mean_ms = dict.fromkeys(balancer.mean_ms, 5.0)
    counting = await begun(balancer)
    balancer.mean_ms = dict.fromkeys(balancer.mean_ms, 49.0)
    assert (await counted(balancer, counting)).totals.slow == 0


async def test_a_reload_changes_neither_the_count_nor_what_is_normal() -> None:
    balancer = a_balancer()
    counting = await counted(balancer, await begun(balancer))
    balancer.reload()
    balancer.mean_ms["tokyo"] = 200.0
    counting = await counted(balancer, counting)
    assert (counting.totals.requests, counting.totals.slow) == (400, 100)


async def test_what_an_older_worker_has_told_is_gone_on_with() -> None:
    balancer = a_balancer()
    told = wire.encode(await counted(balancer, await begun(balancer)))
    older = {key: value for key, value in wire.decode(told, dict).items() if key != "times"}
    counting = await counted(balancer, wire.decode(wire.encode(older), Counting))
    assert (counting.totals.requests, counting.times.served) == (400, 0)
