"""GKE's messages in our nouns, with what the emulator does not show."""

import base64
from typing import Any

import pytest
from google.cloud import container_v1 as gke
from google.rpc import status_pb2

from fairlead.clouds.gke import reading
from fairlead.clouds.port import OperationKind, OperationState, SurgeSettings
from fairlead.model.cluster import ClusterRef, GkePlace
from fairlead.model.version import Version

TOKYO = ClusterRef("tokyo", gke=GkePlace("p", "asia-northeast1", "tokyo"))


class Token:
    async def token(self, *, rejected: str | None = None) -> str:
        return "t"


def an_operation(**fields: Any) -> gke.Operation:
    link = "https://container.googleapis.com/v1/projects/1/zones/asia-east1-a/clusters/tokyo/nodePools/app"
    return gke.Operation(**{"name": "operation-1", "target_link": link, "status": 2, **fields})


def test_a_cluster_that_is_being_made_has_the_version_it_is_made_with() -> None:
    cluster = gke.Cluster(name="new", initial_cluster_version="1.36.3-gke.1000", status=1)
    assert reading.cluster_of("p", cluster).control_plane == Version("1.36.3-gke.1000")


def test_a_release_channel_is_told_in_small_letters() -> None:
    cluster = gke.Cluster(current_master_version="1.36.3-gke.1000", release_channel={"channel": 3})
    assert reading.cluster_of("p", cluster).channel == "stable"


def test_a_pools_size_is_counted_over_its_zones() -> None:
    pool = gke.NodePool(version="1.36.3", initial_node_count=3, locations=["a", "b", "c"])
    assert reading.pool_of(pool).nodes == 9


def test_an_error_inside_is_told() -> None:
    failed = an_operation(status=3, error=status_pb2.Status(code=8, message="no more machines"))
    assert reading.operation_of(TOKYO, failed).error == "no more machines"
    assert reading.operation_of(TOKYO, an_operation(status=3, status_message="older form")).error == "older form"


def test_a_message_while_it_runs_is_no_error() -> None:
    assert reading.operation_of(TOKYO, an_operation(status_message="under way")).error == ""


def test_what_google_starts_by_itself_is_recognised() -> None:
    kinds = {
        reading.operation_of(TOKYO, an_operation(operation_type=number)).kind: number for number in (5, 10, 11, 18, 19)
    }
    assert kinds == {
        OperationKind.REPAIR_CLUSTER: 5,
        OperationKind.REPAIR_POOL: 10,
        OperationKind.UPGRADE_POOL: 11,
        OperationKind.RESIZE: 18,
        OperationKind.OTHER: 19,
    }


def test_an_operation_names_its_pool() -> None:
    operation = reading.operation_of(TOKYO, an_operation())
    assert (operation.target, operation.state) == ("app", OperationState.RUNNING)


def test_without_metrics_progress_is_unknown() -> None:
    operation = reading.operation_of(TOKYO, an_operation())
    assert (operation.nodes_done, operation.nodes_total) == (None, None)


def test_another_surge_keeps_everything_else() -> None:
    current = gke.NodePool.UpgradeSettings(max_surge=1, strategy=gke.NodePoolUpdateStrategy.SURGE)
    wanted = reading.settings_of(SurgeSettings(4, 2), current)
    assert (wanted.max_surge, wanted.max_unavailable, wanted.strategy) == (4, 2, gke.NodePoolUpdateStrategy.SURGE)
    assert current.max_surge == 1


@pytest.mark.parametrize(("open_to_us", "server"), [(True, "https://gke-1.gke.goog"), (False, "https://34.1.2.3")])
def test_the_dns_endpoint_is_used_with_the_public_cas_where_it_is_open(open_to_us: bool, server: str) -> None:
    dns = {"endpoint": "gke-1.gke.goog", "allow_external_traffic": open_to_us}
    cluster = gke.Cluster(
        endpoint="34.1.2.3",
        master_auth={"cluster_ca_certificate": base64.b64encode(b"own ca").decode()},
        control_plane_endpoints_config={"dns_endpoint_config": dns},
    )
    access = reading.access_of(cluster, Token())
    assert access.server == server
    assert access.ca_pem == (None if open_to_us else "own ca")
