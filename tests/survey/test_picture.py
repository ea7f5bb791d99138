"""A picture says what is there, and names what could not be read."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.clouds.port import CloudUnavailableError
from fairlead.fleet.file import FleetCluster, TrafficEntry
from fairlead.kube.connection import Connection
from fairlead.kube.reader import KubeReader
from fairlead.model.cluster import GkePlace
from fairlead.model.version import Version
from fairlead.snapshot.cluster import Budget, ClusterSnapshot, Node, Pod, Webhook, Workload
from fairlead.survey.picture import take
from fakes.api_server import ApiServer, api_server
from fakes.balancer import FakeBalancer
from fakes.cloud import FakeCloud

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
READY = [{"type": "Ready", "status": "True"}]
NODE_LABELS = {"cloud.google.com/gke-nodepool": "app", "topology.kubernetes.io/zone": "asia-northeast1-a"}
BUDGET: dict[str, object] = {
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}},
    "status": {"expectedPods": 4, "currentHealthy": 4, "desiredHealthy": 2, "disruptionsAllowed": 2},
}
HOOK: dict[str, object] = {
    "metadata": {"name": "policy"},
    "webhooks": [
        {
            "name": "deny.shop.example",
            "timeoutSeconds": 5,
            "clientConfig": {"service": {"namespace": "shop", "name": "policy"}},
        }
    ],
}


def node(name: str, version: str = "v1.35.4-gke.1100", labels: dict[str, str] | None = None) -> dict[str, object]:
    return {
        "metadata": {"name": name, "labels": NODE_LABELS if labels is None else labels},
        "status": {"nodeInfo": {"kubeletVersion": version}, "conditions": READY},
    }


def pod(name: str) -> dict[str, object]:
    owners = [{"kind": "Cat", "name": "x"}, {"kind": "ReplicaSet", "name": "web-1", "controller": True}]
    return {
        "metadata": {"namespace": "shop", "name": name, "labels": {"app": "web"}, "ownerReferences": owners},
        "spec": {"nodeName": "n-1"},
        "status": {"phase": "Running", "conditions": READY},
    }


def whole(server: ApiServer) -> None:
    """An API server that answers everything."""
    server.documents |= {
        "/version": {"gitVersion": "v1.35.4-gke.1100"},
        "/api": {"kind": "APIGroupDiscoveryList", "items": []},
        "/apis": {"kind": "APIGroupDiscoveryList", "items": []},
    }
    admission = "/apis/admissionregistration.k8s.io/v1"
    server.lists |= {
        "/api/v1/nodes": [node("n-1")],
        "/api/v1/pods": [pod("web-a"), pod("web-b")],
        "/apis/apps/v1/deployments": [
            {"metadata": {"namespace": "shop", "name": "web"}, "spec": {"replicas": 3}, "status": {"readyReplicas": 2}}
        ],
        "/apis/apps/v1/statefulsets": [],
        "/apis/apps/v1/daemonsets": [],
        "/apis/batch/v1/jobs": [],
        "/apis/policy/v1/poddisruptionbudgets": [BUDGET],
        f"{admission}/validatingwebhookconfigurations": [HOOK],
        f"{admission}/mutatingwebhookconfigurations": [],
    }


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
async def server(certificates: Path) -> AsyncIterator[ApiServer]:
    async with api_server(certificates) as made:
        whole(made)
        yield made


async def look(
    server: ApiServer,
    *,
    cloud: FakeCloud | None = None,
    balancers: dict[str, FakeBalancer] | None = None,
    servers: tuple[str, ...] = (),
    pods: bool = True,
) -> ClusterSnapshot:
    cluster = FleetCluster(
        name="tokyo",
        gke=GkePlace("twin", "asia-northeast1", "tokyo"),
        traffic=tuple(TrafficEntry(balancer="edge", server=each) for each in servers),
    )
    async with Connection("tokyo", server.access()) as connection:
        return await take(cluster, cloud or FakeCloud.of(), KubeReader(connection), balancers or {}, NOW, pods=pods)


async def test_a_whole_cluster_is_seen_whole(server: ApiServer) -> None:
    picture = await look(server)
    assert picture.missing == ()
    assert picture.taken == NOW
    assert (picture.control_plane, picture.provider_control_plane) == (Version("1.35.4-gke.1100"),) * 2
    assert picture.nodes == (
        Node("n-1", "app", "asia-northeast1-a", Version("1.35.4-gke.1100"), ready=True, unschedulable=False),
    )
    assert picture.pods[0] == Pod(
        "shop", "web-a", "n-1", "Running", ready=True, owner="ReplicaSet/web-1", labels={"app": "web"}
    )
    assert picture.workloads == (Workload("Deployment", "shop", "web", wanted=3, ready=2),)
    assert picture.budgets == (Budget("shop", "web", 4, 4, 2, 2, min_available="50%", pod_labels={"app": "web"}),)
    assert picture.webhooks == (
        Webhook(
            "ValidatingWebhookConfiguration",
            "policy",
            "deny.shop.example",
            fails_closed=True,
            timeout_seconds=5,
            target="shop/policy",
        ),
    )
    assert [each.name for each in picture.pools] == ["app"]


async def test_pods_may_be_left_out(server: ApiServer) -> None:
    assert (await look(server, pods=False)).pods == ()
    assert "/api/v1/pods" not in [each.path for each in server.asked]


async def test_equal_labels_are_kept_once(server: ApiServer) -> None:
    first, second = (await look(server)).pods
    assert first.labels is second.labels


async def test_an_api_server_that_is_away_is_named_and_hides_nothing_else(server: ApiServer) -> None:
    balancer = FakeBalancer({"tokyo": 50.0}, name="edge")
    server.answers["/version"] = [(503, {"message": "shutting down"})]
    picture = await look(server, balancers={"edge": balancer}, servers=("tokyo",))
    assert picture.control_plane is None
    assert picture.provider_control_plane == Version("1.35.4-gke.1100")
    assert picture.traffic is not None
    assert [each.split(":")[0] for each in picture.missing] == ["API server"]


@pytest.mark.parametrize("path", ["/api/v1/nodes", "/apis/policy/v1/poddisruptionbudgets", "/api/v1/pods"])
async def test_without_what_upgrades_are_judged_by_nothing_is_believed(server: ApiServer, path: str) -> None:
    server.answers[path] = [(403, {"message": "no"})]
    picture = await look(server)
    assert (picture.control_plane, picture.nodes) == (None, ())
    assert path in picture.missing[0]


async def test_webhooks_that_may_not_be_read_are_named_and_the_rest_is_believed(server: ApiServer) -> None:
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    server.answers[path] = [(403, {"message": "no"})]
    picture = await look(server)
    assert picture.control_plane == Version("1.35.4-gke.1100")
    assert len(picture.missing) == 1
    assert picture.missing[0].startswith("webhooks: ")


async def test_an_api_whose_own_server_is_away_is_named(server: ApiServer) -> None:
    stale = {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]}
    server.documents["/apis"] = {"kind": "APIGroupDiscoveryList", "items": [stale]}
    picture = await look(server)
    assert picture.missing == ("APIs of metrics.k8s.io/v1beta1: the server behind it does not answer",)


async def test_a_server_the_balancer_does_not_know_is_named(server: ApiServer) -> None:
    balancer = FakeBalancer({"tokyo": 50.0}, name="edge")
    picture = await look(server, balancers={"edge": balancer}, servers=("tokoy",))
    assert picture.traffic is None
    assert "has no server `tokoy`" in picture.missing[0]


async def test_a_balancer_that_does_not_answer_is_named(server: ApiServer) -> None:
    balancer = FakeBalancer({"tokyo": 50.0}, name="edge")
    balancer.silent.update(balancer.addresses)
    picture = await look(server, balancers={"edge": balancer}, servers=("tokyo",))
    assert picture.traffic is None
    assert picture.missing[0].startswith("traffic: ")


@pytest.mark.parametrize(
    ("kind", "path", "content", "wanted", "ready"),
    [
        ("Deployment", "apps/v1/deployments", {"spec": {}, "status": {}}, 1, 0),
        ("StatefulSet", "apps/v1/statefulsets", {"spec": {"replicas": 0}, "status": {"readyReplicas": 0}}, 0, 0),
        ("DaemonSet", "apps/v1/daemonsets", {"status": {"desiredNumberScheduled": 5, "numberReady": 4}}, 5, 4),
        ("Job", "batch/v1/jobs", {"spec": {"parallelism": 3, "completions": 5}, "status": {"ready": 2}}, 3, 2),
        ("Job", "batch/v1/jobs", {"spec": {"parallelism": 3, "completions": 5}, "status": {"succeeded": 4}}, 1, 0),
        ("Job", "batch/v1/jobs", {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}, 0, 0),
        ("Job", "batch/v1/jobs", {"status": {"conditions": [{"type": "Failed", "status": "True"}]}}, 0, 0),
    ],
)
async def test_each_kind_of_workload_counts_pods_its_own_way(
    server: ApiServer, kind: str, path: str, content: dict[str, object], wanted: int, ready: int
) -> None:
    server.lists["/apis/apps/v1/deployments"] = []
    server.lists[f"/apis/{path}"] = [{"metadata": {"namespace": "shop", "name": "x"}, **content}]
    assert (await look(server)).workloads == (Workload(kind, "shop", "x", wanted, ready),)


async def test_a_cluster_that_nothing_carries_has_no_traffic_and_lacks_none(server: ApiServer) -> None:
    picture = await look(server)
    assert (picture.traffic, picture.missing) == (None, ())


async def test_without_the_provider_there_is_no_picture(server: ApiServer) -> None:
    cloud = FakeCloud.of()
    cloud.fail_next("cluster", CloudUnavailableError("away"))
    with pytest.raises(CloudUnavailableError):
        await look(server, cloud=cloud)


async def test_a_kubelet_version_that_cannot_be_read_is_none(server: ApiServer) -> None:
    server.lists["/api/v1/nodes"] = [node("n-1", version="fake", labels={})]
    assert (await look(server)).nodes == (Node("n-1", "", "", None, ready=True, unschedulable=False),)
