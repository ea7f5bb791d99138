"""`fairlead check` on running clusters: which one is meant, and how it ends."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import Terminal
from fakes.api_server import ApiServer, api_server
from fakes.served import SERVED, serve

PRIVILEGED = {"name": "web", "image": "cart:1", "securityContext": {"privileged": True}}
CART: dict[str, Any] = {
    "metadata": {"name": "cart", "namespace": "shop", "uid": "1"},
    "spec": {"template": {"spec": {"containers": [PRIVILEGED]}}},
}
ONLY = ("--rule", "SEC101")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    (tmp_path / "pki").mkdir()
    async with api_server(tmp_path / "pki") as made:
        serve(made)
        made.lists[SERVED["Deployment"]] = [CART]
        yield made


@pytest.fixture
def terminal(tmp_path: Path, server: ApiServer) -> Terminal:
    """At home there is a kubeconfig of two contexts: the cluster's, and one of a cluster that is away."""
    authority = str(server.folder / "ca.crt")
    clusters = {"tokyo": server.address, "away": "https://127.0.0.1:1"}
    config = {
        "current-context": "tokyo",
        "clusters": [
            {"name": name, "cluster": {"server": address, "certificate-authority": authority}}
            for name, address in clusters.items()
        ],
        "contexts": [{"name": name, "context": {"cluster": name}} for name in clusters],
    }
    home = tmp_path / "home"
    (home / ".kube").mkdir(parents=True)
    (home / ".kube/config").write_text(json.dumps(config))
    return Terminal(home)


@pytest.mark.parametrize("which", [("--live",), ("--context", "tokyo"), ("--live", "--kubeconfig", ".kube/config")])
async def test_a_cluster_is_judged_where_it_runs(terminal: Terminal, which: tuple[str, ...]) -> None:
    said = await terminal.fairlead("check", *which, *ONLY)
    assert said.code == 1, said.err
    assert "Deployment shop/cart, container web: runs privileged" in said.out
    assert "1 object of cluster tokyo (v1.36.3-gke.1000, read " in said.out
    assert "for Kubernetes 1.36\n" in said.out


async def test_what_was_saved_is_judged_without_the_cluster(terminal: Terminal, server: ApiServer) -> None:
    await terminal.fairlead("check", "--live", *ONLY, "--save", "tokyo.jsonl")
    before = len(server.asked)
    said = await terminal.fairlead("check", "tokyo.jsonl", *ONLY)
    assert (said.code, len(server.asked)) == (1, before)
    assert "cluster tokyo (v1.36.3-gke.1000, read " in said.out
    # It was read for all rules, not only for those that judged it then.
    said = await terminal.fairlead("check", "tokyo.jsonl", "--rule", "CFG118", "-o", "json")
    assert [each["state"] for each in json.loads(said.out)["outcomes"]] == ["not applicable"]


async def test_what_may_not_be_read_makes_it_incomplete(terminal: Terminal, server: ApiServer) -> None:
    server.answers[SERVED["Secret"]] = [(403, {"message": "secrets is forbidden"})]
    said = await terminal.fairlead("check", "--live", "--rule", "CFG118")
    assert said.code == 3
    assert "not read  cluster tokyo: Secret: GET /api/v1/secrets was answered 403: secrets is forbidden" in said.out
    assert "1 rule without evidence" in said.out


async def test_a_cluster_that_is_away_is_no_clean_one(terminal: Terminal) -> None:
    said = await terminal.refuses(3, "check", "--context", "away")
    assert "did not answer" in said.err


async def test_of_a_fleet_one_that_is_away_hides_no_other(terminal: Terminal) -> None:
    place = {"project": "p", "location": "asia-northeast1", "cluster": "c"}
    config = str(terminal.folder / ".kube/config")
    members = [
        {"name": name, "gke": place | {"cluster": name}, "kubeconfig": {"path": config, "context": name}}
        for name in ("away", "tokyo")
    ]
    fleet = {"apiVersion": "fairlead.dev/v1", "kind": "Fleet", "metadata": {"name": "shop"}}
    terminal.file({**fleet, "spec": {"clusters": members}})
    both = await terminal.fairlead("check", "--fleet", "fleet.yaml", *ONLY)
    assert both.code == 1, both.err
    assert "cluster tokyo  Deployment shop/cart, container web" in both.out
    assert "not read  cluster away: " in both.out
    one = await terminal.fairlead("check", "--fleet", "fleet.yaml", "--cluster", "away", *ONLY)
    assert one.code == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cart.yaml", "--live"), "one after the other"),
        (("--context", "kyoto"), "no context `kyoto`"),
        (("--live", "--fleet", "f.yaml"), "not both"),
        (("cart.yaml", "--save", "x"), "running clusters"),
        (("cart.yaml", "--watch"), "running clusters"),
        (("--live", "--cluster", "tokyo"), "of a fleet"),
        (("--live", "--watch", "--every", "1s"), "5s or longer"),
        (("--live", "--namespace", "nope"), "no namespace `nope`"),
        (("--fleet", "f.yaml", "--save", "x"), "for one cluster"),
    ],
)
async def test_words_that_cannot_be_meant(terminal: Terminal, words: tuple[str, ...], message: str) -> None:
    (terminal.folder / "cart.yaml").write_text("kind: Pod")
    said = await terminal.refuses(2, "check", *words)
    assert message in said.err
