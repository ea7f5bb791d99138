"""Which kubeconfig and context are meant, as kubectl would find them."""

import json
from pathlib import Path

import pytest

from fairlead.kube import contexts
from fairlead.model.cluster import KubeconfigPlace
from fairlead.model.errors import UsageError


def config(path: Path, *names: str, current: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [{"name": name, "context": {"cluster": name, "user": name}} for name in names]
    path.write_text(json.dumps({"current-context": current, "contexts": entries}))
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


def test_without_any_kubeconfig_there_is_none() -> None:
    assert contexts.find() is None
    assert contexts.own_cluster() is None


def test_the_current_context_of_the_home_is_meant(home: Path) -> None:
    path = config(home / ".kube/config", "tokyo", "osaka", current="osaka")
    assert contexts.find() == KubeconfigPlace(str(path), "osaka")


def test_kubeconfig_names_several_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = config(home / "one", "tokyo", current="osaka")
    two = config(home / "two", "osaka", "tokyo", current="tokyo")
    monkeypatch.setenv("KUBECONFIG", f"{one}:{home / 'gone'}:{two}")
    assert contexts.find() == KubeconfigPlace(str(two), "osaka"), "the first current context, wherever it stands"
    assert contexts.find("tokyo") == KubeconfigPlace(str(one), "tokyo")
    assert contexts.find("tokyo", two) == KubeconfigPlace(str(two), "tokyo")


@pytest.mark.parametrize(("asked", "words"), [("kyoto", "no context `kyoto`"), ("", "no current context")])
def test_a_context_that_is_not_there_is_told_with_those_that_are(home: Path, asked: str, words: str) -> None:
    config(home / ".kube/config", "tokyo")
    with pytest.raises(UsageError, match=words) as caught:
        contexts.find(asked)
    assert "`tokyo`" in caught.value.hint


def test_a_named_file_has_to_be_there(home: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        contexts.find(file=home / "gone")
