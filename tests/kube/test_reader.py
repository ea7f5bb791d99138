"""Lists in pages, pages that expired, and servers that are older or half away."""

import pytest

from fairlead.kube.errors import KubeRefusedError, KubeUnavailableError
from fairlead.kube.reader import KubeReader
from fakes.api_server import ApiServer

PODS = "/api/v1/pods"
GONE = (410, {"message": "The provided continue parameter is too old"})


def pods(count: int) -> list[dict[str, object]]:
    return [
        {"metadata": {"name": f"web-{number}", "labels": None}, "status": {"phase": "Running"}}
        for number in range(count)
    ]


async def names(reader: KubeReader) -> list[str]:
    return await reader.pods(lambda pod: pod.metadata.name)


async def test_a_list_is_read_page_by_page(server: ApiServer, reader: KubeReader) -> None:
    server.lists[PODS] = pods(5)
    assert await names(reader) == [f"web-{number}" for number in range(5)]
    assert [each.query for each in server.asked] == [
        {"limit": "2"},
        {"limit": "2", "continue": "2"},
        {"limit": "2", "continue": "4"},
    ]


async def test_a_list_that_expired_is_begun_again_without_doubles(server: ApiServer, reader: KubeReader) -> None:
    server.lists[PODS] = pods(3)
    server.answers[PODS] = [lambda asked: (200, server._page(asked)), GONE]
    assert await names(reader) == ["web-0", "web-1", "web-2"]
    assert len(server.asked) == 4


async def test_a_list_that_expires_each_time_is_given_up(server: ApiServer, reader: KubeReader) -> None:
    server.answers[PODS] = [GONE] * 10
    with pytest.raises(KubeUnavailableError, match="410"):
        await names(reader)
    assert len(server.asked) == 3


async def test_an_empty_list_may_be_null(server: ApiServer, reader: KubeReader) -> None:
    server.documents[PODS] = {"metadata": {"resourceVersion": "1"}, "items": None}
    assert await names(reader) == []


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b'{"items": 3}', b""])
async def test_an_answer_that_is_no_list_is_an_error_of_ours(
    server: ApiServer, reader: KubeReader, body: bytes
) -> None:
    server.answers[PODS] = [(200, body)]
    with pytest.raises(KubeRefusedError, match="cannot be read"):
        await names(reader)


async def test_ready_is_what_readyz_says(server: ApiServer, reader: KubeReader) -> None:
    server.answers["/readyz"] = [(200, b"ok"), (500, b"[-]etcd failed")]
    assert await reader.ready()
    assert not await reader.ready()


async def test_version_is_the_servers_own(server: ApiServer, reader: KubeReader) -> None:
    server.documents["/version"] = {"major": "1", "gitVersion": "v1.35.4-gke.1100"}
    assert await reader.version() == "v1.35.4-gke.1100"


async def test_workloads_come_with_their_kind(server: ApiServer, reader: KubeReader) -> None:
    for path in ("apps/v1/deployments", "apps/v1/statefulsets", "apps/v1/daemonsets", "batch/v1/jobs"):
        server.lists[f"/apis/{path}"] = [{"metadata": {"namespace": "shop", "name": "web"}}]
    found = await reader.workloads(lambda kind, each: f"{kind} {each.metadata.name}")
    assert found == ["Deployment web", "StatefulSet web", "DaemonSet web", "Job web"]


def aggregated(group: str, version: str, *kinds: str, freshness: str = "Current") -> dict[str, object]:
    resources = [{"resource": kind.lower(), "responseKind": {"kind": kind}} for kind in kinds]
    return {
        "metadata": {"name": group} if group else {},
        "versions": [{"version": version, "resources": resources, "freshness": freshness}],
    }


async def test_aggregated_discovery_takes_two_answers(server: ApiServer, reader: KubeReader) -> None:
    kind = "APIGroupDiscoveryList"
    server.documents["/api"] = {"kind": kind, "items": [aggregated("", "v1", "Pod", "Node")]}
    server.documents["/apis"] = {
        "kind": kind,
        "items": [
            aggregated("apps", "v1", "Deployment"),
            aggregated("metrics.k8s.io", "v1beta1", freshness="Stale"),
        ],
    }
    found = await reader.apis()
    assert found.served == {"core/v1/Pod", "core/v1/Node", "apps/v1/Deployment"}
    assert found.unread == ("metrics.k8s.io/v1beta1",)
    assert len(server.asked) == 2
    assert "APIGroupDiscoveryList" in server.asked[0].headers["accept"]


async def test_an_older_server_is_discovered_one_by_one(server: ApiServer, reader: KubeReader) -> None:
    server.documents |= {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {"resources": [{"name": "pods", "kind": "Pod"}, {"name": "pods/eviction", "kind": "Eviction"}]},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]},
                {"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1beta1"}]},
            ],
        },
        "/apis/apps/v1": {"resources": [{"name": "deployments", "kind": "Deployment"}]},
    }
    server.answers["/apis/metrics.k8s.io/v1beta1"] = [(503, {"message": "service unavailable"})]
    found = await reader.apis()
    assert found.served == {"core/v1/Pod", "apps/v1/Deployment"}
    assert found.unread == ("metrics.k8s.io/v1beta1",)
