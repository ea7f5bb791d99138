"""A provider, balancer, server or run that is not as the fleet file says: at the terminal, against GKE in memory."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import Terminal, a_fleet
from fairlead.engine.embedded import EmbeddedServer
from fairlead.worker.places import temporal_binary
from fakes.gke import OLD, GkeWorld, gke_world

NEWER = "1.36.3-gke.1000"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GkeWorld]:
    """GKE answers; nobody listens where its clusters' API servers are said to be."""
    async with gke_world(tmp_path) as running:
        yield running


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    home = tmp_path / "home"
    home.mkdir()
    return Terminal(home)


def fleet_of(world: GkeWorld, exact: str = NEWER, name: str = "shop", **spec: Any) -> dict[str, Any]:
    gke = {"credentialsFile": str(world.state.credentials_file), "emulator": f"127.0.0.1:{world.state.ports['gke']}"}
    upgrade = {"version": {"exact": exact, "nodes": "follow-always"}}
    return a_fleet("tokyo", name=name, gke=gke, upgrade=upgrade, **spec)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("command", ["plan", "start"])
async def test_a_provider_that_does_not_answer(terminal: Terminal, world: GkeWorld, command: str) -> None:
    document = fleet_of(world)
    document["spec"]["gke"]["emulator"] = f"127.0.0.1:{unused_port()}"
    terminal.file(document)
    said = await terminal.refuses(3, "upgrade", command)
    assert "could not " in said.err
    assert "tokyo" in said.err


async def test_a_token_service_that_does_not_answer(terminal: Terminal, world: GkeWorld) -> None:
    document = fleet_of(world)
    credentials = json.loads(world.state.credentials_file.read_text())
    credentials["token_url"] = f"http://127.0.0.1:{unused_port()}/token"
    document["spec"]["gke"]["credentialsFile"] = str(terminal.file(credentials, "credentials.json"))
    terminal.file(document)
    said = await terminal.refuses(3, "upgrade", "plan")
    assert "credentialsFile" in said.hint


async def test_a_cluster_that_the_provider_does_not_know(terminal: Terminal, world: GkeWorld) -> None:
    document = fleet_of(world)
    document["spec"]["clusters"][0]["gke"]["cluster"] = "atlantis"
    terminal.file(document)
    for words in (("upgrade", "plan"), ("upgrade", "start"), ("fleet", "show", "tokyo")):
        said = await terminal.refuses(2, *words)
        assert "atlantis" in said.err
        assert "fairlead fleet init" in said.hint


async def test_an_api_server_that_does_not_answer_blocks_by_name(terminal: Terminal, world: GkeWorld) -> None:
    terminal.file(fleet_of(world))
    said = await terminal.fairlead("upgrade", "plan", "-o", "json")
    assert said.code == 1, said.err
    blockers = json.loads(said.out)["clusters"]["tokyo"]["blockers"]
    assert [(each["id"], each["subject"]) for each in blockers] == [("UPG002", "tokyo API server")]
    said = await terminal.fairlead("fleet", "show", "tokyo")
    assert said.code == 3
    assert "tokyo: API server: " in said.err


async def test_a_balancer_that_does_not_answer_blocks_by_name(terminal: Terminal, world: GkeWorld) -> None:
    document = fleet_of(world, balancers=[{"name": "edge", "haproxy": [{"socket": str(terminal.folder / "no.sock")}]}])
    document["spec"]["clusters"][0]["traffic"] = [{"balancer": "edge", "server": "tokyo"}]
    terminal.file(document)
    said = await terminal.fairlead("upgrade", "plan", "-o", "json")
    assert said.code == 1, said.err
    planned = json.loads(said.out)["clusters"]["tokyo"]
    assert "tokyo traffic" in [each["subject"] for each in planned["blockers"]]
    # What it would do when they answer is shown all the same.
    assert "take out of balancer" in " ".join(each["name"] for each in planned["steps"])
    said = await terminal.fairlead("fleet", "show", "tokyo")
    assert said.code == 3
    assert "no.sock" in said.err


@pytest.mark.parametrize(
    ("exact", "told", "hint"),
    [
        ("1.36.99-gke.1", "`1.36.99-gke.1` is not offered by the provider", "offered are"),
        ("1.34.1-gke.1", f"`1.34.1-gke.1` is lower than `{OLD}`", "name another version"),
        ("1.44.0-gke.1", "`1.44.0-gke.1` is not offered by the provider", "offered are"),
    ],
)
async def test_a_version_that_cannot_be_reached_starts_nothing(
    terminal: Terminal, world: GkeWorld, exact: str, told: str, hint: str
) -> None:
    terminal.file(fleet_of(world, exact))
    said = await terminal.refuses(2, "upgrade", "start")
    assert told in said.err
    assert hint in said.hint
    said = await terminal.fairlead("upgrade", "plan")
    assert said.code == 1
    assert told in said.out
    assert world.actors["tokyo"].control_planes == []


async def test_where_nothing_is_to_be_done_nothing_is_started(terminal: Terminal, world: GkeWorld) -> None:
    terminal.file(fleet_of(world, str(OLD)))
    for command in ("plan", "start"):
        said = await terminal.fairlead("upgrade", command)
        assert said.code == 0, said.err
        assert "nothing to do" in said.out + said.err
    assert not terminal.engine.exists()


@pytest.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[str]:
    """A server that no worker works for: runs begin and stay as they are."""
    server = EmbeddedServer(temporal_binary(), tmp_path / "temporal")
    try:
        yield (await server.ensure()).address
    finally:
        server.stop()


@pytest.mark.twin
async def test_a_second_start_is_refused_with_the_id_of_the_first(
    terminal: Terminal, world: GkeWorld, temporal: str
) -> None:
    terminal.file(fleet_of(world))
    there = {"FAIRLEAD_TEMPORAL_ADDRESS": temporal}
    for command in ("status", "watch", "report", "retry", "abort"):
        said = await terminal.refuses(2, "upgrade", command, **there)
        assert "fleet `shop` has no run" in said.err
        assert "fairlead upgrade start" in said.hint
    said = await terminal.fairlead("upgrade", "start", "--detach", **there)
    assert said.code == 0, said.err
    run = next(line.removeprefix("started ") for line in said.err.splitlines() if line.startswith("started "))
    assert "fairlead upgrade watch --fleet" in said.err
    said = await terminal.refuses(1, "upgrade", "start", "--detach", **there)
    assert f"a run of fleet `shop` is already under way: `{run}`" in said.err
    assert "fairlead upgrade watch" in said.hint
    assert "fairlead upgrade abort" in said.hint
    # Also where nothing would be left for a second one.
    terminal.file(fleet_of(world, str(OLD)))
    said = await terminal.refuses(1, "upgrade", "start", "--detach", **there)
    assert f"a run of fleet `shop` is already under way: `{run}`" in said.err
