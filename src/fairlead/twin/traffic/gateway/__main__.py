"""`python -m fairlead.twin.traffic.gateway FOLDER CLUSTER`: serves one cluster of the twin in that folder."""

import asyncio
import signal
import ssl
import sys
from pathlib import Path

from fairlead.model import wire
from fairlead.twin.state import TwinState
from fairlead.twin.traffic.gateway.endpoints import EndpointSlices, PodSource
from fairlead.twin.traffic.gateway.server import Gateway

_NAMESPACE, _SERVICE = "shop", "web"


async def serve(gateway: Gateway, source: PodSource, port: int) -> None:
    """Until SIGTERM."""
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await gateway.listen(port)
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(_follow(gateway, source))
        await stopped.wait()
        await gateway.leave()
        following.cancel()


async def _follow(gateway: Gateway, source: PodSource) -> None:
    async for pods in source.changes():
        gateway.set_ready(pods)


def _source(state: TwinState, cluster: str) -> EndpointSlices:
    tls = ssl.create_default_context(cafile=str(state.pki / "ca.crt"))
    tls.load_cert_chain(state.pki / "admin.crt", state.pki / "admin.key")
    server = f"https://127.0.0.1:{state.clusters[cluster].endpoint}"
    return EndpointSlices(server, tls, namespace=_NAMESPACE, service=_SERVICE)


def main() -> None:
    folder, cluster = sys.argv[1:]
    state = wire.decode((Path(folder) / "twin.json").read_bytes(), TwinState)
    asyncio.run(serve(Gateway(cluster), _source(state, cluster), state.clusters[cluster].gateway))


if __name__ == "__main__":
    main()
