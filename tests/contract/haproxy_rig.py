"""Real HAProxy processes for tests, in front of small backends that live in the test's own event loop."""

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

from fairlead.fleet.file import FleetBalancer, HaproxyProcess
from fairlead.model.errors import UnreachableError
from fairlead.traffic.haproxy import answers
from fairlead.traffic.haproxy.socket import ask
from fairlead.twin.traffic.balancer import reload_master
from fairlead.twin.traffic.http import Answer, Reply, ServerConnection
from fairlead.twin.traffic.load.client import Client
from fairlead.twin.traffic.processes import haproxy_binary

_CONFIG = """
global
    stats socket {folder}/{number}.sock mode 600 level admin expose-fd listeners
    nbthread 1
defaults
    mode http
    timeout connect 500ms
    timeout client 10s
    timeout server 5s
    timeout queue 1s
frontend edge
    bind 127.0.0.1:{port}
    use_backend api if {{ path_beg /api }}
    default_backend shop
backend shop
    {servers}
backend api
    {servers}
backend small
    server tiny 127.0.0.1:9 weight 1
"""

SLOW_SECONDS = 0.05


class Backends:
    """
    One listening port per server. `/hold` is not answered before `release`; `/fail` is answered 500, `/slow` after
    `SLOW_SECONDS`.
    """

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self._listening: list[asyncio.Server] = []
        self._connections: set[ServerConnection] = set()
        self._held: list[Reply] = []
        self.holds = asyncio.Event()

    async def start(self, *servers: str) -> None:
        loop = asyncio.get_running_loop()
        for name in servers:
            answer = partial(self._answer, name)
            each = await loop.create_server(partial(ServerConnection, answer, self._connections), "127.0.0.1", 0)
            self._listening.append(each)
            self.ports[name] = each.sockets[0].getsockname()[1]

    def release(self) -> None:
        while self._held:
            self._held.pop()(Answer(HTTPStatus.OK))

    def close(self) -> None:
        self.release()
        for each in self._listening:
            each.close()
        for connection in list(self._connections):
            connection.finish()

    def _answer(self, name: str, path: str, reply: Reply) -> None:
        if "hold" in path:
            self._held.append(reply)
            self.holds.set()
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR if "fail" in path else HTTPStatus.OK
            wait = SLOW_SECONDS if "slow" in path else 0.0
            asyncio.get_running_loop().call_later(wait, reply, Answer(status, headers={"x-cluster": name}))


class RealHaproxy:
    """One `haproxy -W` with a master CLI."""

    def __init__(self, folder: Path, number: int, ports: dict[str, int]) -> None:
        self.place = HaproxyProcess(socket=f"{folder}/{number}.sock", master=f"{folder}/{number}-master.sock")
        self._port = _free_port()
        servers = "\n    ".join(f"server {name} 127.0.0.1:{port} weight 100 maxconn 50" for name, port in ports.items())
        config = folder / f"{number}.cfg"
        config.write_text(_CONFIG.format(folder=folder, number=number, port=self._port, servers=servers))
        self._process = subprocess.Popen(
            [haproxy_binary(), "-W", "-S", str(self.place.master), "-f", str(config)], stderr=subprocess.DEVNULL
        )
        self.client = Client("127.0.0.1", self._port, within=3.0)

    async def ready(self) -> None:
        async with asyncio.timeout(10):
            while True:
                if await self._serves():
                    return
                await asyncio.sleep(0.02)

    async def reload(self) -> None:
        """Until the new worker has the admin socket."""
        await reload_master(str(self.place.master))
        await self.ready()

    def signal_all(self, number: signal.Signals) -> None:
        """To the master and its workers."""
        master = self._process.pid
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for pid in (master, *map(int, workers)):
            os.kill(pid, number)

    def stop(self) -> None:
        self.client.close()
        self.signal_all(signal.SIGCONT)
        self._process.kill()
        self._process.wait()

    async def _serves(self) -> bool:
        """Whether the worker that answers on the admin socket is the one the master calls current."""
        try:
            current = answers.info(await ask(self.place.socket, "show info", 1.0)).pid
            listed = answers.processes(await ask(str(self.place.master), "show proc", 1.0))
        except UnreachableError:
            return False
        return current in [each.pid for each in listed if not each.old]


@asynccontextmanager
async def haproxies(count: int) -> AsyncIterator[tuple[FleetBalancer, list[RealHaproxy], Backends]]:
    """Servers `tokyo` and `osaka` in `shop` and `api`, and `tiny` with a weight of 1 in `small`."""
    backends = Backends()
    await backends.start("tokyo", "osaka")
    # Not pytest's folder: with a test's name in it the path is longer than a unix socket's may be.
    with tempfile.TemporaryDirectory(prefix="fairlead-") as folder:
        running = [RealHaproxy(Path(folder), number, backends.ports) for number in range(count)]
        try:
            for each in running:
                await each.ready()
            yield FleetBalancer(name="global", haproxy=tuple(each.place for each in running)), running, backends
        finally:
            for each in running:
                each.stop()
            backends.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
