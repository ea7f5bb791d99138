"""Charts and Kustomize folders through the real tools."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from fairlead.manifests import Options, read
from fairlead.manifests.rendering import RenderError, run
from fairlead.model.errors import FairleadError
from fairlead.twin import tools
from manifests.test_folders import KUSTOMIZE
from manifests.writing import names, only_problem, write

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Values.name }}
  namespace: {{ .Release.Namespace }}
data:
  version: {{ .Capabilities.KubeVersion.Version | quote }}
"""
CHART: dict[str, str | bytes] = {
    "folder/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "folder/values.yaml": "name: from-chart\n",
    "folder/templates/config.yaml": TEMPLATE,
    "folder/templates/tests/test.yaml": TEMPLATE.replace("metadata:", "metadata:\n  annotations: {helm.sh/hook: test}"),
    "folder/crds/things.yaml": "apiVersion: v1\nkind: Thing\nmetadata: {name: thing}\n",
    "production.yaml": "name: from-production\n",
}


def _put_on_path(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which(name):
        return
    try:
        place = tools.path(name)
    except FairleadError:
        pytest.skip(f"LOUD: `{name}` is neither installed nor built (`fairlead.twin.tools.ensure(['{name}'])`)")
    monkeypatch.setenv("PATH", f"{place.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def helm(monkeypatch: pytest.MonkeyPatch) -> None:
    _put_on_path("helm", monkeypatch)


@pytest.fixture
def kustomize(monkeypatch: pytest.MonkeyPatch) -> None:
    _put_on_path("kustomize", monkeypatch)


@pytest.mark.usefixtures("helm")
def test_a_chart_is_rendered_with_values_names_and_version(tmp_path: Path) -> None:
    write(tmp_path, CHART)
    options = Options(
        values=(str(tmp_path / "production.yaml"),), release="shop", namespace="prod", kubernetes_version="1.33.0"
    )
    found = read([tmp_path / "folder"], options=options)
    assert (names(found), found.problems) == (["thing", "shop-from-production"], [])
    rendered = found.objects[1]
    assert (rendered.namespace, rendered.raw["data"]) == ("prod", {"version": "v1.33.0"})
    assert rendered.place.file == str(tmp_path / "folder/templates/config.yaml")
    assert rendered.place.line == 0


@pytest.mark.usefixtures("helm")
def test_a_chart_that_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    write(tmp_path, CHART | {"folder/templates/bad.yaml": '{{ required "a name is needed" .Values.absent }}\n'})
    told = only_problem(read([tmp_path]))
    assert told.id == "DEL015"
    assert "a name is needed" in told.what


@pytest.mark.usefixtures("helm")
def test_a_release_named_like_an_option_is_refused(tmp_path: Path) -> None:
    write(tmp_path, CHART)
    told = only_problem(read([tmp_path / "folder"], options=Options(release="--post-renderer=x")))
    assert "is no name" in told.what


@pytest.mark.usefixtures("kustomize")
def test_an_overlay_is_built_once_and_what_it_takes_in_not_again(tmp_path: Path) -> None:
    found = read([write(tmp_path, KUSTOMIZE)])
    assert (sorted(names(found)), found.problems) == (["cart", "plain"], [])
    assert found.objects[0].raw["spec"]["replicas"] == 9
    assert found.objects[0].place.file == str(tmp_path / "prod")


@pytest.mark.usefixtures("kustomize")
def test_a_folder_that_cannot_be_built_is_told_and_its_files_read(tmp_path: Path) -> None:
    files = KUSTOMIZE | {"prod/kustomization.yaml": "resources: [../base, absent.yaml]\n"}
    found = read([write(tmp_path, files)])
    told = only_problem(found)
    assert told.id == "DEL016"
    assert "absent.yaml" in told.what
    assert "plain" in names(found)


def test_a_tool_that_hangs_is_ended() -> None:
    with pytest.raises(RenderError, match="took longer"):
        run([sys.executable, "-c", "import threading; threading.Event().wait()"], seconds=0.2)


def test_a_tool_sees_neither_credentials_nor_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    seen = run([sys.executable, "-c", "import os; print(dict(os.environ))"], seconds=30).decode()
    assert "AWS_SECRET" not in seen
    assert "127.0.0.1:9" in seen
