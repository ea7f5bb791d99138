"""A picture travels, and knows its pools."""

import pytest

from fairlead.model import wire
from fairlead.snapshot.cluster import Budget, ClusterSnapshot, Pod, RunningOperation, Webhook, Workload
from fakes.pictures import a_pool, a_snapshot


def test_a_picture_comes_back_from_the_wire_as_it_was() -> None:
    picture = a_snapshot(
        pods=(Pod("shop", "web-1", "app-0", "Running", ready=True, owner="ReplicaSet/web", labels={"app": "web"}),),
        workloads=(Workload("Deployment", "shop", "web", 3, 3),),
        budgets=(Budget("shop", "web", 3, 3, 2, 1, min_available="50%"),),
        webhooks=(Webhook("ValidatingWebhookConfiguration", "p", "n", True, 10, "shop/p"),),
        apis=frozenset({"apps/v1/Deployment", "core/v1/Pod"}),
        operations=(RunningOperation("operation-1", "upgrade-pool", "app", "2026-11-21T10:00:00Z"),),
        missing=("webhooks: no permission",),
    )
    assert wire.decode(wire.encode(picture), ClusterSnapshot) == picture


def test_a_pool_is_found_by_its_name_and_its_nodes_by_their_label() -> None:
    picture = a_snapshot(pools=(a_pool("app", nodes=3), a_pool("batch", nodes=2)))
    assert picture.pool("batch").nodes == 2
    assert [node.name for node in picture.nodes_of("batch")] == ["batch-0", "batch-1"]
    with pytest.raises(KeyError):
        picture.pool("gone")
