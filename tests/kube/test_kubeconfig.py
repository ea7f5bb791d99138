"""What is taken from a kubeconfig, and what a wrong one is told."""

import base64
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from fairlead.kube import kubeconfig
from fairlead.kube.errors import KubeRefusedError
from fairlead.model.access import ClientCertificate, ClientCertificateText, TokenSource
from fairlead.model.cluster import KubeconfigPlace
from fairlead.model.errors import UsageError

PLUGIN = {"command": "plugin", "apiVersion": "client.authentication.k8s.io/v1"}


def data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write(
    folder: Path, *, user: Mapping[str, object], cluster: Mapping[str, object] | None = None, current: str = "one"
) -> str:
    document = {
        "current-context": current,
        "clusters": [{"name": "c", "cluster": {"server": "https://1.2.3.4", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "nobody", "context": {"cluster": "c"}},
            {"name": "lost", "context": {"cluster": "gone", "user": "u"}},
        ],
    }
    path = folder / "config"
    path.write_bytes(msgspec.json.encode(document))
    return str(path)


def tokens_of(path: str) -> TokenSource:
    credentials = kubeconfig.access(KubeconfigPlace(path)).credentials
    assert credentials is not None
    assert not isinstance(credentials, ClientCertificate | ClientCertificateText)
    return credentials


def test_certificates_may_stand_in_the_file(tmp_path: Path) -> None:
    user = {"client-certificate-data": data("CERT"), "client-key-data": data("KEY")}
    found = kubeconfig.access(
        KubeconfigPlace(write(tmp_path, user=user, cluster={"certificate-authority-data": data("CA")}))
    )
    assert (found.server, found.ca_pem, found.credentials) == (
        "https://1.2.3.4",
        "CA",
        ClientCertificateText("CERT", "KEY"),
    )


def test_files_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / name).write_text(name.upper())
    path = write(
        tmp_path,
        user={"client-certificate": "cert", "client-key": "key"},
        cluster={"certificate-authority": "ca"},
    )
    found = kubeconfig.access(KubeconfigPlace(path))
    assert (found.ca_pem, found.credentials) == ("CA", ClientCertificateText("CERT", "KEY"))


async def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first\n")
    tokens = tokens_of(write(tmp_path, user={"tokenFile": "token", "token": "old"}))
    assert await tokens.token() == "first"
    (tmp_path / "token").write_text("second\n")
    assert await tokens.token() == "second"
    (tmp_path / "token").unlink()
    with pytest.raises(KubeRefusedError, match="token cannot be read"):
        await tokens.token()


async def test_a_token_is_used_and_never_shown(tmp_path: Path) -> None:
    tokens = tokens_of(write(tmp_path, user={"token": "very-secret"}))
    assert await tokens.token() == "very-secret"
    assert "very-secret" not in repr(tokens)


def test_another_context_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, user={"token": "t"})
    assert kubeconfig.access(KubeconfigPlace(path, "nobody")).credentials is None


@pytest.mark.parametrize(
    ("user", "word"),
    [
        (
            {"exec": {"command": "plugin", "apiVersion": "client.authentication.k8s.io/v1alpha1"}},
            "`exec` of .*v1alpha1",
        ),
        ({"exec": {**PLUGIN, "interactiveMode": "Always"}}, "ask somebody"),
        ({"auth-provider": {"name": "gcp"}}, "`auth-provider`"),
        ({"username": "admin", "password": "x"}, "`username`"),
        ({"client-certificate-data": "%%", "client-key-data": data("KEY")}, "not base64"),
        ({"client-certificate": "gone", "client-key": "gone"}, "cannot be read"),
    ],
)
def test_credentials_that_cannot_be_used_are_named(tmp_path: Path, user: Mapping[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word) as caught:
        kubeconfig.access(KubeconfigPlace(write(tmp_path, user=user)))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("context", "message", "hint"),
    [
        ("tow", "no context `tow`", "`one`, `nobody`, `lost`"),
        ("lost", "no cluster `gone`", "it has `c`"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, context: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        kubeconfig.access(KubeconfigPlace(write(tmp_path, user={}), context))
    assert hint in caught.value.hint


def test_a_file_without_a_current_context_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no current context"):
        kubeconfig.access(KubeconfigPlace(write(tmp_path, user={}, current="")))


def test_the_check_of_the_servers_certificate_cannot_be_switched_off(tmp_path: Path) -> None:
    path = write(tmp_path, user={}, cluster={"insecure-skip-tls-verify": True})
    with pytest.raises(UsageError, match="insecure-skip-tls-verify"):
        kubeconfig.access(KubeconfigPlace(path))


@pytest.mark.parametrize("text", ["[", "3", "clusters: 3", None])
def test_a_file_that_is_no_kubeconfig_is_a_mistake_of_use(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match="cannot be read"):
        kubeconfig.access(KubeconfigPlace(str(path)))
