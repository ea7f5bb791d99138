"""What Google does by itself: repair of nodes that stay broken, and operations asked for as a fault."""

import asyncio
import time
from typing import Any

import structlog

from fairlead.twin.gke import faults
from fairlead.twin.gke.desk import Desk
from fairlead.twin.gke.errors import ApiError, ClusterAwayError

# https://cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair: NotReady for about ten minutes.
_BROKEN_FOR = 600.0
_LOOK_EVERY = 0.25
_log = structlog.get_logger()


class Google:
    """Run `watch` beside the API; it never ends by itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # When each node was first seen broken, by cluster, pool and node; this machine's seconds.
        self._broken: dict[tuple[str, str, str], float] = {}
        self._next_round = 0.0

    async def watch(self) -> None:
        while True:
            self._start_what_was_asked_for()
            if time.monotonic() >= self._next_round:
                await self._repair()
                # Every two minutes of GKE's, so that idle clusters are left in peace.
                self._next_round = time.monotonic() + self._desk.clock.real(120)
            await asyncio.sleep(_LOOK_EVERY)

    def _start_what_was_asked_for(self) -> None:
        taken = faults.take_google_operations(self._desk.folder, lambda fault: self._desk.free(fault.cluster))
        for fault in taken:
            if fault.cluster not in self._desk.books.clusters or not self._desk.knows(fault.operation):
                _log.warning("no such cluster or type of operation", fault=fault)
                continue
            try:
                self._desk.begin(
                    fault.operation,
                    fault.cluster,
                    pool=fault.pool,
                    version=fault.version,
                    hold_seconds=0.0 if fault.version else fault.seconds,
                    by_google=True,
                )
            except ApiError as error:
                # Two were asked for at once: the second has to wait its turn.
                _log.info("google has to wait", cluster=fault.cluster, error=error.message)
                faults.inject(self._desk.folder, fault)

    async def _repair(self) -> None:
        for name, cluster in self._desk.books.clusters.items():
            for pool in cluster.node_pools:
                try:
                    await self._look_after(name, pool)
                except ClusterAwayError as error:
                    _log.debug("cluster is away", cluster=name, error=str(error))

    async def _look_after(self, cluster: str, pool: Any) -> None:
        present = await self._desk.actors[cluster].nodes(pool.name)
        broken = [node for node in present if not node.ready]
        seen = {(cluster, pool.name, node.name): node for node in broken}
        for key in [key for key in self._broken if key[:2] == (cluster, pool.name) and key not in seen]:
            del self._broken[key]
        for key, node in seen.items():
            since = self._broken.setdefault(key, time.monotonic())
            long_broken = time.monotonic() - since >= self._desk.clock.real(_BROKEN_FOR)
            if long_broken and pool.management.auto_repair and self._desk.free(cluster):
                del self._broken[key]
                self._desk.begin(
                    "AUTO_REPAIR_NODES",
                    cluster,
                    pool=pool.name,
                    nodes=[node.name],
                    zone_sizes={node.zone: 1},
                    by_google=True,
                )
