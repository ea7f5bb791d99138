"""Where operations are taken in, one incompatible one at a time, and worked off, also after a restart."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog
from google.cloud import container_v1 as gke
from google.rpc import code_pb2

from fairlead.twin.gke import faults
from fairlead.twin.gke.actor import ClusterActor
from fairlead.twin.gke.books import Books, Work
from fairlead.twin.gke.clock import Clock
from fairlead.twin.gke.errors import (
    ClusterAwayError,
    OperationCancelledError,
    OperationFailedError,
    busy,
    over_quota,
)
from fairlead.twin.gke.versions import Catalogue

# Of operations that run on one cluster at a time.
_QUOTA = 5
_log = structlog.get_logger()

Job = Callable[["Desk", Work], Awaitable[None]]


class Desk:
    """Everything a job needs: the books, the hands on each cluster, the clock, the faults; and the running jobs."""

    def __init__(
        self,
        folder: Path,
        books: Books,
        actors: Mapping[str, ClusterActor],
        clock: Clock,
        catalogue: Catalogue,
        jobs: Mapping[str, Job],
    ) -> None:
        self.folder = folder
        self.books = books
        self.actors = actors
        self.clock = clock
        self.catalogue = catalogue
        self._jobs = jobs
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, kind: str, cluster: str, **details: Any) -> Work:
        """Take an operation in and start on it. ApiError where the cluster is busy or the quota is used up."""
        work = Work(
            id=self._new_id(),
            type=kind,
            cluster=cluster,
            location=self.books.clusters[cluster].location,
            began=self.clock.stamp(),
            **details,
        )
        self._refuse_conflicts(work)
        if fault := faults.take(self.folder, faults.FailOperation, lambda fault: concerns(fault, work)):
            work.fails_with, work.fails_after = fault.message, fault.after_nodes
        self.books.works[work.id] = work
        self._show_busy(work)
        self.books.save()
        _log.info("operation began", operation=work.id, type=kind, cluster=cluster, pool=work.pool)
        self._work_on(work)
        return work

    def resume(self) -> None:
        """Go on with what was under way when the emulator died."""
        for work in self.books.works.values():
            if work.running:
                self._work_on(work)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def knows(self, kind: str) -> bool:
        """Whether there is a job for operations of this type."""
        return kind in self._jobs

    def free(self, cluster: str) -> bool:
        """Whether an operation that holds the cluster could start."""
        return all(work.metadata_only for work in self.books.running(cluster))

    async def checkpoint(self, work: Work) -> None:
        """Called by jobs between steps: holds a stalled operation, ends a cancelled or failing one."""
        while True:
            if work.aborting:
                raise OperationCancelledError
            if work.fails_with and work.nodes_done >= work.fails_after:
                raise OperationFailedError(code_pb2.INTERNAL, work.fails_with)
            held = [fault for fault in faults.faults(self.folder) if isinstance(fault, faults.StallOperation)]
            if not any(concerns(fault, work) for fault in held):
                return
            await self.clock.poll()

    def _new_id(self) -> str:
        return f"operation-{self.books.next_serial():013d}-{secrets.token_hex(4)}"

    def _refuse_conflicts(self, work: Work) -> None:
        running = self.books.running(work.cluster)
        if len(running) >= _QUOTA:
            raise over_quota(work.cluster, _QUOTA)
        if work.metadata_only:
            return
        for other in running:
            if not other.metadata_only:
                raise busy(other.id)

    def _work_on(self, work: Work) -> None:
        task = asyncio.create_task(self._carry_out(work), name=work.id)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._left(task, work))

    def _left(self, task: asyncio.Task[None], work: Work) -> None:
        """A job of ours that broke ends its operation as an internal error of GKE's would."""
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        _log.error("operation broke", operation=work.id, exc_info=error)
        work.error_code, work.error = code_pb2.INTERNAL, f"Internal error: {error!r}"
        self._end(work)

    async def _carry_out(self, work: Work) -> None:
        try:
            await self._until_the_cluster_answers(work)
        except OperationFailedError as error:
            work.error_code, work.error = error.code, error.message
        except OperationCancelledError:
            work.error_code, work.error = code_pb2.CANCELLED, "Operation was cancelled."
        self._end(work)

    def _end(self, work: Work) -> None:
        work.status, work.ended = "DONE", self.clock.stamp()
        self._show_idle(work)
        self.books.save()
        _log.info("operation ended", operation=work.id, type=work.type, error=work.error, forced=work.pods_forced)

    async def _until_the_cluster_answers(self, work: Work) -> None:
        """Jobs begin again from what they find, so a cluster that was away costs nothing but time."""
        while True:
            try:
                await self._jobs[work.type](self, work)
            except ClusterAwayError as error:
                _log.warning("cluster is away", operation=work.id, error=str(error))
                await self.clock.poll()
                await asyncio.sleep(0.2)
            else:
                return

    def _show_busy(self, work: Work) -> None:
        if work.metadata_only:
            return
        cluster = self.books.clusters[work.cluster]
        cluster.status = gke.Cluster.Status.RECONCILING
        self.books.touch(work.cluster)
        for pool in cluster.node_pools:
            if pool.name == work.pool:
                pool.status = gke.NodePool.Status.RECONCILING

    def _show_idle(self, work: Work) -> None:
        cluster = self.books.clusters[work.cluster]
        if self.free(work.cluster):
            cluster.status = gke.Cluster.Status.RUNNING
        failed = work.error_code not in {0, code_pb2.CANCELLED}
        for pool in cluster.node_pools:
            if pool.name == work.pool and not work.metadata_only:
                states = gke.NodePool.Status
                pool.status = states.RUNNING_WITH_ERROR if failed else states.RUNNING


def concerns(fault: faults.FailOperation | faults.StallOperation, work: Work) -> bool:
    """Whether a fault that names an operation means this one."""
    return fault.operation == work.type and fault.cluster in {"", work.cluster} and fault.pool in {"", work.pool}
