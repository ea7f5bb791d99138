"""The parts of an object: which there are, how they are called, and where they stand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.checks.found import path_steps, path_text
from fairlead.checks.items import NAMED, each_of, items_of

POD = {
    "containers": [{"name": "web", "env": [{"name": "A"}, {"name": "B"}]}, {"name": "log"}],
    "initContainers": [{"name": "set-up"}, {"name": "proxy", "restartPolicy": "Always"}],
    "ephemeralContainers": [{"name": "debug"}],
    "volumes": [{"name": "data"}],
}


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("container", ["container web", "container log"]),
        ("init-container", ["init container set-up"]),
        ("sidecar", ["init container proxy"]),
        ("running-container", ["container web", "container log", "init container proxy"]),
        (
            "started-container",
            ["container web", "container log", "init container set-up", "init container proxy"],
        ),
        (
            "any-container",
            [
                "container web",
                "container log",
                "init container set-up",
                "init container proxy",
                "ephemeral container debug",
            ],
        ),
        ("volume", ["volume data"]),
    ],
)
def test_named_items(name: str, labels: list[str]) -> None:
    assert [item.label for item in items_of(NAMED[name], POD)] == labels


def test_items_of_items_have_whole_paths() -> None:
    each = each_of({"env": "pod.containers[].env"})
    found = items_of(each, POD)
    assert (each.variable, each.root) == ("env", "pod")
    assert [path_text(item.path) for item in found] == ["containers[0].env[0]", "containers[0].env[1]"]
    assert [item.label for item in found] == ["container web env A", "container web env B"]


@pytest.mark.parametrize("pod", [None, {}, {"containers": None}, {"containers": "web"}, {"containers": {}}, []])
def test_what_is_no_list_has_no_items(pod: Any) -> None:
    assert items_of(NAMED["any-container"], pod) == []


@pytest.mark.parametrize(
    "said", ["containers", {"port": "spec.ports"}, {"port": "object"}, {"port": "object.spec ports"}]
)
def test_lists_that_cannot_be_meant(said: Any) -> None:
    with pytest.raises(ValueError, match=r"ports|containers|object"):
        each_of(said)


@given(st.lists(st.one_of(st.integers(0, 99), st.text(min_size=1)), max_size=6))
def test_a_path_is_read_back_from_its_text(steps: list[str | int]) -> None:
    assert path_steps(path_text(tuple(steps))) == tuple(steps)


def test_a_list_that_is_called_like_one_item_keeps_its_name() -> None:
    policy: dict[str, Any] = {"spec": {"ingress": [{"from": [{"podSelector": {}}]}]}}
    found = items_of(each_of({"rule": "object.spec.ingress"}), policy)
    assert [item.label for item in found] == ["ingress 0"]
