"""Credential plugins: real programs, run as kubectl runs them, and what is told of those that do not do well."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.kube import kubeconfig
from fairlead.kube.errors import KubeRefusedError, KubeUnauthenticatedError
from fairlead.model.access import TokenSource
from fairlead.model.cluster import KubeconfigPlace

API = "client.authentication.k8s.io/v1"
CREDENTIAL = """
import json, os, pathlib, sys
count = pathlib.Path(sys.argv[1])
count.write_text(count.read_text() + "x" if count.exists() else "x")
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
assert info["spec"]["interactive"] is False and os.environ["WHO"] == "me"
name = f"token-{len(count.read_text())} {info['spec'].get('cluster', {}).get('server', '')}".strip()
print(json.dumps({"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": {"token": name, **STATUS}}))
"""
Making = Callable[..., TokenSource]


@pytest.fixture
def tokens(tmp_path: Path) -> Making:
    """The tokens of a user whose plugin is this program."""

    def make(program: str, **more: object) -> TokenSource:
        (tmp_path / "plugin.py").write_text(program)
        plugin = {
            "apiVersion": API,
            "command": sys.executable,
            "args": [str(tmp_path / "plugin.py"), str(tmp_path / "count")],
            "env": [{"name": "WHO", "value": "me"}],
            **more,
        }
        document = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": "https://1.2.3.4"}}],
            "users": [{"name": "c", "user": {"exec": plugin}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        }
        (tmp_path / "config").write_text(json.dumps(document))
        credentials = kubeconfig.access(KubeconfigPlace(str(tmp_path / "config"))).credentials
        assert credentials is not None
        assert hasattr(credentials, "token")
        return credentials

    return make


async def test_a_token_is_asked_for_once_and_again_when_it_is_refused(tokens: Making) -> None:
    source = tokens(CREDENTIAL.replace("STATUS", "{}"))
    assert [await source.token() for _ in range(3)] == ["token-1"] * 3
    assert await source.token(rejected="token-1") == "token-2"
    assert await source.token(rejected="token-1") == "token-2"


async def test_a_token_that_ends_is_asked_for_anew(tokens: Making) -> None:
    source = tokens(CREDENTIAL.replace("STATUS", "{'expirationTimestamp': '2020-01-01T00:00:00Z'}"))
    assert [await source.token() for _ in range(2)] == ["token-1", "token-2"]


async def test_a_plugin_that_wants_it_is_told_of_the_cluster(tokens: Making) -> None:
    source = tokens(CREDENTIAL.replace("STATUS", "{}"), provideClusterInfo=True)
    assert await source.token() == "token-1 https://1.2.3.4"


async def test_what_a_plugin_complains_of_is_told(tokens: Making) -> None:
    with pytest.raises(KubeUnauthenticatedError, match="please log in"):
        await tokens("raise SystemExit('please log in')").token()


@pytest.mark.parametrize(("said", "words"), [("hello", "no ExecCredential"), ("{}", "gave no token")])
async def test_what_is_no_credential_is_refused(tokens: Making, said: str, words: str) -> None:
    with pytest.raises(KubeRefusedError, match=words):
        await tokens(f"print({said!r})").token()


async def test_a_plugin_that_is_not_there_comes_with_its_own_hint(tokens: Making) -> None:
    with pytest.raises(KubeRefusedError, match="cannot be run") as caught:
        await tokens("", command="no-such-plugin", installHint="see example.com").token()
    assert caught.value.hint == "see example.com"
