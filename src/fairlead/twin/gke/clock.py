"""GKE's time on this machine: an hour of GKE passes in an hour divided by the clock factor."""

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """All lengths are seconds of GKE's; deadlines are points on this machine's clock, so they outlive a restart."""

    def __init__(self, factor: float) -> None:
        self._factor = factor

    def real(self, gke_seconds: float) -> float:
        """As seconds of this machine."""
        return gke_seconds / self._factor

    async def sleep(self, gke_seconds: float) -> None:
        await asyncio.sleep(gke_seconds / self._factor)

    async def poll(self) -> None:
        """Between two looks at a cluster: five seconds of GKE's, but never so often that it is a burden."""
        await asyncio.sleep(min(max(5 / self._factor, 0.05), 5))

    def deadline(self, gke_seconds: float) -> float:
        """That far from now, as seconds since the epoch."""
        return time.time() + gke_seconds / self._factor

    def passed(self, deadline: float) -> bool:
        return time.time() >= deadline

    def stamp(self) -> str:
        """Now, as GKE writes it."""
        return datetime.now(UTC).isoformat().replace("+00:00", "Z")
