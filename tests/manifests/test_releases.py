"""Releases as Helm keeps them."""

import base64
import gzip
import json
from typing import Any

import pytest

from fairlead.manifests.found import Problem
from fairlead.manifests.releases import Release, decode_release, is_release
from fairlead.snapshot.objects import KubeObject
from manifests.writing import CART, config, names

STORED = {
    "name": "shop",
    "namespace": "prod",
    "version": 7,
    "info": {"status": "deployed", "notes": "x"},
    "chart": {"metadata": {"name": "web", "version": "1.2.3", "apiVersion": "v2"}, "templates": []},
    "manifest": f"---\n# Source: web/templates/a.yaml\n{CART}---\n{config()}",
}


def packed(stored: Any) -> bytes:
    return base64.b64encode(gzip.compress(json.dumps(stored).encode(), mtime=0))


def secret(release: bytes) -> KubeObject:
    data = {"release": base64.b64encode(release).decode()}
    metadata = {"name": "sh.helm.release.v1.shop.v7", "namespace": "prod"}
    return KubeObject(
        {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata, "data": data}
    )


def test_a_release_gives_its_objects() -> None:
    held = secret(packed(STORED))
    assert is_release(held)
    release = decode_release(held)
    assert isinstance(release, Release)
    assert (release.name, release.namespace, release.revision, release.status) == ("shop", "prod", 7, "deployed")
    assert (release.chart, release.chart_version) == ("web", "1.2.3")
    assert names(release.read) == ["cart", "settings"]
    assert str(release.read.objects[0].place) == "release prod/shop"


def test_a_release_in_a_config_map_is_one_too() -> None:
    raw = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "shop.v7", "labels": {"owner": "helm"}},
        "data": {"release": packed(STORED).decode()},
    }
    assert is_release(KubeObject(raw))
    release = decode_release(KubeObject(raw))
    assert isinstance(release, Release)
    assert len(release.read.objects) == 2


def test_another_secret_is_none() -> None:
    assert not is_release(KubeObject({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"release": ""}}))


BOMB = base64.b64encode(gzip.compress(b" " * 200_000_000, mtime=0))


@pytest.mark.parametrize(
    "release",
    [b"", b"x", b"!!!", base64.b64encode(b"\x1f\x8bnot gzip"), packed([]), packed({"name": 5}), BOMB],
)
def test_what_is_no_release_is_a_problem(release: bytes) -> None:
    problem = decode_release(secret(release))
    assert isinstance(problem, Problem)
    assert problem.id == "DEL017"
