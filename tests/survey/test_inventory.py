"""What is read of a cluster and kept, what may not be read, and the file it is written to."""

import base64
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fairlead.kube.connection import Connection
from fairlead.kube.reader import KubeReader
from fairlead.model.errors import UsageError
from fairlead.snapshot.inventory import Inventory
from fairlead.snapshot.objects import WORKLOADS
from fairlead.survey.inventory import Asked, take_inventory
from fairlead.survey.stored import is_inventory, read_inventory, write_inventory
from fakes.api_server import ApiServer, api_server
from fakes.api_server import Asked as Request
from fakes.served import SERVED, definition, serve

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
NOW = datetime(2026, 11, 21, 13, 50, tzinfo=UTC)
FORBIDDEN = (403, {"message": 'secrets is forbidden: User "viewer" cannot list resource "secrets"'})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
async def server(certificates: Path) -> AsyncIterator[ApiServer]:
    async with api_server(certificates) as made:
        serve(made)
        yield made


async def taken(server: ApiServer, *kinds: str, **asked: Any) -> Inventory:
    kube = KubeReader(Connection("tokyo", server.access()), page=2)
    try:
        return await take_inventory(kube, Asked(frozenset(kinds), **asked), cluster="tokyo", now=NOW)
    finally:
        await kube.close()


def names(found: Inventory) -> list[str]:
    return sorted(each.ref for each in found.objects)


def an_object(name: str, namespace: str = "shop", owner: str = "", **fields: Any) -> dict[str, object]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if owner:
        version, kind = owner.rsplit("/", 1)
        metadata["ownerReferences"] = [{"apiVersion": version, "kind": kind, "name": "x", "controller": True}]
    return {"metadata": metadata, **fields}


async def test_listed_objects_get_their_kind_and_the_servers_version_is_known(server: ApiServer) -> None:
    server.lists[SERVED["Service"]] = [an_object(f"cart-{number}") for number in range(5)]
    found = await taken(server, "Service")
    assert names(found) == [f"Service shop/cart-{number}" for number in range(5)]
    assert (found.version, found.objects[0].api_version, found.unread) == ("v1.36.3-gke.1000", "v1", ())


async def test_of_what_others_made_again_a_few_words_are_kept(server: ApiServer) -> None:
    spec: dict[str, Any] = {"spec": {"containers": []}, "status": {"phase": "Failed", "podIP": "10.0.0.1"}}
    server.lists[SERVED["Deployment"]] = [an_object("cart")]
    server.lists[SERVED["ReplicaSet"]] = [an_object("cart-1", owner="apps/v1/Deployment"), an_object("alone")]
    server.lists[SERVED["Pod"]] = [
        an_object("cart-1-a", owner="apps/v1/ReplicaSet", **spec),
        an_object("bare", **spec),
        an_object("db-1", owner="postgresql.cnpg.io/v1/Cluster", **spec),
    ]
    found = {each.name: each for each in (await taken(server, WORKLOADS)).objects}
    assert found.keys() == {"cart", "cart-1", "alone", "cart-1-a", "bare", "db-1"}
    assert [name for name, each in found.items() if each.pod_spec is not None] == ["bare", "db-1"]
    assert found["cart-1-a"].raw["status"] == {"phase": "Failed"}
    assert "spec" not in found["cart-1-a"].raw


async def test_what_is_made_stays_where_its_maker_may_not_be_read(server: ApiServer) -> None:
    server.answers[SERVED["Deployment"]] = [FORBIDDEN]
    server.lists[SERVED["ReplicaSet"]] = [an_object("cart-1", owner="apps/v1/Deployment")]
    found = await taken(server, WORKLOADS)
    assert names(found) == ["ReplicaSet shop/cart-1"]
    assert found.unread_kinds == {"Deployment", WORKLOADS}


async def test_custom_kinds_with_a_pod_template_are_found_by_their_schema(server: ApiServer) -> None:
    path = serve(server, "argoproj.io/v1alpha1/Rollout", "example.com/v1/Widget")
    server.lists[SERVED["CustomResourceDefinition"]] = [
        definition("argoproj.io", "Rollout", {"spec": {"properties": {"containers": {"type": "array"}}}}),
        definition("example.com", "Widget", {"type": "object"}),
    ]
    server.lists[path["Rollout"]] = [an_object("cart", spec={"template": {"spec": {"containers": []}}})]
    found = await taken(server, WORKLOADS)
    assert ([each.key for each in found.objects], found.unread) == (["Rollout.argoproj.io"], ())
    assert path["Widget"] not in {each.path for each in server.asked}


async def test_values_of_secrets_and_what_repeats_them_are_never_kept(server: ApiServer, tmp_path: Path) -> None:
    secret = an_object("db", type="Opaque", data={"password": "aHVudGVyMg==", "empty": "", "large": "QUJD" * 1000})
    metadata: Any = secret["metadata"]
    metadata["annotations"] = {APPLIED: '{"kind": "Secret", "data": {"password": "aHVudGVyMg=="}}'}
    metadata["managedFields"] = [{"apiVersion": "v1", "fieldsV1": {"f:data": "aHVudGVyMg=="}}]
    server.lists[SERVED["Secret"]] = [secret]
    found = await taken(server, "Secret")
    write_inventory(tmp_path / "tokyo.jsonl", found)
    assert "aHVudGVyMg" not in (tmp_path / "tokyo.jsonl").read_text()
    kept = found.objects[0]  # the second is what the fake server says when it is asked for Helm's alone
    assert (kept.raw["type"], {key: len(value) for key, value in kept.raw["data"].items()}) == (
        "Opaque",
        {"password": 4, "empty": 0, "large": 3072},
    )


async def test_who_writes_by_which_version_is_kept(server: ApiServer) -> None:
    entry = {"manager": "helm", "apiVersion": "extensions/v1beta1"}
    applied = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "spec": {"replicas": 3}}
    deployment = an_object("cart")
    deployment["metadata"] |= {  # type: ignore[operator]
        "managedFields": [{**entry, "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}],
        "annotations": {APPLIED: json.dumps(applied)},
    }
    server.lists[SERVED["Deployment"]] = [deployment]
    (kept,) = (await taken(server, "Deployment")).objects
    assert kept.raw["metadata"]["managedFields"] == [entry]
    assert json.loads(kept.annotations[APPLIED]) == {"apiVersion": "apps/v1beta1", "kind": "Deployment"}


async def test_of_helms_secrets_only_their_metadata_is_asked_for(server: ApiServer) -> None:
    release = an_object("sh.helm.release.v1.cart.v1", data={"release": "SDRzSUFB"})

    def secrets(asked: Request) -> tuple[int, object]:
        helms = asked.query["fieldSelector"] == "type=helm.sh/release.v1"
        assert ("PartialObjectMetadataList" in asked.headers["accept"]) == helms
        return 200, {"items": [release] if helms else [an_object("db")]}

    server.answers[SERVED["Secret"]] = [secrets, secrets]
    found = {each.name: each.raw for each in (await taken(server, "Secret")).objects}
    assert found.keys() == {"db", "sh.helm.release.v1.cart.v1"}
    assert found["sh.helm.release.v1.cart.v1"].keys() == {"apiVersion", "kind", "type", "metadata"}


async def test_of_a_deployed_release_what_the_cluster_has_not_is_taken(server: ApiServer) -> None:
    manifest = """\
apiVersion: v1
kind: Service
metadata: {name: cart}
---
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: cart}
"""
    stored = {"name": "cart", "namespace": "shop", "version": 3, "manifest": manifest, "info": {"status": "deployed"}}
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(stored).encode()))).decode()
    release = {**an_object("sh.helm.release.v1.cart.v3"), "type": "helm.sh/release.v1", "data": {"release": packed}}
    server.lists[SERVED["Service"]] = [an_object("cart")]
    server.lists[SERVED["PodDisruptionBudget"]] = [an_object("cart")]
    server.lists[SERVED["Secret"]] = [release]
    found = await taken(server, "Service", "PodDisruptionBudget", releases=True)
    assert [(each.ref, each.api_version, each.place.file) for each in found.objects] == [
        ("Service shop/cart", "v1", ""),
        ("PodDisruptionBudget shop/cart", "policy/v1", ""),
        ("PodDisruptionBudget shop/cart", "policy/v1beta1", "release shop/cart"),
    ]
    assert {each.query.get("labelSelector") for each in server.asked if each.path == SERVED["Secret"]} == {
        "owner=helm,status=deployed"
    }


@pytest.mark.parametrize("answer", [FORBIDDEN, (503, {"message": "try later"}), (200, b"<html>")])
async def test_what_may_not_or_cannot_be_read_is_named_and_the_rest_goes_on(server: ApiServer, answer: Any) -> None:
    server.answers[SERVED["Secret"]] = [answer]
    server.lists[SERVED["Service"]] = [an_object("cart")]
    found = await taken(server, "Secret", "Service")
    assert names(found) == ["Service shop/cart"]
    (unread,) = found.unread
    assert (unread.kind, unread.outside, *found.unread_kinds) == ("Secret", False, "Secret")
    assert str(answer[0]) in unread.because or "cannot be read" in unread.because


async def test_one_namespace_is_read_by_its_own_paths(server: ApiServer) -> None:
    server.lists["/api/v1/namespaces/shop/services"] = [an_object("cart")]
    server.lists[SERVED["Namespace"]] = [{"metadata": {"name": "shop"}}]
    server.answers[SERVED["StorageClass"]] = [FORBIDDEN]
    found = await taken(server, "Namespace", "Service", "StorageClass", namespaces=("shop",))
    assert names(found) == ["Namespace shop", "Service shop/cart"]
    assert [(each.kind, each.outside) for each in found.unread] == [("StorageClass", True)]
    asked = [each.query.get("fieldSelector") for each in server.asked if each.path == SERVED["Namespace"]]
    assert asked == ["metadata.name=shop"]


async def test_a_namespace_that_is_not_there_is_an_error(server: ApiServer) -> None:
    with pytest.raises(UsageError, match="no namespace `shpo`"):
        await taken(server, "Namespace", namespaces=("shpo",))


async def test_a_server_behind_another_that_is_silent_leaves_its_kinds_unknown(server: ApiServer) -> None:
    documents: Any = server.documents["/apis"]
    documents["items"].append(
        {"metadata": {"name": "example.com"}, "versions": [{"version": "v1", "freshness": "Stale"}]}
    )
    found = await taken(server, "Widget.example.com", "Service")
    assert [(each.kind, "example.com/v1" in each.because) for each in found.unread] == [("Widget.example.com", True)]


@pytest.mark.parametrize("name", ["tokyo.jsonl", "tokyo.jsonl.gz"])
async def test_a_file_gives_back_what_was_read(server: ApiServer, tmp_path: Path, name: str) -> None:
    server.lists[SERVED["Service"]] = [an_object("cart"), an_object("stock")]
    server.answers[SERVED["Secret"]] = [FORBIDDEN]
    found = await taken(server, "Service", "Secret", namespaces=("shop",))
    write_inventory(tmp_path / name, found)
    again = read_inventory(tmp_path / name)
    assert is_inventory(tmp_path / name)
    assert (tmp_path / name).stat().st_mode & 0o77 == 0
    for field in ("cluster", "taken", "version", "kinds", "namespaces", "unread"):
        assert getattr(again, field) == getattr(found, field)
    assert [each.raw for each in again.objects] == [each.raw for each in found.objects]


async def test_half_a_file_and_one_of_another_version_are_refused(server: ApiServer, tmp_path: Path) -> None:
    server.lists[SERVED["Service"]] = [an_object("cart"), an_object("stock")]
    path = tmp_path / "tokyo.jsonl"
    write_inventory(path, await taken(server, "Service"))
    lines = path.read_text().splitlines(keepends=True)
    for text, words in (
        ("".join(lines[:-1]), "cut off: 1 of 2"),
        ("".join(lines)[:-9], "cannot be read"),
        ("".join(lines).replace("inventory/v1", "inventory/v9"), "v9"),
    ):
        path.write_text(text)
        with pytest.raises(UsageError, match=words):
            read_inventory(path)
    path.write_bytes(gzip.compress("".join(lines).encode())[:-20])
    with pytest.raises(UsageError, match="cannot be read"):
        read_inventory(path)


def test_other_files_are_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"kind": "Pod"}))
    (tmp_path / "b.gz").write_bytes(b"\x1f\x8bno")
    assert not any(map(is_inventory, [tmp_path, tmp_path / "a.json", tmp_path / "b.gz", tmp_path / "gone"]))
