"""A pool that is doubled instead of surged: its phases, its soak, and the way back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import container_v1 as gke

from fairlead.clouds.port import Already, OperationRef, OperationState, SurgeSettings
from fairlead.model.version import Version
from fakes.gke import OLD, ZONES, GkeWorld, a_spec, gke_world

NEW = Version("1.36.3-gke.1000")
APP = "projects/twin/locations/asia-northeast1/clusters/tokyo/nodePools/app"
_Phase = gke.NodePool.UpdateInfo.BlueGreenInfo.Phase


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GkeWorld]:
    """Its pool `app` is blue/green; the soak of two hours takes two seconds."""
    async with gke_world(tmp_path, a_spec()) as world:
        client = await world.cloud._link.client()
        await until_done(world, await world.cloud.upgrade_control_plane(world.ref(), NEW))
        settings = {
            "strategy": gke.NodePoolUpdateStrategy.BLUE_GREEN,
            "blue_green_settings": {
                "node_pool_soak_duration": {"seconds": 7200},
                "standard_rollout_policy": {"batch_node_count": 2, "batch_soak_duration": {"seconds": 0}},
            },
        }
        started = await client.update_node_pool(request={"name": APP, "upgrade_settings": settings})
        await until_done(world, OperationRef(started.name, world.ref(), started.location))
        yield world


async def until_done(world: GkeWorld, started: object) -> str:
    assert isinstance(started, OperationRef)
    for _ in range(500):
        operation = await world.cloud.operation(started)
        if operation.state is OperationState.DONE:
            return operation.error
        await asyncio.sleep(0.02)
    raise AssertionError(f"{started.id} does not end")


async def until_phase(world: GkeWorld, phase: int) -> None:
    client: Any = await world.cloud._link.client()
    for _ in range(500):
        pool = await client.get_cluster(name=APP.partition("/nodePools")[0])
        if pool.node_pools[0].update_info.blue_green_info.phase == phase:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"phase {phase} never came")


async def test_both_colours_stand_while_it_soaks_and_then_blue_goes(world: GkeWorld) -> None:
    tokyo = world.actors["tokyo"]
    started = await world.cloud.upgrade_pool(world.ref(), "app", NEW)
    await until_phase(world, _Phase.NODE_POOL_SOAKING)
    assert tokyo.versions("app") == [str(OLD)] * 6 + [str(NEW)] * 6
    assert await until_done(world, started) == ""
    assert tokyo.versions("app") == [str(NEW)] * 6
    assert {tokyo.most_nodes["app", zone] for zone in ZONES} == {4}
    assert (await world.cloud.cluster(world.ref())).pools[0].version == NEW


async def test_during_the_soak_it_can_be_cancelled_and_rolled_back(world: GkeWorld) -> None:
    started = await world.cloud.upgrade_pool(world.ref(), "app", NEW)
    assert isinstance(started, OperationRef)
    await until_phase(world, _Phase.NODE_POOL_SOAKING)
    await world.cloud.cancel(started)
    assert await until_done(world, started)
    back = await world.cloud.roll_back_pool(world.ref(), "app", respect_budgets=True)
    assert await until_done(world, back) == ""
    assert world.actors["tokyo"].versions("app") == [str(OLD)] * 6
    assert not world.actors["tokyo"].cordoned


async def test_it_goes_on_after_a_kill(world: GkeWorld) -> None:
    started = await world.cloud.upgrade_pool(world.ref(), "app", NEW)
    for phase in (_Phase.DRAINING_BLUE_POOL, _Phase.NODE_POOL_SOAKING):
        await until_phase(world, phase)
        await world.restart()
    assert await until_done(world, started) == ""
    assert world.actors["tokyo"].versions("app") == [str(NEW)] * 6


async def test_its_settings_are_left_alone_by_a_surge_and_restored_exactly(world: GkeWorld) -> None:
    before = (await world.cloud.cluster(world.ref())).pools[0].surge
    assert before.blue_green
    assert await world.cloud.set_surge(world.ref(), "app", SurgeSettings(2, 0)) == Already()
    client = await world.cloud._link.client()
    changed = await client.update_node_pool(request={"name": APP, "upgrade_settings": {"max_surge": 1}})
    await until_done(world, OperationRef(changed.name, world.ref(), changed.location))
    await until_done(world, await world.cloud.set_surge(world.ref(), "app", before))
    assert (await world.cloud.cluster(world.ref())).pools[0].surge == before
