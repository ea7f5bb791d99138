"""A Temporal server as a team runs it, behind TLS, client certificates and API keys: HAProxy guards a real one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.engine.connect import Server, connect
from fairlead.engine.embedded import EmbeddedServer
from fairlead.model.errors import UnreachableError
from fairlead.twin import pki
from fairlead.twin.traffic.processes import haproxy_binary
from fairlead.worker.places import temporal_binary

pytestmark = pytest.mark.twin

KEY = "k-123"
_CONFIG = """
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend guarded
    bind 127.0.0.1:{port} ssl crt {folder}/front.pem ca-file {folder}/ca.crt verify required alpn h2
    http-request deny deny_status 401 unless {{ req.hdr(authorization) "Bearer {key}" }}
    default_backend temporal
backend temporal
    server embedded {address} proto h2
"""


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Server]:
    """With everything that it asks for."""
    embedded = EmbeddedServer(temporal_binary(), tmp_path / "temporal")
    state = await embedded.ensure()
    pki.write(tmp_path)
    (tmp_path / "front.pem").write_bytes(
        (tmp_path / "server.crt").read_bytes() + (tmp_path / "server.key").read_bytes()
    )
    port = _free_port()
    config = tmp_path / "guard.cfg"
    config.write_text(_CONFIG.format(port=port, folder=tmp_path, key=KEY, address=state.address))
    haproxy = await asyncio.create_subprocess_exec(
        *(str(haproxy_binary()), "-db", "-f", str(config)), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _until_open(port)
        yield Server(
            f"127.0.0.1:{port}",
            tls=True,
            tls_ca=tmp_path / "ca.crt",
            tls_certificate=tmp_path / "admin.crt",
            tls_key=tmp_path / "admin.key",
            api_key=KEY,
        )
    finally:
        haproxy.kill()
        await haproxy.wait()
        embedded.stop()


async def test_who_has_certificate_and_key_is_served(guarded: Server) -> None:
    client = await connect(guarded)
    assert [each async for each in client.list_workflows("")] == []


async def test_who_lacks_something_is_told_so_without_the_key(guarded: Server, tmp_path: Path) -> None:
    lacking = {
        "no certificate of ours": replace(guarded, tls_certificate=None, tls_key=None),
        "a wrong key": replace(guarded, api_key="k-other"),
        "no trust in the server": replace(guarded, tls_ca=None),
        "no TLS": replace(guarded, tls=False, tls_ca=None, tls_certificate=None, tls_key=None),
    }
    for what, server in lacking.items():
        with pytest.raises(UnreachableError) as error:
            await connect(server)
        assert "k-" not in str(error.value), what


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_open(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
