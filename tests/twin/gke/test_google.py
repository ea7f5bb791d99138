"""What Google does behind our back on the twin."""

import asyncio
from pathlib import Path

from fairlead.model.version import Version
from fairlead.twin.gke import faults
from fakes.gke import OLD, GkeWorld, gke_world


async def settled(world: GkeWorld, cluster: str = "tokyo") -> None:
    """Nothing runs on the cluster any more."""
    for _ in range(500):
        if not await world.cloud.running_operations(world.ref(cluster)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("something still runs")


async def repaired(world: GkeWorld, node: str) -> bool:
    for _ in range(150):
        if node not in world.actors["tokyo"].broken:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_node_that_stays_broken_is_made_anew(tmp_path: Path) -> None:
    async with gke_world(tmp_path) as world:
        world.actors["tokyo"].broken.add("app-1")
        assert await repaired(world, "app-1")
        await settled(world)
        assert world.actors["tokyo"].versions("app") == [str(OLD)] * 6
        assert [work.type for work in world.emulator.desk.books.works.values()] == ["AUTO_REPAIR_NODES"]


async def test_without_auto_repair_a_broken_node_is_left_alone(tmp_path: Path) -> None:
    async with gke_world(tmp_path) as world:
        await world.cloud.set_auto_repair(world.ref(), "app", on=False)
        await settled(world)
        world.actors["tokyo"].broken.add("app-1")
        assert not await repaired(world, "app-1")


async def test_google_upgrades_a_control_plane_by_itself(tmp_path: Path) -> None:
    async with gke_world(tmp_path) as world:
        world.inject(faults.GoogleOperation("UPGRADE_MASTER", "tokyo", version="1.35.5-gke.1200"))
        for _ in range(200):
            if (await world.cloud.cluster(world.ref())).control_plane == Version("1.35.5-gke.1200"):
                break
            await asyncio.sleep(0.02)
        assert world.actors["tokyo"].control_planes == [Version("1.35.5-gke.1200")]


async def test_google_waits_while_we_hold_the_cluster(tmp_path: Path) -> None:
    async with gke_world(tmp_path) as world:
        world.inject(faults.StallOperation("UPGRADE_MASTER"))
        ours = await world.cloud.upgrade_control_plane(world.ref(), Version("1.36.3-gke.1000"))
        world.inject(faults.GoogleOperation("AUTO_REPAIR_NODES", "tokyo", "app", seconds=0.1))
        await asyncio.sleep(0.5)
        assert [o.ref for o in await world.cloud.running_operations(world.ref())] == [ours]
        assert len(faults.faults(world.state.root)) == 2
