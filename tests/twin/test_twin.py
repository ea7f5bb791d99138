"""One small twin for real: it comes up, bears what is done to it, and leaves nothing behind."""

import asyncio
import json
import os
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from lightkube import AsyncClient, KubeConfig
from lightkube.resources.core_v1 import Node
from typer.testing import CliRunner

from fairlead.cli.twin import app
from fairlead.model.errors import UsageError
from fairlead.model.version import Version
from fairlead.twin import state, tools
from fairlead.twin.control import Control
from fairlead.twin.process import ProcessStatus
from fairlead.twin.state import TwinState
from fairlead.twin.status import status_of
from fairlead.twin.supervisor.records import Records, marked

pytestmark = [pytest.mark.twin, pytest.mark.timeout(240)]

_SPEC = """
clusters:
  - name: kobe
    location: {location}
    version: 1.35.4-gke.1100
    rps: 20
    web_replicas: 3
    pools:
      - {{name: app, kind: app, nodes: 3, zones: [asia-northeast2-a, asia-northeast2-b, asia-northeast2-c]}}
"""


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("state")
    tools.ensure()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        patch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
        yield folder
        for twin in state.every():
            _run("down", "--name", twin.spec.name)


@pytest.fixture(scope="module")
def twin(home: Path) -> TwinState:
    return _up("first", "asia-northeast2", home)


def _up(name: str, location: str, home: Path) -> TwinState:
    file = home / f"{name}.yaml"
    file.write_text(_SPEC.format(location=location))
    _run("up", "--name", name, "--spec", str(file))
    return state.load(name)


def _run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.stdout


async def _processes(twin: TwinState) -> dict[str, ProcessStatus]:
    return {each.name: each for each in await Control(twin.control_socket).processes()}


async def _until_ready(twin: TwinState, name: str, restarts: int) -> None:
    async with asyncio.timeout(30):
        while True:
            process = (await _processes(twin))[name]
            if process.state == "ready" and process.restarts >= restarts:
                return
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _client(twin: TwinState, cluster: str) -> AsyncIterator[AsyncClient]:
    config = KubeConfig.from_file(str(twin.kubeconfig(cluster)))
    client = AsyncClient(config=config, trust_env=False)
    try:
        yield client
    finally:
        await client.close()


async def _versions(twin: TwinState) -> set[str]:
    async with _client(twin, "kobe") as client:
        return {str(node.status.nodeInfo.kubeletVersion) async for node in client.list(Node)}  # type: ignore[union-attr]


def test_up_means_it_serves(twin: TwinState) -> None:
    status = json.loads(_run("status", "--name", "first", "-o", "json"))
    assert status["serving"]
    assert {process["state"] for process in status["processes"]} == {"ready"}
    assert asyncio.run(_versions(twin)) == {"v1.35.4-gke.1100"}


def test_up_again_changes_nothing(twin: TwinState) -> None:
    before = Records(twin.root).read()
    _run("up", "--name", "first")
    assert Records(twin.root).read() == before


def test_who_shows_nothing_is_not_let_in(twin: TwinState) -> None:
    trusting = ssl.create_default_context(cafile=str(twin.pki / "ca.crt"))
    server = f"https://127.0.0.1:{twin.clusters['kobe'].endpoint}"
    for path in ("/api/v1/nodes", "/readyz", "/version"):
        assert httpx.get(f"{server}{path}", verify=trusting, trust_env=False).status_code == 401


async def test_a_killed_api_server_is_started_again(twin: TwinState) -> None:
    restarts = (await _processes(twin))["kobe/apiserver"].restarts
    await Control(twin.control_socket).kill("kobe/apiserver")
    await _until_ready(twin, "kobe/apiserver", restarts + 1)
    assert await _versions(twin)


async def test_a_version_that_is_not_offered_changes_nothing(twin: TwinState) -> None:
    with pytest.raises(UsageError, match=r"cannot be built as `1\.30\.0`"):
        await Control(twin.control_socket).set_control_plane("kobe", Version("1.30.0"))
    with pytest.raises(UsageError, match="no cluster `nara`"):
        await Control(twin.control_socket).set_control_plane("nara", Version("1.36.3-gke.1000"))
    status = await status_of(twin)
    assert [str(cluster.version) for cluster in status.clusters] == ["1.35.4-gke.1100"]


async def test_a_regional_control_plane_changes_version_without_an_outage(twin: TwinState) -> None:
    refused: list[str] = []
    over = asyncio.Event()

    async def watch() -> None:
        # A connection of its own for each look: the one thing that must never be refused.
        while not over.is_set():
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", twin.clusters["kobe"].endpoint)
                writer.close()
                await _versions(twin)
            except OSError as error:
                refused.append(repr(error))
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    control = Control(twin.control_socket)
    to = Version("1.36.3-gke.1000")
    await asyncio.gather(control.set_control_plane("kobe", to), control.set_control_plane("kobe", to))
    over.set()
    await watching
    assert refused == []
    status = await status_of(twin)
    assert [cluster.version for cluster in status.clusters] == [to]
    argv = {name: _argv(process) for name, process in (await _processes(twin)).items()}
    for part in ("apiserver", "controller-manager", "scheduler"):
        assert str(tools.path(f"kube-{part}", to)) in argv[f"kobe/{part}"]


def _argv(process: ProcessStatus) -> str:
    return Path(f"/proc/{process.pid}/cmdline").read_text().replace("\0", " ")


def test_two_twins_stand_side_by_side_and_one_goes_alone(twin: TwinState, home: Path) -> None:
    second = _up("second", "asia-northeast2-a", home)
    assert not set(twin.ports.values()) & set(second.ports.values())
    _run("down", "--name", "second")
    _assert_gone(second)
    _run("status", "--name", "first")


def test_without_a_supervisor_nothing_is_lost(twin: TwinState) -> None:
    os.kill(Records(twin.root).read()["supervisor"].pid, signal.SIGKILL)
    status = json.loads(_run("status", "--name", "first", "-o", "json", code=1))
    assert {process["state"] for process in status["processes"]} == {"orphaned"}
    _run("up", "--name", "first", "--resume")
    # The version it was brought to is the one it comes back with.
    resumed = json.loads(_run("status", "--name", "first", "-o", "json"))
    assert resumed["clusters"][0]["version"] == "1.36.3-gke.1000"
    assert resumed["serving"]


def test_down_leaves_nothing_even_without_a_supervisor(twin: TwinState) -> None:
    os.kill(Records(twin.root).read()["supervisor"].pid, signal.SIGKILL)
    _run("down", "--name", "first")
    _assert_gone(twin)


def _assert_gone(twin: TwinState) -> None:
    assert not marked(twin.root)
    assert not twin.root.exists()
    ports = [*twin.ports.values(), *(port for each in twin.clusters.values() for port in (each.endpoint, each.gateway))]
    deadline = time.monotonic() + 2
    while any(_listens(port) for port in ports) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [port for port in ports if _listens(port)] == []


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
