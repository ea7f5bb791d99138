"""The emulator on a real API server: what the adapter asks for really happens to real nodes and pods."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from typer.testing import CliRunner

from fairlead.cli.twin import app
from fairlead.clouds.gke.cloud import GkeCloud
from fairlead.clouds.gke.connect import connect
from fairlead.clouds.port import CloudUnavailableError, Operation, OperationRef, OperationState
from fairlead.fleet.file import GkeSettings
from fairlead.model.access import TokenSource
from fairlead.model.version import Version
from fairlead.twin import state, tools
from fairlead.twin.control import Control
from fairlead.twin.gke import audit
from fairlead.twin.state import TwinState
from fakes.cloud import ref_of

pytestmark = [pytest.mark.twin, pytest.mark.timeout(240)]

OLD = Version("1.35.4-gke.1100")
NEW = Version("1.36.3-gke.1000")
KOBE = ref_of("kobe", "asia-northeast2")
_SPEC = """
clock_factor: 120
load: false
clusters:
  - name: kobe
    location: asia-northeast2
    version: 1.35.4-gke.1100
    web_replicas: 4
    pools:
      - {name: app, kind: app, nodes: 4, zones: [asia-northeast2-a, asia-northeast2-b], max_surge: 2}
"""


@pytest.fixture
def twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwinState]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
    tools.ensure()
    file = tmp_path / "spec.yaml"
    file.write_text(_SPEC)
    try:
        _run("up", "--name", "gke", "--spec", str(file))
        yield state.load("gke")
    finally:
        _run("down", "--name", "gke")


@pytest.fixture
async def cloud(twin: TwinState) -> AsyncIterator[GkeCloud]:
    settings = GkeSettings(credentials_file=str(twin.credentials_file), emulator=f"127.0.0.1:{twin.ports['gke']}")
    cloud = connect(settings)
    yield cloud
    await cloud.close()


def _run(*arguments: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"


async def _until_done(cloud: GkeCloud, started: object) -> Operation:
    """Through times when the emulator does not answer."""
    assert isinstance(started, OperationRef)
    async with asyncio.timeout(120):
        while True:
            try:
                operation = await cloud.operation(started)
            except CloudUnavailableError:
                await asyncio.sleep(0.2)
                continue
            if operation.state is OperationState.DONE:
                return operation
            await asyncio.sleep(0.2)


async def _ask(cloud: GkeCloud, path: str) -> Any:
    """The API server itself, with the endpoint, the CA and a token as the adapter hands them out."""
    access = await cloud.access(KOBE)
    token = await cast("TokenSource", access.credentials).token()
    context = ssl.create_default_context(cadata=access.ca_pem)
    async with httpx.AsyncClient(verify=context, trust_env=False, base_url=access.server) as client:
        answer = await client.get(path, headers={"authorization": f"Bearer {token}"})
        answer.raise_for_status()
        return answer.json()


async def _kubelets(cloud: GkeCloud) -> list[str]:
    nodes = (await _ask(cloud, "/api/v1/nodes"))["items"]
    return sorted(node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes)


async def test_a_real_cluster_is_upgraded_though_the_emulator_dies_on_the_way(twin: TwinState, cloud: GkeCloud) -> None:
    assert await _kubelets(cloud) == [f"v{OLD}"] * 4
    assert (await _until_done(cloud, await cloud.upgrade_control_plane(KOBE, NEW))).error == ""
    assert (await _ask(cloud, "/version"))["gitVersion"] == f"v{NEW}"
    assert await _kubelets(cloud) == [f"v{OLD}"] * 4

    roll = await cloud.upgrade_pool(KOBE, "app", NEW)
    await asyncio.sleep(3)
    await Control(twin.control_socket).kill("gke")
    operation = await _until_done(cloud, roll)
    assert (operation.error, operation.nodes_done, operation.nodes_total) == ("", 4, 4)
    assert await _kubelets(cloud) == [f"v{NEW}"] * 4

    web = await _ask(cloud, "/apis/apps/v1/namespaces/shop/deployments/web")
    assert web["status"]["readyReplicas"] >= 3
    asked = [line.method for line in audit.read(twin.root)]
    assert asked == ["UpdateMaster", "UpdateNodePool"]
