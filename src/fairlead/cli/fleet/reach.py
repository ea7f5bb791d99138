"""Ways to the fleet for the time of one command; the cloud's client is only loaded when it is needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fairlead.fleet.file import Fleet

if TYPE_CHECKING:
    from fairlead.worker.wiring import FleetEyes


@asynccontextmanager
async def eyes_of(fleet: Fleet) -> AsyncIterator["FleetEyes"]:
    """Connections to the provider and to API servers are closed at the end."""
    from fairlead.worker import wiring

    cloud = wiring.cloud_of(fleet.spec.gke)
    eyes = wiring.FleetEyes(cloud, wiring.balancers_of(fleet.spec.balancers))
    try:
        yield eyes
    finally:
        await eyes.close()
