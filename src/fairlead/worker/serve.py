"""The worker: polls Temporal for the work of all runs until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from temporalio.client import Client

from fairlead.engine.connect import Server, connect
from fairlead.engine.running import worker
from fairlead.model.errors import UnreachableError
from fairlead.upgrade.activities.change import ChangeActivities
from fairlead.upgrade.activities.look import LookActivities
from fairlead.upgrade.activities.totals import CountActivities
from fairlead.upgrade.activities.traffic import TrafficActivities
from fairlead.upgrade.ports import PortsOf
from fairlead.upgrade.workflow import UpgradeCluster, UpgradeFleet

WORKFLOWS = (UpgradeFleet, UpgradeCluster)


def activities_of(
    look: LookActivities, traffic: TrafficActivities, change: ChangeActivities, count: CountActivities
) -> list[Callable[..., Any]]:
    """Every activity of every capability."""
    return [
        look.look_first,
        look.plan_next_step,
        look.read_apis,
        look.compare_apis,
        look.verify,
        traffic.check_headroom,
        traffic.take_out,
        traffic.keep_out,
        traffic.return_step,
        change.wait_for_operation,
        change.upgrade_control_plane,
        change.read_pool,
        change.park_pool,
        change.restore_pool,
        change.roll_pool,
        count.count_traffic,
    ]


async def serve(server: Server, ports_of: PortsOf, patience: float = 60.0) -> None:
    """Work until SIGTERM or SIGINT; what is under way is given back and goes on elsewhere, or when we are back."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    client = await _connect(server, patience)
    activities = activities_of(
        LookActivities(ports_of), TrafficActivities(ports_of), ChangeActivities(ports_of), CountActivities(ports_of)
    )
    async with worker(client, WORKFLOWS, activities):
        await told.wait()


async def _connect(server: Server, patience: float) -> Client:
    """A worker may be started a little before its server."""
    until = asyncio.get_running_loop().time() + patience
    while True:
        try:
            return await connect(server)
        except UnreachableError:
            if asyncio.get_running_loop().time() > until:
                raise
            await asyncio.sleep(0.5)
