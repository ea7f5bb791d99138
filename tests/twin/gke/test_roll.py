"""How the emulator rolls a pool: as GKE does, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlead.clouds.port import Operation, OperationRef, OperationState
from fairlead.model.version import Version
from fairlead.twin.gke import faults
from fakes.gke import OLD, ZONES, GkeWorld, a_spec, gke_world

NEW = Version("1.36.3-gke.1000")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GkeWorld]:
    async with gke_world(tmp_path) as world:
        await ready_to_roll(world)
        yield world


async def ready_to_roll(world: GkeWorld) -> None:
    await until_done(world, await world.cloud.upgrade_control_plane(world.ref(), NEW))


async def start(world: GkeWorld, pool: str = "app") -> OperationRef:
    started = await world.cloud.upgrade_pool(world.ref(), pool, NEW)
    assert isinstance(started, OperationRef)
    return started


async def until_done(world: GkeWorld, started: object, seconds: float = 20) -> Operation:
    assert isinstance(started, OperationRef)
    for _ in range(int(seconds / 0.02)):
        operation = await world.cloud.operation(started)
        if operation.state is OperationState.DONE:
            return operation
        await asyncio.sleep(0.02)
    raise AssertionError(f"{started.id} does not end")


async def test_every_node_is_replaced_and_the_pool_keeps_its_size(world: GkeWorld) -> None:
    operation = await until_done(world, await start(world))
    tokyo = world.actors["tokyo"]
    assert (operation.error, operation.nodes_done, operation.nodes_total) == ("", 6, 6)
    assert tokyo.versions("app") == [str(NEW)] * 6
    assert tokyo.versions("batch") == [str(OLD)] * 2
    assert not tokyo.cordoned
    assert len(tokyo.evicted) == 6
    assert not tokyo.forced


async def test_a_zone_never_has_more_than_its_size_and_the_surge(world: GkeWorld) -> None:
    await until_done(world, await start(world))
    assert {zone: world.actors["tokyo"].most_nodes["app", zone] for zone in ZONES} == dict.fromkeys(ZONES, 4)


async def test_without_surge_a_zone_never_has_more_than_its_size(tmp_path: Path) -> None:
    async with gke_world(tmp_path, a_spec(surge=0, unavailable=1)) as world:
        await ready_to_roll(world)
        await until_done(world, await start(world))
        assert world.actors["tokyo"].versions("app") == [str(NEW)] * 6
        assert {world.actors["tokyo"].most_nodes["app", zone] for zone in ZONES} == {2}


async def test_a_budget_that_allows_nothing_is_honoured_for_an_hour_and_then_forced(world: GkeWorld) -> None:
    guarded = world.actors["tokyo"].pods_on["app-0"][0].name
    world.actors["tokyo"].guarded.add(guarded)
    operation = await until_done(world, await start(world))
    assert operation.error == ""
    assert world.actors["tokyo"].forced == [guarded]


async def test_a_node_that_never_gets_ready_ends_the_roll_with_an_error(world: GkeWorld) -> None:
    world.inject(faults.NeverReady("tokyo", "app"))
    operation = await until_done(world, await start(world))
    assert "become ready" in operation.error
    assert len(world.actors["tokyo"].versions("app")) == 6
    assert not world.actors["tokyo"].cordoned
    again = await until_done(world, await start(world))
    assert again.error == ""
    assert world.actors["tokyo"].versions("app") == [str(NEW)] * 6


async def test_out_of_stock_the_roll_goes_on_with_less(world: GkeWorld) -> None:
    world.inject(faults.StockOut("tokyo", "app", available=1))
    assert (await until_done(world, await start(world))).error == ""
    assert {world.actors["tokyo"].most_nodes["app", zone] for zone in ZONES} == {3}


async def test_with_nothing_in_stock_the_roll_ends_with_an_error(world: GkeWorld) -> None:
    world.inject(faults.StockOut("tokyo", "app"))
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in (await until_done(world, await start(world))).error
    assert world.actors["tokyo"].versions("app") == [str(OLD)] * 6


async def test_a_roll_may_fail_half_way(world: GkeWorld) -> None:
    world.inject(faults.FailOperation("UPGRADE_NODES", after_nodes=3, message="quota"))
    operation = await until_done(world, await start(world))
    assert operation.error == "quota"
    versions = world.actors["tokyo"].versions("app")
    assert (len(versions), len(set(versions))) == (6, 2)


async def test_a_cancelled_roll_leaves_both_versions_and_can_be_rolled_back(world: GkeWorld) -> None:
    started = await start(world)
    for _ in range(500):
        if (await world.cloud.operation(started)).nodes_done:
            break
        await asyncio.sleep(0.01)
    await world.cloud.cancel(started)
    await until_done(world, started)
    assert len(set(world.actors["tokyo"].versions("app"))) == 2
    assert not world.actors["tokyo"].cordoned
    back = await until_done(world, await world.cloud.roll_back_pool(world.ref(), "app", respect_budgets=True))
    assert back.error == ""
    assert world.actors["tokyo"].versions("app") == [str(OLD)] * 6


async def test_rolling_back_a_roll_that_succeeded_changes_nothing(world: GkeWorld) -> None:
    await until_done(world, await start(world))
    await until_done(world, await world.cloud.roll_back_pool(world.ref(), "app", respect_budgets=True))
    assert world.actors["tokyo"].versions("app") == [str(NEW)] * 6


async def test_a_cluster_that_is_away_for_a_while_costs_only_time(world: GkeWorld) -> None:
    started = await start(world)
    world.actors["tokyo"].away = 3
    assert (await until_done(world, started)).error == ""
    assert world.actors["tokyo"].versions("app") == [str(NEW)] * 6


@pytest.mark.parametrize("kills", [1, 4])
async def test_a_roll_goes_on_after_the_emulator_was_killed(world: GkeWorld, kills: int) -> None:
    started = await start(world)
    for _ in range(kills):
        await asyncio.sleep(0.1)
        await world.restart()
    assert (await until_done(world, started)).error == ""
    assert world.actors["tokyo"].versions("app") == [str(NEW)] * 6
    assert max(world.actors["tokyo"].most_nodes["app", zone] for zone in ZONES) <= 4
    assert await world.cloud.running_operations(world.ref()) == []
