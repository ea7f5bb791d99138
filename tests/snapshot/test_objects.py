"""Objects know what they are, and are found by one look-up."""

from typing import Any

import pytest

from fairlead.snapshot.objects import KubeObject, Objects, Place

SPEC = {"containers": [{"name": "main"}]}
TEMPLATE = {"metadata": {"labels": {"app": "cart", "tier": "web"}, "annotations": {"a": "b"}}, "spec": SPEC}


def an_object(api_version: str, kind: str, spec: Any = None, name: str = "cart", namespace: str = "shop") -> KubeObject:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return KubeObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})


def test_an_object_is_named_as_people_name_it() -> None:
    assert an_object("apps/v1", "Deployment").ref == "Deployment shop/cart"
    assert (
        an_object("rbac.authorization.k8s.io/v1", "ClusterRole", namespace="", name="reader").ref
        == "ClusterRole reader"
    )
    generated = KubeObject({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "load-"}})
    assert generated.name == "load-"


@pytest.mark.parametrize(
    ("api_version", "kind", "key"),
    [
        ("v1", "Service", "Service"),
        ("networking.k8s.io/v1", "Ingress", "Ingress"),
        ("policy/v1", "PodDisruptionBudget", "PodDisruptionBudget"),
        ("serving.knative.dev/v1", "Service", "Service.serving.knative.dev"),
        ("gateway.networking.k8s.io/v1", "Gateway", "Gateway.gateway.networking.k8s.io"),
        ("networking.istio.io/v1", "Gateway", "Gateway.networking.istio.io"),
        ("cluster.x-k8s.io/v1beta1", "Cluster", "Cluster.cluster.x-k8s.io"),
    ],
)
def test_kinds_of_the_same_name_are_kept_apart(api_version: str, kind: str, key: str) -> None:
    assert an_object(api_version, kind).key == key


CRON = {"jobTemplate": {"spec": {"template": TEMPLATE}}}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "path"),
    [
        ("v1", "Pod", SPEC, ("spec",)),
        ("apps/v1", "Deployment", {"template": TEMPLATE}, ("spec", "template", "spec")),
        ("batch/v1", "Job", {"template": TEMPLATE}, ("spec", "template", "spec")),
        ("batch/v1", "CronJob", CRON, ("spec", "jobTemplate", "spec", "template", "spec")),
        ("argoproj.io/v1alpha1", "Rollout", {"template": TEMPLATE}, ("spec", "template", "spec")),
        ("serving.knative.dev/v1", "Service", {"template": TEMPLATE}, ("spec", "template", "spec")),
    ],
)
def test_whatever_makes_pods_is_a_workload(api_version: str, kind: str, spec: Any, path: tuple[str, ...]) -> None:
    workload = an_object(api_version, kind, spec)
    assert (workload.pod_path, workload.pod_spec) == (path, SPEC)
    if kind != "Pod":
        assert workload.pod_labels["app"] == "cart"
        assert workload.pod_annotations == {"a": "b"}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec"),
    [
        ("v1", "Service", {"template": TEMPLATE}),
        ("example.com/v1", "Form", {"template": {"spec": {"fields": []}}}),
        ("apps/v1", "Deployment", []),
        ("apps/v1", "Deployment", {"template": "x"}),
        ("apps/v1", "Deployment", None),
    ],
)
def test_what_makes_no_pods_is_none(api_version: str, kind: str, spec: Any) -> None:
    other = an_object(api_version, kind, spec)
    assert (other.pod_spec, other.pod_path, other.pod_labels) == (None, (), {})


def test_what_is_malformed_reads_as_absent() -> None:
    odd = KubeObject({"apiVersion": 5, "kind": None, "metadata": ["x"], "spec": 3})
    assert (odd.api_version, odd.kind, odd.namespace, odd.name, odd.labels) == ("", "", "", "", {})


def test_objects_are_found_by_kind_namespace_and_name() -> None:
    web, db = an_object("v1", "Service", name="web"), an_object("v1", "Service", name="db", namespace="data")
    again = an_object("v1", "Service", name="web")
    objects = Objects([web, db, again])
    assert objects.of("Service") == [web, db, again]
    assert objects.of("Service", "data") == [db]
    assert objects.get("Service", "shop", "web") is web
    assert objects.get("Service", "shop", "db") is None
    assert objects.of("Secret") == []
    assert objects.duplicates == [again]


def test_workloads_are_found_by_all_their_pod_labels() -> None:
    cart = an_object("apps/v1", "Deployment", {"template": TEMPLATE})
    bare = an_object("apps/v1", "Deployment", {"template": {"spec": SPEC}}, name="bare")
    objects = Objects([cart, bare, an_object("v1", "Service")])
    assert objects.workloads == (cart, bare)
    assert objects.selected("shop", {"app": "cart"}) == [cart]
    assert objects.selected("shop", {"app": "cart", "tier": "db"}) == []
    assert objects.selected("other", {"app": "cart"}) == []
    assert objects.selected("shop", {}) == []


def test_a_place_reads_like_a_compilers() -> None:
    assert str(Place("a.yaml", 3, 5)) == "a.yaml:3:5"
    assert str(Place("chart")) == "chart"
