"""What every cloud promises, asked of GKE's adapter against the emulator over gRPC and of the cloud in memory."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import msgspec
import pytest

from fairlead.clouds.port import (
    Already,
    Cloud,
    CloudBusyError,
    CloudPool,
    CloudRefusedError,
    CloudUnavailableError,
    CloudUnknownError,
    Operation,
    OperationKind,
    OperationRef,
    OperationState,
    SurgeSettings,
)
from fairlead.model.access import TokenSource
from fairlead.model.cluster import ClusterRef, GkePlace
from fairlead.model.version import Version
from fairlead.twin.gke import faults
from fakes.cloud import FakeCloud, a_cluster, a_pool, ref_of
from fakes.gke import FAST, GkeWorld, a_spec, gke_world

OLD = Version("1.35.4-gke.1100")
PATCH = Version("1.35.5-gke.1200")
NEW = Version("1.36.3-gke.1000")


class CloudUnderTest(Protocol):
    """A cloud with the clusters tokyo (pools app and batch) and taipei, on 1.35.4, and ways to disturb it."""

    @property
    def cloud(self) -> Cloud: ...

    def ref(self, cluster: str = "tokyo") -> ClusterRef: ...

    async def occupy(self, cluster: str) -> str:
        """Somebody else's repair holds the cluster for a while; its operation's id."""
        ...

    def end_next_with_error(self, kind: OperationKind) -> None: ...

    def hold(self, kind: OperationKind) -> None:
        """Operations of this kind go on until cancelled."""
        ...

    def release(self) -> None:
        """Held operations may end."""
        ...

    def unreachable_once(self) -> None:
        """For the next read of a cluster."""
        ...

    def lose_zone(self, zone: str) -> None: ...


_TYPES = {OperationKind.UPGRADE_CONTROL_PLANE: "UPGRADE_MASTER", OperationKind.UPGRADE_POOL: "UPGRADE_NODES"}


@dataclass
class OnGke:
    world: GkeWorld

    @property
    def cloud(self) -> Cloud:
        return self.world.cloud

    def ref(self, cluster: str = "tokyo") -> ClusterRef:
        return self.world.ref(cluster)

    async def occupy(self, cluster: str) -> str:
        self.world.inject(faults.GoogleOperation("AUTO_REPAIR_NODES", cluster, "app", seconds=1.0))
        for _ in range(100):
            if running := await self.cloud.running_operations(self.ref(cluster)):
                return running[0].ref.id
            await asyncio.sleep(0.05)
        raise AssertionError("nothing was started")

    def end_next_with_error(self, kind: OperationKind) -> None:
        self.world.inject(faults.FailOperation(_TYPES[kind]))

    def hold(self, kind: OperationKind) -> None:
        self.world.inject(faults.StallOperation(_TYPES[kind]))

    def release(self) -> None:
        faults.clear(self.world.state.root)

    def unreachable_once(self) -> None:
        self.world.inject(faults.FailCall("GetCluster", "UNAVAILABLE"))

    def lose_zone(self, zone: str) -> None:
        self.world.inject(faults.MissingZone(zone))


@dataclass
class InMemory:
    cloud: FakeCloud

    def ref(self, cluster: str = "tokyo") -> ClusterRef:
        return ref_of(cluster, self.cloud.clusters[cluster].place.location)

    async def occupy(self, cluster: str) -> str:
        return self.cloud.foreign_operation(cluster, looks=3).id

    def end_next_with_error(self, kind: OperationKind) -> None:
        self.cloud.end_next_with_error(kind, "injected failure")

    def hold(self, kind: OperationKind) -> None:
        self.cloud.looks = 10**9

    def release(self) -> None:
        self.cloud.let_all_end()

    def unreachable_once(self) -> None:
        self.cloud.fail_next("cluster", CloudUnavailableError("not now"))

    def lose_zone(self, zone: str) -> None:
        self.cloud.missing_zones = (zone,)
        self.cloud.clusters = {n: c for n, c in self.cloud.clusters.items() if c.place.location != zone}


@pytest.fixture(params=["gke", "memory"])
async def sky(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    if request.param == "memory":
        pools = (a_pool("app", nodes=6), a_pool("batch", nodes=2))
        yield InMemory(FakeCloud.of(a_cluster("tokyo", *pools), a_cluster("taipei", location="asia-east1-a")))
        return
    async with gke_world(tmp_path, a_spec(FAST)) as world:
        yield OnGke(world)


async def done(sky: CloudUnderTest, started: OperationRef | Already) -> Operation:
    """Wait until the operation has ended."""
    assert isinstance(started, OperationRef)
    for _ in range(600):
        operation = await sky.cloud.operation(started)
        if operation.state is OperationState.DONE:
            return operation
        await asyncio.sleep(0.02)
    raise AssertionError(f"{started.id} does not end")


async def with_new_control_plane(sky: CloudUnderTest) -> None:
    await done(sky, await sky.cloud.upgrade_control_plane(sky.ref(), NEW))


async def pool(sky: CloudUnderTest, name: str = "app") -> CloudPool:
    return next(p for p in (await sky.cloud.cluster(sky.ref())).pools if p.name == name)


async def test_every_cluster_of_the_project_is_found(sky: CloudUnderTest) -> None:
    found = await sky.cloud.discover("twin")
    assert {c.place.cluster for c in found.clusters} == {"tokyo", "taipei"}
    assert found.missing_zones == ()


async def test_a_zone_that_does_not_answer_is_named(sky: CloudUnderTest) -> None:
    sky.lose_zone("asia-east1-a")
    found = await sky.cloud.discover("twin")
    assert [c.place.cluster for c in found.clusters] == ["tokyo"]
    assert found.missing_zones == ("asia-east1-a",)


async def test_a_cluster_shows_its_versions_and_pools(sky: CloudUnderTest) -> None:
    cluster = await sky.cloud.cluster(sky.ref())
    assert (cluster.control_plane, cluster.channel, cluster.state) == (OLD, "", "RUNNING")
    assert [(p.name, p.version, p.nodes, p.auto_repair) for p in cluster.pools] == [
        ("app", OLD, 6, True),
        ("batch", OLD, 2, True),
    ]


async def test_an_unknown_cluster_is_said_to_be_unknown(sky: CloudUnderTest) -> None:
    with pytest.raises(CloudUnknownError):
        await sky.cloud.cluster(ClusterRef("kyoto", gke=GkePlace("twin", "asia-northeast1", "kyoto")))


async def test_a_cloud_that_does_not_answer_says_try_again(sky: CloudUnderTest) -> None:
    sky.unreachable_once()
    with pytest.raises(CloudUnavailableError):
        await sky.cloud.cluster(sky.ref())
    await sky.cloud.cluster(sky.ref())


async def test_versions_on_offer_are_newest_first(sky: CloudUnderTest) -> None:
    offered = await sky.cloud.offered_versions(sky.ref())
    assert list(offered.control_plane) == sorted(offered.control_plane, reverse=True)
    assert offered.channel_defaults["stable"] == NEW


async def test_a_control_plane_gets_the_version_asked_for(sky: CloudUnderTest) -> None:
    operation = await done(sky, await sky.cloud.upgrade_control_plane(sky.ref(), NEW))
    assert (operation.kind, operation.error) == (OperationKind.UPGRADE_CONTROL_PLANE, "")
    assert (await sky.cloud.cluster(sky.ref())).control_plane == NEW


async def test_asking_for_what_is_so_starts_nothing(sky: CloudUnderTest) -> None:
    assert await sky.cloud.upgrade_control_plane(sky.ref(), OLD) == Already()
    assert await sky.cloud.upgrade_pool(sky.ref(), "app", OLD) == Already()
    assert await sky.cloud.set_auto_repair(sky.ref(), "app", on=True) == Already()


async def test_asking_twice_is_one_upgrade(sky: CloudUnderTest) -> None:
    first = await sky.cloud.upgrade_control_plane(sky.ref(), NEW)
    assert await sky.cloud.upgrade_control_plane(sky.ref(), NEW) == first
    await done(sky, first)
    assert await sky.cloud.upgrade_control_plane(sky.ref(), NEW) == Already()


async def test_asking_twice_is_one_roll(sky: CloudUnderTest) -> None:
    await with_new_control_plane(sky)
    first = await sky.cloud.upgrade_pool(sky.ref(), "app", NEW)
    assert await sky.cloud.upgrade_pool(sky.ref(), "app", NEW) == first
    operation = await done(sky, first)
    assert (operation.kind, operation.target, operation.error) == (OperationKind.UPGRADE_POOL, "app", "")
    assert [p.version for p in (await sky.cloud.cluster(sky.ref())).pools] == [NEW, OLD]
    assert await sky.cloud.upgrade_pool(sky.ref(), "app", NEW) == Already()


async def test_a_control_plane_never_goes_back(sky: CloudUnderTest) -> None:
    await with_new_control_plane(sky)
    with pytest.raises(CloudRefusedError):
        await sky.cloud.upgrade_control_plane(sky.ref(), OLD)


async def test_nodes_never_overtake_the_control_plane(sky: CloudUnderTest) -> None:
    with pytest.raises(CloudRefusedError):
        await sky.cloud.upgrade_pool(sky.ref(), "app", NEW)


async def test_an_unknown_pool_is_refused(sky: CloudUnderTest) -> None:
    with pytest.raises(CloudRefusedError):
        await sky.cloud.upgrade_pool(sky.ref(), "nowhere", NEW)


async def test_somebody_elses_operation_is_named(sky: CloudUnderTest) -> None:
    theirs = await sky.occupy("tokyo")
    running = await sky.cloud.running_operations(sky.ref())
    assert [(o.ref.id, o.kind, o.target) for o in running] == [(theirs, OperationKind.REPAIR_POOL, "app")]
    with pytest.raises(CloudBusyError) as busy:
        await sky.cloud.upgrade_control_plane(sky.ref(), NEW)
    assert busy.value.operation == theirs
    await done(sky, running[0].ref)
    await done(sky, await sky.cloud.upgrade_control_plane(sky.ref(), NEW))


async def test_another_clusters_operation_is_not_in_the_way(sky: CloudUnderTest) -> None:
    await sky.occupy("taipei")
    assert list(await sky.cloud.running_operations(sky.ref())) == []
    assert isinstance(await sky.cloud.upgrade_control_plane(sky.ref(), NEW), OperationRef)


async def test_done_may_mean_failed(sky: CloudUnderTest) -> None:
    sky.end_next_with_error(OperationKind.UPGRADE_CONTROL_PLANE)
    failed = await sky.cloud.upgrade_control_plane(sky.ref(), NEW)
    assert (await done(sky, failed)).error == "injected failure"
    assert (await sky.cloud.cluster(sky.ref())).control_plane == OLD
    again = await sky.cloud.upgrade_control_plane(sky.ref(), NEW)
    assert again != failed
    assert (await done(sky, again)).error == ""


async def test_auto_repair_goes_off_and_on_and_leaves_auto_upgrade_alone(sky: CloudUnderTest) -> None:
    before = await pool(sky)
    await done(sky, await sky.cloud.set_auto_repair(sky.ref(), "app", on=False))
    assert await pool(sky) == msgspec.structs.replace(before, auto_repair=False)
    await done(sky, await sky.cloud.set_auto_repair(sky.ref(), "app", on=True))
    assert await pool(sky) == before


async def test_surge_is_set_and_restored_exactly(sky: CloudUnderTest) -> None:
    before = (await sky.cloud.cluster(sky.ref())).pools[0].surge
    await done(sky, await sky.cloud.set_surge(sky.ref(), "app", SurgeSettings(3, 1)))
    changed = (await sky.cloud.cluster(sky.ref())).pools[0].surge
    assert (changed.max_surge, changed.max_unavailable) == (3, 1)
    assert await sky.cloud.set_surge(sky.ref(), "app", SurgeSettings(3, 1)) == Already()
    await done(sky, await sky.cloud.set_surge(sky.ref(), "app", before))
    assert (await sky.cloud.cluster(sky.ref())).pools[0].surge == before


@pytest.mark.parametrize(("surge", "unavailable"), [(20, 1), (0, 0)])
async def test_a_surge_out_of_bounds_is_refused(sky: CloudUnderTest, surge: int, unavailable: int) -> None:
    with pytest.raises(CloudRefusedError):
        await sky.cloud.set_surge(sky.ref(), "app", SurgeSettings(surge, unavailable))


async def test_a_roll_can_be_cancelled_and_begun_again(sky: CloudUnderTest) -> None:
    await with_new_control_plane(sky)
    sky.hold(OperationKind.UPGRADE_POOL)
    started = await sky.cloud.upgrade_pool(sky.ref(), "app", NEW)
    assert isinstance(started, OperationRef)
    await sky.cloud.cancel(started)
    await sky.cloud.cancel(started)
    sky.release()
    assert (await done(sky, started)).error
    await sky.cloud.cancel(started)
    assert (await sky.cloud.cluster(sky.ref())).pools[0].version == OLD
    again = await sky.cloud.upgrade_pool(sky.ref(), "app", NEW)
    assert again != started


async def test_rolling_back_leaves_the_version_the_pool_had(sky: CloudUnderTest) -> None:
    await with_new_control_plane(sky)
    sky.end_next_with_error(OperationKind.UPGRADE_POOL)
    await done(sky, await sky.cloud.upgrade_pool(sky.ref(), "app", NEW))
    back = await sky.cloud.roll_back_pool(sky.ref(), "app", respect_budgets=True)
    assert (await done(sky, back)).error == ""
    assert (await pool(sky)).version == OLD


async def test_an_unknown_operation_is_refused(sky: CloudUnderTest) -> None:
    with pytest.raises(CloudRefusedError):
        await sky.cloud.operation(OperationRef("operation-0-0", sky.ref(), "asia-northeast1"))


async def test_access_comes_with_a_token(sky: CloudUnderTest) -> None:
    access = await sky.cloud.access(sky.ref())
    assert access.server.startswith("https://")
    assert access.ca_pem
    assert await cast("TokenSource", access.credentials).token()
