"""`python -m fairlead.twin.traffic.load FOLDER`: the load on the twin in that folder, until SIGTERM."""

import asyncio
import signal
import sys
from pathlib import Path

import structlog

from fairlead.fleet.file import FleetBalancer, HaproxyProcess
from fairlead.model import wire
from fairlead.traffic.haproxy import HaproxyBalancer
from fairlead.traffic.port import Balancer, BalancerUnreachableError, EntryState
from fairlead.twin.state import TwinState
from fairlead.twin.traffic.load.client import Client
from fairlead.twin.traffic.load.generator import Generator
from fairlead.twin.traffic.load.report import Record

_log = structlog.get_logger()
# Seconds; three times what a boot takes. Then the load begins all the same, and the record tells what it met.
_PATIENCE = 90.0


async def until_all_up(balancer: Balancer) -> None:
    """
    Wait until every server that is meant to serve passes its checks: what fails while a twin boots is no finding.
    """
    while True:
        try:
            entries = await balancer.entries()
        except BalancerUnreachableError as error:
            _log.info("waiting for the balancer", error=str(error))
        else:
            if entries and all(entry.up for entry in entries if entry.state is EntryState.READY):
                return
        await asyncio.sleep(0.3)


async def _run(state: TwinState) -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await _unless_stopped(stopped, _balancer(state))
    rate = sum(cluster.rps for cluster in state.spec.clusters)
    record = Record(state.root, rate)
    await Generator(Client("127.0.0.1", state.ports["balancer"]), record, state.root, rate).run(stopped)
    _log.info("done", sent=record.sent, served=record.served, failed=record.failed)


async def _unless_stopped(stopped: asyncio.Event, balancer: Balancer) -> None:
    """Wait for the servers, for the signal, or for as long as patience lasts."""
    waits = {asyncio.create_task(until_all_up(balancer)), asyncio.create_task(stopped.wait())}
    done, left = await asyncio.wait(waits, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for each in left:
        each.cancel()
    for each in done:
        each.result()


def _balancer(state: TwinState) -> HaproxyBalancer:
    process = HaproxyProcess(socket=str(state.balancer_socket))
    return HaproxyBalancer(FleetBalancer(name="global", haproxy=(process,)))


def main() -> None:
    (folder,) = sys.argv[1:]
    asyncio.run(_run(wire.decode((Path(folder) / "twin.json").read_bytes(), TwinState)))


if __name__ == "__main__":
    main()
