"""Eyes keep their connections, and find a cluster again that has moved."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlead.fleet.file import FleetCluster
from fairlead.kube.errors import KubeUnavailableError
from fairlead.model.access import KubeAccess
from fairlead.model.cluster import ClusterRef, GkePlace, KubeconfigPlace
from fairlead.model.errors import UsageError
from fairlead.model.version import Version
from fairlead.worker.wiring import FleetEyes, kube_of
from fakes.api_server import ApiServer, api_server
from fakes.cloud import FakeCloud, a_cluster

TOKYO = FleetCluster(name="tokyo", gke=GkePlace("twin", "asia-northeast1", "tokyo"))


class MovingCloud(FakeCloud):
    """Says where the API server is now, and counts how often it was asked."""

    now: KubeAccess
    asked = 0

    async def access(self, cluster: ClusterRef) -> KubeAccess:
        self.asked += 1
        return self.now


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as made:
        made.lists["/api/v1/nodes"] = [{"metadata": {"name": "n-1"}}]
        made.documents["/version"] = {"gitVersion": "v1.35.4-gke.1100"}
        yield made


@pytest.fixture
async def cloud(server: ApiServer) -> MovingCloud:
    made = MovingCloud({"tokyo": a_cluster()})
    made.now = server.access()
    return made


@pytest.fixture
async def eyes(cloud: MovingCloud) -> AsyncIterator[FleetEyes]:
    made = FleetEyes(cloud, {})
    yield made
    await made.close()


async def test_the_provider_is_asked_once_while_the_api_server_answers(cloud: MovingCloud, eyes: FleetEyes) -> None:
    assert [node.name for node in await eyes.nodes(TOKYO)] == ["n-1"]
    await eyes.nodes(TOKYO)
    assert cloud.asked == 1


async def test_closed_eyes_hold_no_way_to_the_provider(cloud: MovingCloud, eyes: FleetEyes) -> None:
    await eyes.nodes(TOKYO)
    assert not cloud.closed
    await eyes.close()
    assert cloud.closed


async def test_a_cluster_that_moved_is_found_again(server: ApiServer, cloud: MovingCloud, eyes: FleetEyes) -> None:
    cloud.now = KubeAccess("https://127.0.0.1:1", None)
    with pytest.raises(KubeUnavailableError):
        await eyes.nodes(TOKYO)
    cloud.now = server.access()
    assert len(await eyes.nodes(TOKYO)) == 1


async def test_a_picture_without_an_api_server_looks_for_it_anew_too(
    server: ApiServer, cloud: MovingCloud, eyes: FleetEyes
) -> None:
    cloud.now = KubeAccess("https://127.0.0.1:1", None)
    assert (await eyes.take(TOKYO)).control_plane is None
    cloud.now = server.access()
    assert len(await eyes.nodes(TOKYO)) == 1


async def test_a_kubeconfig_of_the_fleet_file_wins_over_the_provider(cloud: MovingCloud, tmp_path: Path) -> None:
    cluster = FleetCluster(name="tokyo", gke=TOKYO.gke, kubeconfig=KubeconfigPlace(str(tmp_path / "gone")))
    with pytest.raises(UsageError, match="kubeconfig cannot be read"):
        await kube_of(cluster, cloud)
    assert cloud.asked == 0


async def test_another_cluster_is_another_connection(cloud: MovingCloud, eyes: FleetEyes) -> None:
    osaka = FleetCluster(name="osaka", gke=GkePlace("twin", "asia-northeast2", "osaka"))
    await eyes.nodes(TOKYO)
    await eyes.nodes(osaka)
    assert cloud.asked == 2


async def test_what_the_provider_says_is_in_the_picture_although_the_api_server_is_away(
    cloud: MovingCloud, eyes: FleetEyes
) -> None:
    cloud.now = KubeAccess("https://127.0.0.1:1", None)
    assert (await eyes.take(TOKYO)).provider_control_plane == Version("1.35.4-gke.1100")
