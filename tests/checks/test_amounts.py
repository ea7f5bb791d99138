"""Requests, waits and nodes are counted as Kubernetes counts them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.checks.several.amounts import amount, pod_request, seconds_of, wait_before_stop
from fairlead.checks.several.nodes import Nodes, tolerates
from fairlead.snapshot.objects import KubeObject


def _asking(cpu: float, **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


def test_a_pod_asks_for_the_larger_of_its_start_and_its_run() -> None:
    """Sidecars run beside the init containers that come after them, and beside the containers."""
    sidecar, first, last = _asking(1, restartPolicy="Always"), _asking(5), _asking(4)
    pod = {"containers": [_asking(2), _asking(1)], "initContainers": [first, sidecar, last]}
    assert pod_request(pod, "cpu") == 5
    assert pod_request({**pod, "initContainers": [sidecar, first]}, "cpu") == 6
    assert pod_request({**pod, "initContainers": [sidecar]}, "cpu") == 4


def test_a_limit_alone_is_the_request_and_overhead_is_added() -> None:
    pod = {"containers": [{"resources": {"limits": {"memory": "1Gi"}}}], "overhead": {"memory": "128Mi"}}
    assert pod_request(pod, "memory") == 2**30 + 2**27


def test_what_the_whole_pod_asks_for_is_what_counts() -> None:
    assert pod_request({"resources": {"requests": {"cpu": "3"}}, "containers": [_asking(1)]}, "cpu") == 3


@pytest.mark.parametrize(
    ("written", "number"),
    [("100m", 0.1), ("1Gi", 2**30), (2, 2), ("1e3", 1000), ("1GB", None), (True, None), (None, None)],
)
def test_a_quantity_is_a_number(written: object, number: float | None) -> None:
    assert amount(written) == (None if number is None else pytest.approx(number))


@given(hours=st.integers(0, 99), minutes=st.integers(0, 59), seconds=st.integers(0, 59))
def test_a_duration_is_read_as_go_writes_it(hours: int, minutes: int, seconds: int) -> None:
    assert seconds_of(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


@pytest.mark.parametrize("written", ["", "soon", "5 apples", "m5", None, [], True])
def test_what_is_no_duration_is_none(written: object) -> None:
    assert seconds_of(written) is None


@pytest.mark.parametrize(
    ("hook", "seconds"),
    [
        ({"sleep": {"seconds": 7}}, 7),
        ({"exec": {"command": ["/bin/sh", "-c", "sleep 5; drain; sleep 1m"]}}, 65),
        ({"exec": {"command": ["drain"]}}, 0),
        ({"httpGet": {"path": "/drain"}}, 0),
        (None, 0),
    ],
)
def test_a_wait_is_what_pre_stop_sleeps(hook: object, seconds: int) -> None:
    assert wait_before_stop({"lifecycle": {"preStop": hook}}) == seconds


@pytest.mark.parametrize(
    ("toleration", "does"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"value": "yes"}, False),
    ],
)
def test_a_taint_is_tolerated_by_key_value_and_effect(toleration: dict[str, str], does: bool) -> None:
    assert tolerates(toleration, {"key": "gpu", "value": "yes", "effect": "NoSchedule"}) is does


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ({"key": "zone", "operator": "In", "values": ["a", "b"]}, True),
        ({"key": "zone", "operator": "NotIn", "values": ["a"]}, False),
        ({"key": "rack", "operator": "DoesNotExist"}, True),
        ({"key": "cores", "operator": "Gt", "values": ["4"]}, True),
        ({"key": "cores", "operator": "Lt", "values": ["4"]}, False),
        ({"key": "zone", "operator": "Gt", "values": ["4"]}, False),
    ],
)
def test_a_node_is_chosen_by_its_labels(expression: dict[str, Any], fits: bool) -> None:
    node = KubeObject(
        {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "labels": {"zone": "a", "cores": "8"}}}
    )
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    pod = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}
    assert bool(Nodes([node]).chosen(pod)) is fits
