"""The API front: an HAProxy that gives each cluster's API server an address that outlives its versions."""

import asyncio
import shutil
from pathlib import Path

from fairlead.model.errors import FairleadError
from fairlead.twin.clusters.planes import Plane
from fairlead.twin.process import ProcessSpec, SocketReady
from fairlead.twin.state import TwinState

# Ten a second: it is back long before, if it comes back at all.
_TRIES = 100
_GLOBAL = """\
global
    stats socket {socket} mode 600 level admin
    nbthread 1
    maxconn 4000
    log stderr format raw local0 warning

defaults
    mode tcp
    # No second try: while an API server is away its clients are told at once, as they would be anywhere.
    retries 0
    timeout connect 2s
    # Watches may say nothing for an hour.
    timeout client 2h
    timeout server 2h
"""
_CLUSTER = """
listen {cluster}
    bind 127.0.0.1:{endpoint}
    server apiserver 127.0.0.1:{port}
"""


def socket_of(state: TwinState) -> Path:
    return state.sockets / "api-front.sock"


def front(state: TwinState) -> ProcessSpec:
    """Write `configure`'s file first."""
    argv = (find_haproxy(), "-db", "-f", str(_file(state)))
    return ProcessSpec(name="api-front", argv=argv, ready=SocketReady(str(socket_of(state))))


def find_haproxy() -> str:
    """Debian keeps it where PATH need not look; FairleadError with a hint where there is none."""
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FairleadError("HAProxy is not installed", hint="`apt-get install haproxy` (version 2.6 or newer)")
    return found


def configure(state: TwinState, planes: dict[str, Plane]) -> None:
    """Write the configuration for the API servers' present ports: what a restarted front begins with."""
    parts = [_GLOBAL.format(socket=socket_of(state))]
    for cluster, ports in state.clusters.items():
        port = state.ports[f"{cluster}/apiserver-{planes[cluster].slot}"]
        parts.append(_CLUSTER.format(cluster=cluster, endpoint=ports.endpoint, port=port))
    draft = _file(state).with_suffix(".new")
    draft.write_text("".join(parts))
    draft.replace(_file(state))


async def move(state: TwinState, cluster: str, slot: str) -> None:
    """Send new connections to the API server on the port of `slot`; those that stand stay where they are."""
    port = state.ports[f"{cluster}/apiserver-{slot}"]
    answer = await _ask(socket_of(state), f"set server {cluster}/apiserver addr 127.0.0.1 port {port}")
    # It answers what it did (`port changed from …`), or `no need to change` when asked twice.
    if "changed" not in answer and "no need to change" not in answer:
        raise FairleadError(f"the API front did not move `{cluster}`: {answer}")


async def _ask(socket: Path, command: str) -> str:
    for _ in range(_TRIES):
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket))
        except OSError:
            # It was killed just now and comes back.
            await asyncio.sleep(0.1)
            continue
        writer.write(f"{command}\n".encode())
        answer = (await reader.read()).decode().strip()
        writer.close()
        return answer
    raise FairleadError("the API front is away", hint="`fairlead twin logs api-front` may say why")


def _file(state: TwinState) -> Path:
    return state.root / "api-front.cfg"
