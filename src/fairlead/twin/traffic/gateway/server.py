"""Takes requests and lets ready pods serve them; 503 where no pod had a place in time."""

import asyncio
from http import HTTPStatus
from random import SystemRandom

import msgspec
import structlog

from fairlead.model import wire
from fairlead.twin.traffic.http import Answer, Reply, ServerConnection
from fairlead.twin.traffic.pods import Pods

_log = structlog.get_logger()
_random = SystemRandom()


class GatewayStatus(msgspec.Struct, frozen=True):
    """What `/healthz` and `/status` say. `refused`: requests that no pod had a place for."""

    cluster: str
    ready: int
    busy: int
    waiting: int
    served: int
    refused: int
    leaving: bool


class Gateway:
    """
    One listening socket of one cluster. `service_seconds`: how long a pod takes for a request, from and to.
    """

    def __init__(
        self, cluster: str, pods: Pods | None = None, service_seconds: tuple[float, float] = (0.010, 0.020)
    ) -> None:
        self._cluster = cluster
        self._pods = pods or Pods()
        self._service_seconds = service_seconds
        self._connections: set[ServerConnection] = set()
        self._server: asyncio.Server | None = None
        self._served = self._refused = self._asked = 0
        self._leaving = False

    @property
    def status(self) -> GatewayStatus:
        return GatewayStatus(
            cluster=self._cluster,
            ready=len(self._pods.ready),
            busy=self._pods.busy,
            waiting=self._pods.waiting,
            served=self._served,
            refused=self._refused,
            leaving=self._leaving,
        )

    def set_ready(self, pods: frozenset[str]) -> None:
        """These pods, by name, may be given requests from now on."""
        if pods != self._pods.ready:
            gone, come = sorted(self._pods.ready - pods), sorted(pods - self._pods.ready)
            _log.info("pods", cluster=self._cluster, ready=len(pods), come=come, gone=gone)
        self._pods.set_ready(pods)

    async def listen(self, port: int) -> int:
        """On 127.0.0.1; 0 takes a free port. Answers the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: ServerConnection(self._handle, self._connections), "127.0.0.1", port
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def leave(self, within: float = 3.0) -> None:
        """
        Say on `/healthz` that we go, serve until the balancer has noticed and sends no more, then close.

        Whoever closes a connection that a balancer keeps for later may cross a request on its way: that would be an
        error of the deployment, not of the cluster.
        """
        self._leaving = True
        asked = -1
        deadline = asyncio.get_running_loop().time() + within
        while (self._asked != asked or self._pods.busy) and asyncio.get_running_loop().time() < deadline:
            asked = self._asked
            await asyncio.sleep(0.3)
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.finish()

    def _handle(self, path: str, reply: Reply) -> None:
        if path in {"/healthz", "/status"}:
            healthy = bool(self._pods.ready) and not self._leaving
            status = HTTPStatus.OK if healthy or path == "/status" else HTTPStatus.SERVICE_UNAVAILABLE
            reply(Answer(status, wire.encode(self.status), {"content-type": "application/json"}))
            return
        self._asked += 1
        self._pods.take(lambda pod: self._serve(pod, reply))

    def _serve(self, pod: str | None, reply: Reply) -> None:
        if pod is None:
            self._refused += 1
            reply(Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"no pod had a place\n", {"x-cluster": self._cluster}))
            return
        asyncio.get_running_loop().call_later(_random.uniform(*self._service_seconds), self._finish, pod, reply)

    def _finish(self, pod: str, reply: Reply) -> None:
        self._served += 1
        self._pods.give_back(pod)
        reply(Answer(HTTPStatus.OK, b"welcome\n", {"x-cluster": self._cluster, "x-pod": pod}))
