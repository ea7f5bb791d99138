"""`fairlead check` on a real API server: with the rights it asks for and no more, and honest with less."""

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.terminal import Said, Terminal
from fairlead.model.version import Version
from fairlead.review.yamlfile import plain
from fairlead.twin.spec import PROJECT
from fairlead.twin.state import ClusterSpec, PoolSpec, TwinSpec, TwinState
from scenarios.standing import standing

pytestmark = [pytest.mark.twin, pytest.mark.timeout(240)]

VERSION = Version("1.36.3-gke.1000")
ZONE = "asia-northeast2-a"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
Checking = Callable[..., Said]


@pytest.fixture(scope="module")
def twin() -> Iterator[TwinState]:
    pool = PoolSpec("app", "app", 2, (ZONE,))
    cluster = ClusterSpec("kobe", ZONE, VERSION, (pool,), rps=5)
    with standing(TwinSpec(name="checked", project=PROJECT, clusters=(cluster,))) as state:
        yield state


@pytest.fixture(scope="module")
def admin(twin: TwinState) -> Iterator[httpx.Client]:

    trust = ssl.create_default_context(cafile=str(twin.pki / "ca.crt"))
    trust.load_cert_chain(twin.pki / "admin.crt", twin.pki / "admin.key")
    server = f"https://127.0.0.1:{twin.clusters['kobe'].endpoint}"
    with httpx.Client(base_url=server, verify=trust, trust_env=False) as client:
        yield client


@pytest.fixture
def check(twin: TwinState, tmp_path: Path) -> Checking:
    """`fairlead check` with a kubeconfig of one context; the administrator's without a token."""

    def run(*words: object, token: str = "") -> Said:
        config = plain(twin.kubeconfig("kobe").read_bytes(), "kubeconfig")
        if token:
            config["users"][0]["user"] = {"token": token}
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        command = ("check", *words)
        return asyncio.run(Terminal(tmp_path).fairlead(*command, KUBECONFIG=str(tmp_path / "kubeconfig")))

    return run


def identity(admin: httpx.Client, name: str, role: dict[str, Any]) -> str:
    """A token of a service account that may do what the role says, and nothing else."""
    meta = {"name": name}
    binding = {
        "metadata": meta,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
    }
    account = "/api/v1/namespaces/default/serviceaccounts"
    for path, body in (
        (account, {"metadata": meta}),
        (f"{RBAC}/clusterroles", {**role, "metadata": meta}),
        (f"{RBAC}/clusterrolebindings", binding),
    ):
        admin.post(path, json=body).raise_for_status()
    answer = admin.post(f"{account}/{name}/token", json={"spec": {"expirationSeconds": 3600}})
    return str(answer.raise_for_status().json()["status"]["token"])


def judged(said: Said) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_the_printed_cluster_role_is_enough(admin: httpx.Client, check: Checking) -> None:
    role = plain(check("rbac").out.encode(), "role.yaml")
    token = identity(admin, "fairlead-check", role)
    seen, all_of_it = judged(check("--live", "-o", "json", token=token)), judged(check("--live", "-o", "json"))
    assert (seen["unread"], seen["kubernetes"], seen["clusters"][0]["version"]) == ([], "1.36", f"v{VERSION}")
    assert [found["id"] for found in seen["findings"]] == [found["id"] for found in all_of_it["findings"]]
    assert {found["namespace"] for found in seen["findings"]} >= {"shop"}
    assert not {found["namespace"] for found in seen["findings"]} & {"kube-system"}


def test_with_less_it_says_what_it_could_not_read(admin: httpx.Client, check: Checking) -> None:
    role = plain(check("rbac", "--rule", "SEC101").out.encode(), "role.yaml")
    token = identity(admin, "few-rights", role)
    assert check("--live", "--rule", "SEC101", token=token).code == 0
    said = check("--live", "--rule", "SEC101", "--rule", "NET201", "--rule", "CFG118", "-o", "json", token=token)
    found = judged(said)
    assert said.code == 3
    assert {each["message"].split(":")[0] for each in found["unread"]} >= {"Secret", "Service"}
    states = {each["id"]: each["state"] for each in found["outcomes"]}
    assert (states["CFG118"], states["SEC101"]) == ("insufficient evidence", "clean")


def test_what_was_saved_says_the_same(check: Checking, tmp_path: Path) -> None:
    live = judged(check("--live", "--save", tmp_path / "kobe.jsonl.gz", "-o", "json"))
    saved = judged(check(tmp_path / "kobe.jsonl.gz", "-o", "json"))
    assert saved == live


def test_a_namespace_alone_and_the_fleet(twin: TwinState, check: Checking) -> None:
    shop = judged(check("--live", "--namespace", "shop", "-o", "json"))
    assert {found["namespace"] for found in shop["findings"]} <= {"shop", ""}
    fleet = judged(check("--fleet", twin.root / "fleet.yaml", "--rule", "HEA101", "-o", "json"))
    assert {found["file"] for found in fleet["findings"]} == {"cluster kobe"}
