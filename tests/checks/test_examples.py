"""Short examples mean whole manifests, and nothing is lost on the way."""

from typing import Any

import pytest

from fairlead.checks.examples import written_out
from fairlead.snapshot.objects import KubeObject


def test_a_container_makes_a_whole_deployment() -> None:
    whole = KubeObject(written_out({"container": {"image": "cart:1"}}))
    assert (whole.ref, whole.api_version) == ("Deployment shop/example", "apps/v1")
    assert whole.pod_spec == {"containers": [{"name": "example", "image": "cart:1"}]}
    assert whole.raw["spec"]["selector"]["matchLabels"] == whole.pod_labels == {"app": "example"}


@pytest.mark.parametrize("kind", ["Pod", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet"])
def test_every_kind_has_its_pod_where_it_belongs(kind: str) -> None:
    whole = KubeObject(
        written_out({"kind": kind, "pod": {"hostNetwork": True}, "podMeta": {"labels": {"tier": "web"}}})
    )
    assert whole.pod_spec is not None
    assert whole.pod_spec["hostNetwork"] is True
    assert whole.pod_spec["containers"][0]["name"] == "example"
    assert whole.pod_labels == {"app": "example", "tier": "web"}


@pytest.mark.parametrize(
    ("word", "listed_in", "extra"),
    [
        ("init-container", "initContainers", {}),
        ("sidecar", "initContainers", {"restartPolicy": "Always"}),
        ("ephemeral-container", "ephemeralContainers", {}),
    ],
)
def test_other_containers(word: str, listed_in: str, extra: dict[str, Any]) -> None:
    spec = KubeObject(written_out({word: {"tty": True}})).pod_spec
    assert spec is not None
    assert len(spec["containers"]) == 1
    assert spec[listed_in][0].items() >= {"tty": True, "name": word, **extra}.items()


def test_an_init_container_and_a_sidecar_stand_beside_each_other() -> None:
    spec = KubeObject(written_out({"init-container": {}, "sidecar": {}})).pod_spec
    assert spec is not None
    assert [container["name"] for container in spec["initContainers"]] == ["init-container", "sidecar"]


def test_other_kinds_stand_as_they_are() -> None:
    service = written_out({"kind": "Service", "spec": {"type": "ClusterIP"}})
    assert service == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "example", "namespace": "shop"},
        "spec": {"type": "ClusterIP"},
    }
    assert "namespace" not in written_out({"kind": "ClusterRole"})["metadata"]


def test_null_removes_a_field() -> None:
    assert "namespace" not in written_out({"metadata": {"namespace": None}})["metadata"]
    spec = KubeObject(written_out({"container": {"image": None}})).pod_spec
    assert spec == {"containers": [{"name": "example"}]}
