"""The tools: what names them in the cache, and what happens when they cannot be built."""

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from fairlead.model.errors import FairleadError, UsageError
from fairlead.model.version import Version
from fairlead.twin import tools
from fairlead.twin.tools import cache, recipes


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "fairlead"


def _put_a_go(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    folder.mkdir()
    go = folder / "go"
    go.write_text(f'#!/bin/sh\n[ "$1" = env ] && echo go1.99.0 && exit 0\n{script}\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_each_version_has_a_place_of_its_own() -> None:
    keys = {tool.key for tool in recipes.tools_of("kube-apiserver")}
    assert len(keys) == len(tools.KUBERNETES_VERSIONS) == 4


def test_versions_are_two_minors_with_two_patches_each() -> None:
    minors = [version.minor_text for version in tools.KUBERNETES_VERSIONS]
    assert {minor: minors.count(minor) for minor in minors} == {"1.35": 2, "1.36": 2}


def test_a_changed_pin_is_another_binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipes.find("kwok").key
    shutil.copytree(recipes.MODULES, tmp_path / "modules")
    monkeypatch.setattr(recipes, "MODULES", tmp_path / "modules")
    assert recipes.find("kwok").key == before
    with (tmp_path / "modules/kwok/go.sum").open("a") as pins:
        pins.write("example.com/new v1.0.0 h1:x\n")
    recipes._pins.cache_clear()
    assert recipes.find("kwok").key != before


def test_other_link_flags_are_another_binary() -> None:
    recipe = recipes.RECIPES["kubectl"]
    other = msgspec.structs.replace(recipe, reports=Version("1.35.4-gke.1100"))
    assert recipe.key(None) != other.key(None)


def test_what_does_not_exist_is_named() -> None:
    with pytest.raises(UsageError, match="no recipe for `kubeadm`"):
        tools.path("kubeadm")
    with pytest.raises(UsageError, match=r"cannot be built as `1\.30\.0`"):
        tools.path("kube-apiserver", Version("1.30.0"))


def test_a_tool_that_is_not_built_says_how_to_build_it(empty_cache: Path) -> None:
    with pytest.raises(FairleadError, match="not built yet") as caught:
        tools.path("etcd")
    assert "fairlead twin build" in caught.value.hint


def test_nothing_is_built_when_all_is_there(empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put_a_go(tmp_path / "go", monkeypatch, "exit 1")
    place = cache.place_of(recipes.find("etcd"))
    place.parent.mkdir(parents=True)
    place.touch()
    assert tools.ensure(["etcd"]) == {"etcd": place}


def test_what_was_built_is_kept_whole(empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # `-o FILE` is go build's sixth and seventh argument here; the pins must lie where Go looks for them.
    _put_a_go(tmp_path / "go", monkeypatch, 'test -f go.sum && echo built > "$6"')
    built = tools.ensure(["etcd"])
    assert built["etcd"].read_text() == "built\n"
    assert tools.path("etcd") == built["etcd"]


def test_a_failed_build_leaves_nothing_that_looks_built(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put_a_go(tmp_path / "go", monkeypatch, 'echo half > "$6"; echo "no such module" >&2; exit 1')
    with pytest.raises(FairleadError, match="no such module"):
        tools.ensure(["etcd"])
    assert [path.name for path in (empty_cache / "bin").iterdir()] == ["lock"]
