"""What is read of a folder, and what is passed over."""

import os
import threading
from pathlib import Path

import pytest

from fairlead.manifests import read
from manifests.writing import CART, config, names, only_problem, write


@pytest.fixture
def without_tools(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))


def test_a_folder_is_read_in_order_and_its_hidden_parts_are_not(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "b.yml": config("b"),
        "a.yaml": config("a"),
        "deep/er/c.json": '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}}',
        ".hidden.yaml": config("hidden"),
        ".git/x.yaml": config("git"),
        "node_modules/x.yaml": config("module"),
        "notes.txt": config("notes"),
    }
    found = read([write(tmp_path, files)])
    assert (names(found), found.problems) == (["a", "b", "c"], [])
    assert [Path(file).name for file in found.files] == ["a.yaml", "b.yml", "c.json"]


OTHERS: dict[str, str | bytes] = {
    "values.yaml": "replicas: 2\nimage: {name: x}\n",
    "ci.yaml": "on: push\njobs: {}\n",
    "list.yaml": "- a\n- b\n",
    "kubeconfig.yaml": "apiVersion: v1\nkind: Config\nclusters: []\n",
    "kind.yaml": "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nmetadata: {name: x}\n",
    "kubelet.yaml": "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
}


def test_yaml_that_is_no_object_is_passed_over_in_a_folder_and_told_when_named(tmp_path: Path) -> None:
    write(tmp_path, OTHERS)
    assert read([tmp_path]).problems == []
    named = read([tmp_path / name for name in OTHERS])
    assert [each.id for each in named.problems] == ["DEL014"] * len(OTHERS)


def test_a_broken_file_is_told_in_a_folder_where_it_may_be_a_manifest(tmp_path: Path) -> None:
    write(tmp_path, {"data.json": "{rating: 5}", "ci.yml": "a: [b\n", "cart.yaml": CART + "\ta: b\n"})
    told = only_problem(read([tmp_path]))
    assert Path(told.place.file).name == "cart.yaml"
    assert [each.id for each in read([tmp_path / "data.json", tmp_path / "ci.yml"]).problems] == ["DEL001", "DEL001"]


def test_an_unknown_kind_is_an_object(tmp_path: Path) -> None:
    assert names(read([write(tmp_path, {"a.yaml": config().replace("v1", "example.com/v9")})])) == ["settings"]


def test_links_that_go_round_end(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.yaml": config()})
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    found = read([tmp_path])
    assert (names(found), found.problems) == (["settings"], [])


def test_a_path_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": config()})
    assert names(read([tmp_path / "a.yaml", str(tmp_path / "a.yaml")])) == ["settings"]


def test_ten_thousand_files_are_read(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"{number:05}.yaml").write_text(config(f"c{number}"))
    assert len(read([tmp_path]).objects) == 10_000


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(CART,))
    writer.start()
    assert names(read([tmp_path / "pipe"])) == ["cart"]
    writer.join()


def test_a_pipe_in_a_folder_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert only_problem(read([tmp_path])).id == "DEL010"


CHART: dict[str, str | bytes] = {
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/values.yaml": "replicas: 1\n",
    "chart/templates/config.yaml": "kind: {{ .Values.kind }}\n",
    "plain.yaml": config("plain"),
}


@pytest.mark.usefixtures("without_tools")
def test_without_helm_a_chart_is_one_problem(tmp_path: Path) -> None:
    found = read([write(tmp_path, CHART)])
    told = only_problem(found)
    assert (told.id, told.place.file) == ("DEL015", str(tmp_path / "chart"))
    assert "`helm` is not installed" in told.what
    assert names(found) == ["plain"]


def test_a_template_of_a_chart_names_its_chart(tmp_path: Path) -> None:
    write(tmp_path, CHART)
    told = only_problem(read([tmp_path / "chart/templates/config.yaml"]))
    assert (told.id, told.hint) == ("DEL003", f"give the chart's folder instead: `{tmp_path / 'chart'}`")


KUSTOMIZE: dict[str, str | bytes] = {
    "base/kustomization.yaml": "resources: [cart.yaml]\n",
    "base/cart.yaml": CART,
    "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: more.yaml}]\n",
    "prod/more.yaml": CART.replace("replicas: 2", "replicas: 9"),
    "plain.yaml": config("plain"),
}


@pytest.mark.usefixtures("without_tools")
def test_without_kustomize_the_plain_files_are_read_and_patches_are_not(tmp_path: Path) -> None:
    found = read([write(tmp_path, KUSTOMIZE)])
    told = only_problem(found)
    assert (told.id, told.place.file) == ("DEL016", str(tmp_path / "prod"))
    assert "neither `kustomize` nor `kubectl` is installed" in told.what
    assert names(found) == ["plain", "cart"]
    assert found.objects[1].raw["spec"]["replicas"] == 2


def test_nothing_is_fetched_for_kustomize(tmp_path: Path) -> None:
    files = KUSTOMIZE | {"base/kustomization.yaml": "resources: [https://github.com/example/app//base?ref=v1]\n"}
    told = only_problem(read([write(tmp_path, files)]))
    assert "nothing is fetched" in told.what
