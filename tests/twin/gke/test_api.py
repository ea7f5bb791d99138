"""The emulator's API towards Google's own client: versions, conflicts, quotas, etags, settings, who may ask."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import container_v1 as gke
from google.cloud.container_v1.services.cluster_manager.transports import ClusterManagerGrpcAsyncIOTransport

from fairlead.model.version import Version
from fairlead.twin.gke import audit, faults
from fakes.gke import OLD, ZONES, GkeWorld, a_spec, gke_world

TOKYO = "projects/twin/locations/asia-northeast1/clusters/tokyo"
APP = f"{TOKYO}/nodePools/app"
NEW = "1.36.3-gke.1000"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GkeWorld]:
    async with gke_world(tmp_path) as world:
        yield world


@pytest.fixture
async def client(world: GkeWorld) -> Any:
    return await world.cloud._link.client()


async def until_done(client: Any, operation: gke.Operation) -> gke.Operation:
    name = f"projects/twin/locations/{operation.location}/operations/{operation.name}"
    for _ in range(500):
        found: gke.Operation = await client.get_operation(name=name)
        if found.status == gke.Operation.Status.DONE:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{operation.name} does not end")


async def cluster(client: Any) -> gke.Cluster:
    found: gke.Cluster = await client.get_cluster(name=TOKYO)
    return found


async def app(client: Any) -> gke.NodePool:
    return next(pool for pool in (await cluster(client)).node_pools if pool.name == "app")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("latest", "1.36.4-gke.1300"),
        ("-", "1.36.3-gke.1000"),
        ("1.36", "1.36.4-gke.1300"),
        ("1.36.3", "1.36.3-gke.1000"),
        ("1.35.5-gke.1200", "1.35.5-gke.1200"),
    ],
)
async def test_an_alias_means_a_version(client: Any, asked: str, meant: str) -> None:
    await until_done(client, await client.update_master(request={"name": TOKYO, "master_version": asked}))
    assert (await cluster(client)).current_master_version == meant


@pytest.mark.parametrize("asked", ["1.37", "1.34.1-gke.1", "nonsense"])
async def test_a_version_that_is_not_offered_is_refused(client: Any, asked: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        await client.update_master(request={"name": TOKYO, "master_version": asked})


async def test_a_minor_cannot_be_skipped(tmp_path: Path) -> None:
    spec = a_spec()
    async with gke_world(tmp_path, spec) as world:
        world.emulator.desk.books.clusters["tokyo"].current_master_version = "1.34.1-gke.1000"
        client = await world.cloud._link.client()
        with pytest.raises(exceptions.InvalidArgument, match="more than one minor"):
            await client.update_master(request={"name": TOKYO, "master_version": NEW})


async def test_a_dash_gives_nodes_the_masters_version(world: GkeWorld, client: Any) -> None:
    await until_done(client, await client.update_master(request={"name": TOKYO, "master_version": NEW}))
    await until_done(client, await client.update_node_pool(request={"name": APP, "node_version": "-"}))
    assert (await app(client)).version == NEW


async def test_a_conflict_carries_its_reason_and_the_operation(client: Any) -> None:
    running = await client.update_master(request={"name": TOKYO, "master_version": NEW})
    with pytest.raises(exceptions.FailedPrecondition, match=running.name) as refused:
        await client.update_node_pool(request={"name": APP, "node_version": str(OLD)})
    assert refused.value.reason == "CLUSTER_ALREADY_HAS_OPERATION"
    assert refused.value.domain == "container.googleapis.com"


async def test_metadata_only_operations_run_beside_others_up_to_the_quota(world: GkeWorld, client: Any) -> None:
    world.inject(faults.StallOperation("SET_NODE_POOL_MANAGEMENT"))
    world.inject(faults.StallOperation("UPGRADE_MASTER"))
    await client.update_master(request={"name": TOKYO, "master_version": NEW})
    for _ in range(4):
        await client.set_node_pool_management(request={"name": APP, "management": {"auto_repair": False}})
    with pytest.raises(exceptions.ResourceExhausted, match="concurrent operations quota 5"):
        await client.set_node_pool_management(request={"name": APP, "management": {"auto_repair": False}})


async def test_an_old_etag_is_refused(client: Any) -> None:
    before = await app(client)
    settings = {"max_surge": 3}
    request = {"name": APP, "upgrade_settings": settings, "etag": before.etag}
    await until_done(client, await client.update_node_pool(request=request))
    assert (await app(client)).upgrade_settings.max_surge == 3
    with pytest.raises(exceptions.Aborted):
        await client.update_node_pool(request=request)


async def test_a_maintenance_policy_needs_its_resource_version(client: Any) -> None:
    policy = (await cluster(client)).maintenance_policy
    policy.window.daily_maintenance_window.start_time = "03:00"
    request = {"name": TOKYO, "maintenance_policy": policy}
    await until_done(client, await client.set_maintenance_policy(request=request))
    held = (await cluster(client)).maintenance_policy
    assert held.window.daily_maintenance_window.start_time == "03:00"
    with pytest.raises(exceptions.Aborted):
        await client.set_maintenance_policy(request=request)


async def test_pools_come_grow_and_go(world: GkeWorld, client: Any) -> None:
    pool = {"name": "extra", "initial_node_count": 1, "locations": list(ZONES)}
    await until_done(client, await client.create_node_pool(request={"parent": TOKYO, "node_pool": pool}))
    assert world.actors["tokyo"].versions("extra") == [str(OLD)] * 3
    extra = f"{TOKYO}/nodePools/extra"
    await until_done(client, await client.set_node_pool_size(request={"name": extra, "node_count": 2}))
    assert len(world.actors["tokyo"].versions("extra")) == 6
    await until_done(client, await client.set_node_pool_size(request={"name": extra, "node_count": 1}))
    assert len(world.actors["tokyo"].versions("extra")) == 3
    await until_done(client, await client.delete_node_pool(name=extra))
    assert world.actors["tokyo"].versions("extra") == []
    assert [p.name for p in (await cluster(client)).node_pools] == ["app", "batch"]


async def test_what_is_not_emulated_says_so(client: Any) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        await client.delete_cluster(name=TOKYO, retry=None)


async def test_an_operation_on_a_control_plane_cannot_be_cancelled(client: Any) -> None:
    running = await client.update_master(request={"name": TOKYO, "master_version": NEW})
    with pytest.raises(exceptions.FailedPrecondition):
        await client.cancel_operation(name=f"projects/twin/locations/asia-northeast1/operations/{running.name}")


async def test_another_project_is_not_ours_to_see(client: Any) -> None:
    with pytest.raises(exceptions.PermissionDenied):
        await client.list_clusters(parent="projects/other/locations/-")


async def test_without_a_token_nothing_is_told(world: GkeWorld) -> None:
    address = f"127.0.0.1:{world.state.ports['gke']}"
    async with grpc.aio.secure_channel(address, grpc.local_channel_credentials()) as channel:
        stranger = gke.ClusterManagerAsyncClient(transport=ClusterManagerGrpcAsyncIOTransport(channel=channel))
        with pytest.raises(exceptions.Unauthenticated):
            await stranger.list_clusters(parent="projects/twin/locations/-", retry=None)


async def test_every_change_asked_for_is_on_record(world: GkeWorld, client: Any) -> None:
    world.inject(faults.FailCall("UpdateMaster", "UNAVAILABLE"))
    with pytest.raises(exceptions.ServiceUnavailable):
        await client.update_master(request={"name": TOKYO, "master_version": NEW})
    running = await client.update_master(request={"name": TOKYO, "master_version": NEW})
    await cluster(client)
    lines = audit.read(world.state.root)
    assert [(line.method, line.operation, line.error) for line in lines] == [
        ("UpdateMaster", "", "UNAVAILABLE"),
        ("UpdateMaster", running.name, ""),
    ]
    assert lines[1].request["masterVersion"] == NEW


async def test_what_was_answered_outlives_a_kill(world: GkeWorld, client: Any) -> None:
    running = await client.update_master(request={"name": TOKYO, "master_version": NEW})
    await world.restart()
    await until_done(client, running)
    assert Version((await cluster(client)).current_master_version) == Version(NEW)
