"""A fleet at a glance: every cluster has its line, also beside one that nobody can reach."""

import asyncio

import pytest

from fairlead.clouds.port import CloudUnavailableError
from fairlead.fleet.file import FleetCluster
from fairlead.model.cluster import GkePlace
from fairlead.model.version import Version
from fairlead.snapshot.cluster import ClusterSnapshot
from fairlead.survey.overview import ClusterLine, overview
from fakes.pictures import a_pool, a_snapshot


class Sights:
    """Pictures, or errors, by cluster name."""

    def __init__(self, **seen: ClusterSnapshot | Exception) -> None:
        self.seen = seen
        self.now = self.most = 0

    async def take(self, cluster: FleetCluster, *, pods: bool = True) -> ClusterSnapshot:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        seen = self.seen[cluster.name]
        if isinstance(seen, Exception):
            raise seen
        return seen


def member(name: str) -> FleetCluster:
    return FleetCluster(name=name, gke=GkePlace("shop", "asia-northeast1", name), environment="production")


async def one_line(snapshot: ClusterSnapshot) -> ClusterLine:
    return (await overview("shop", [member("tokyo")], Sights(tokyo=snapshot))).clusters[0]


async def test_one_that_is_out_of_reach_does_not_hide_the_others() -> None:
    sights = Sights(tokyo=CloudUnavailableError("no answer"), osaka=a_snapshot("osaka"))
    found = await overview("shop", [member("tokyo"), member("osaka")], sights)
    assert [line.name for line in found.clusters] == ["tokyo", "osaka"]
    assert found.clusters[0].missing == ("provider: no answer",)
    assert found.clusters[0].control_plane is None
    assert found.clusters[1].nodes_ready == 4
    assert not found.complete


async def test_a_whole_fleet_is_complete() -> None:
    assert (await overview("shop", [member("tokyo")], Sights(tokyo=a_snapshot()))).complete


async def test_a_silent_api_server_leaves_the_providers_word() -> None:
    line = await one_line(a_snapshot(control_plane=None, nodes=(), missing=("API server: silent",)))
    assert (line.control_plane, line.nodes, line.nodes_ready) == (Version("1.35.4-gke.1000"), 4, None)


async def test_the_clusters_own_version_wins_over_the_providers() -> None:
    line = await one_line(a_snapshot(provider_control_plane=Version("1.36.4-gke.1000")))
    assert line.control_plane == Version("1.35.4-gke.1000")


async def test_pools_count_only_their_own_ready_nodes() -> None:
    line = await one_line(a_snapshot(pools=(a_pool("app", nodes=3), a_pool("batch", nodes=2))))
    assert [(pool.name, pool.nodes, pool.ready) for pool in line.pools] == [("app", 3, 3), ("batch", 2, 2)]


async def test_without_a_balancer_there_is_no_rate() -> None:
    line = await one_line(a_snapshot(traffic=None))
    assert (line.rate, line.in_balancer) == (None, None)


async def test_many_clusters_are_asked_side_by_side_but_not_all_at_once() -> None:
    sights = Sights(**{f"c{number}": a_snapshot() for number in range(50)})
    await overview("shop", [member(name) for name in sights.seen], sights)
    assert 1 < sights.most <= 16


async def test_a_mistake_of_ours_is_not_taken_for_silence() -> None:
    with pytest.raises(ZeroDivisionError):
        await overview("shop", [member("tokyo")], Sights(tokyo=ZeroDivisionError()))
