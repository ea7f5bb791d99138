"""Eyes on the fleet for the time of one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fairlead.fleet.file import Fleet
from fairlead.worker import wiring


@asynccontextmanager
async def eyes_of(fleet: Fleet) -> AsyncIterator[wiring.FleetEyes]:
    """Connections to API servers are closed at the end."""
    cloud = wiring.cloud_of(fleet.spec.gke)
    eyes = wiring.FleetEyes(cloud, wiring.balancers_of(fleet.spec.balancers))
    try:
        yield eyes
    finally:
        await eyes.close()
