"""A cloud in memory: the port's promises without a network; operations end after being looked at a few times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from fairlead.clouds.port import (
    Already,
    CloudBusyError,
    CloudCluster,
    CloudPool,
    CloudRefusedError,
    CloudUnknownError,
    Discovery,
    OfferedVersions,
    Operation,
    OperationKind,
    OperationRef,
    OperationState,
    SurgeSettings,
)
from fairlead.model.access import KubeAccess
from fairlead.model.cluster import ClusterRef, GkePlace
from fairlead.model.version import Version

OFFERED = tuple(Version(text) for text in ("1.36.4-gke.1300", "1.36.3-gke.1000", "1.35.5-gke.1200", "1.35.4-gke.1100"))
STABLE = Version("1.36.3-gke.1000")
# What runs beside anything else on a cluster.
_METADATA_ONLY = {OperationKind.CHANGE_SETTINGS}


def ref_of(name: str, location: str = "asia-northeast1", project: str = "twin") -> ClusterRef:
    return ClusterRef(name, gke=GkePlace(project, location, name))


def a_pool(name: str = "app", *, version: str = "1.35.4-gke.1100", nodes: int = 4, **changes: object) -> CloudPool:
    """A healthy pool; name any field to have it otherwise."""
    pool = CloudPool(
        name=name,
        version=Version(version),
        nodes=nodes,
        zones=("asia-northeast1-a", "asia-northeast1-b"),
        state="RUNNING",
        surge=SurgeSettings(max_surge=1, max_unavailable=0, original='{"maxSurge": 1, "maxUnavailable": 0}'),
        auto_repair=True,
        auto_upgrade=False,
        image_type="COS_CONTAINERD",
    )
    return msgspec.structs.replace(pool, **changes)


def a_cluster(
    name: str = "tokyo",
    *pools: CloudPool,
    version: str = "1.35.4-gke.1100",
    location: str = "asia-northeast1",
    channel: str = "",
) -> CloudCluster:
    """A healthy cluster with one pool `app`, unless pools are given."""
    return CloudCluster(
        place=GkePlace("twin", location, name),
        control_plane=Version(version),
        state="RUNNING",
        channel=channel,
        pools=pools or (a_pool(version=version),),
    )


class StaticToken:
    async def token(self, *, rejected: str | None = None) -> str:
        return "t"


@dataclass
class _Work:
    """An operation, how often it is still seen running, and what it does in the end."""

    operation: Operation
    looks: int
    effect: Callable[[], None]
    error: str = ""


@dataclass
class FakeCloud:
    """
    Clusters by name. `looks`: how often `operation` finds an operation running before it is done; what it does to
    the cluster happens then. `calls` records each call that would have started something (`upgrade_pool tokyo app
    1.36.3-gke.1000`), started or not; `started` the ids of operations that really began.
    """

    clusters: dict[str, CloudCluster] = field(default_factory=dict)
    looks: int = 1
    missing_zones: tuple[str, ...] = ()
    offered: OfferedVersions = field(
        default_factory=lambda: OfferedVersions(
            OFFERED, OFFERED, STABLE, {"stable": STABLE, "regular": STABLE, "rapid": OFFERED[0]}
        )
    )
    calls: list[str] = field(default_factory=list)
    started: list[OperationRef] = field(default_factory=list)
    closed: bool = False
    stalled: set[OperationKind] = field(default_factory=set)
    """Operations of these kinds go on for ever."""
    _works: dict[str, _Work] = field(default_factory=dict)
    _errors: dict[str, list[Exception]] = field(default_factory=dict)
    _ends: dict[OperationKind, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, *clusters: CloudCluster, looks: int = 1) -> "FakeCloud":
        return cls({cluster.place.cluster: cluster for cluster in clusters or (a_cluster(),)}, looks)

    # What a test does to it.

    def fail_next(self, method: str, error: Exception, times: int = 1) -> None:
        """The next calls of this method of the port raise."""
        self._errors.setdefault(method, []).extend([error] * times)

    def end_next_with_error(self, kind: OperationKind, error: str) -> None:
        """The next operation of this kind ends DONE with an error and changes nothing."""
        self._ends.setdefault(kind, []).append(error)

    def foreign_operation(
        self, cluster: str, kind: OperationKind = OperationKind.REPAIR_POOL, target: str = "app", looks: int = 2
    ) -> OperationRef:
        """Somebody else starts an operation; it ends after being looked at (or run into) so often."""
        return self._begin(self._ref(cluster), kind, target, lambda: None, looks, ours=False)

    def let_all_end(self) -> None:
        """Every running operation ends at the next look, and later ones take one look again."""
        self.looks = 1
        for work in self._works.values():
            work.looks = 0

    def hurry(self) -> None:
        """What runs now, and what begins later, ends at the next look."""
        self.looks = 0
        for work in self._works.values():
            work.looks = 0

    def change_pool(self, cluster: str, pool: str, **changes: object) -> None:
        before = self.clusters[cluster]
        pools = tuple(msgspec.structs.replace(p, **changes) if p.name == pool else p for p in before.pools)
        self.clusters[cluster] = msgspec.structs.replace(before, pools=pools)

    def change_cluster(self, cluster: str, **changes: object) -> None:
        self.clusters[cluster] = msgspec.structs.replace(self.clusters[cluster], **changes)

    def pool(self, cluster: str, pool: str) -> CloudPool:
        """KeyError where there is none."""
        return {p.name: p for p in self.clusters[cluster].pools}[pool]

    # The port.

    async def close(self) -> None:
        self.closed = True

    async def discover(self, project: str) -> Discovery:
        self._maybe_fail("discover")
        return Discovery(tuple(c for c in self.clusters.values() if c.place.project == project), self.missing_zones)

    async def cluster(self, cluster: ClusterRef) -> CloudCluster:
        self._maybe_fail("cluster")
        return self._found(cluster)

    async def offered_versions(self, cluster: ClusterRef) -> OfferedVersions:
        self._maybe_fail("offered_versions")
        return self.offered

    async def access(self, cluster: ClusterRef) -> KubeAccess:
        self._maybe_fail("access")
        self._found(cluster)
        return KubeAccess("https://127.0.0.1:1", "ca", StaticToken())

    async def upgrade_control_plane(self, cluster: ClusterRef, to: Version) -> OperationRef | Already:
        self._called("upgrade_control_plane", cluster, str(to))
        current = self._found(cluster)
        if running := self._running(cluster, OperationKind.UPGRADE_CONTROL_PLANE, ""):
            return running
        if current.control_plane == to:
            return Already()
        if not 0 <= to.minors_ahead_of(current.control_plane) <= 1 or to < current.control_plane:
            raise CloudRefusedError(f"{cluster} cannot go from {current.control_plane} to {to}")
        self._refuse_if_busy(cluster)
        return self._begin(
            cluster,
            OperationKind.UPGRADE_CONTROL_PLANE,
            "",
            lambda: self.change_cluster(cluster.name, control_plane=to),
        )

    async def upgrade_pool(self, cluster: ClusterRef, pool: str, to: Version) -> OperationRef | Already:
        self._called("upgrade_pool", cluster, f"{pool} {to}")
        current = self._found_pool(cluster, pool)
        if running := self._running(cluster, OperationKind.UPGRADE_POOL, pool):
            return running
        if current.version == to:
            return Already()
        if to > self._found(cluster).control_plane:
            raise CloudRefusedError(f"{cluster} has an older control plane than {to}")
        self._refuse_if_busy(cluster)
        return self._begin(
            cluster, OperationKind.UPGRADE_POOL, pool, lambda: self.change_pool(cluster.name, pool, version=to)
        )

    async def set_surge(self, cluster: ClusterRef, pool: str, surge: SurgeSettings) -> OperationRef | Already:
        self._called("set_surge", cluster, f"{pool} {surge.max_surge} {surge.max_unavailable}")
        own_words = f'{{"maxSurge": {surge.max_surge}, "maxUnavailable": {surge.max_unavailable}}}'
        wanted = surge if surge.original else msgspec.structs.replace(surge, original=own_words)
        current = self._found_pool(cluster, pool).surge
        if current.blue_green and not surge.original:
            return Already()
        if (current.max_surge, current.max_unavailable) == (wanted.max_surge, wanted.max_unavailable):
            return Already()
        if not 1 <= surge.max_surge + surge.max_unavailable <= 20:
            raise CloudRefusedError(f"{cluster} would roll {surge.max_surge + surge.max_unavailable} nodes at a time")
        self._refuse_if_busy(cluster)
        return self._begin(
            cluster, OperationKind.CHANGE_SETTINGS, pool, lambda: self.change_pool(cluster.name, pool, surge=wanted)
        )

    async def set_auto_repair(self, cluster: ClusterRef, pool: str, *, on: bool) -> OperationRef | Already:
        self._called("set_auto_repair", cluster, f"{pool} {on}")
        if self._found_pool(cluster, pool).auto_repair == on:
            return Already()
        return self._begin(
            cluster, OperationKind.CHANGE_SETTINGS, pool, lambda: self.change_pool(cluster.name, pool, auto_repair=on)
        )

    async def operation(self, operation: OperationRef) -> Operation:
        self._maybe_fail("operation")
        if operation.id not in self._works:
            raise CloudRefusedError(f"there is no operation `{operation.id}`")
        self._look(self._works[operation.id])
        return self._works[operation.id].operation

    async def running_operations(self, cluster: ClusterRef) -> Sequence[Operation]:
        self._maybe_fail("running_operations")
        return [w.operation for w in self._works.values() if w.operation.ref.cluster.name == cluster.name and _runs(w)]

    async def cancel(self, operation: OperationRef) -> None:
        self._called("cancel", operation.cluster, operation.id)
        if operation.id not in self._works:
            raise CloudRefusedError(f"there is no operation `{operation.id}`")
        work = self._works[operation.id]
        if _runs(work):
            work.operation = msgspec.structs.replace(work.operation, state=OperationState.ABORTING)
            work.error = "operation was cancelled"

    async def roll_back_pool(self, cluster: ClusterRef, pool: str, *, respect_budgets: bool) -> OperationRef | Already:
        self._called("roll_back_pool", cluster, f"{pool} {respect_budgets}")
        self._found_pool(cluster, pool)
        self._refuse_if_busy(cluster)
        return self._begin(cluster, OperationKind.UPGRADE_POOL, pool, lambda: None)

    # How it works.

    def _begin(
        self,
        cluster: ClusterRef,
        kind: OperationKind,
        target: str,
        effect: Callable[[], None],
        looks: int | None = None,
        *,
        ours: bool = True,
    ) -> OperationRef:
        location = cluster.gke.location if cluster.gke else ""
        ref = OperationRef(f"operation-{len(self._works) + 1}", cluster, location)
        errors = self._ends.get(kind, [])
        operation = Operation(ref, kind, OperationState.RUNNING, target=target, began="2026-11-21T10:00:00Z")
        self._works[ref.id] = _Work(
            operation, self.looks if looks is None else looks, effect, errors.pop(0) if errors and ours else ""
        )
        if ours:
            self.started.append(ref)
        return ref

    def _look(self, work: _Work) -> None:
        if not _runs(work) or work.operation.kind in self.stalled:
            return
        if work.looks > 0:
            work.looks -= 1
            return
        if not work.error:
            work.effect()
        work.operation = msgspec.structs.replace(
            work.operation, state=OperationState.DONE, error=work.error, ended="2026-11-21T10:05:00Z"
        )

    def _running(self, cluster: ClusterRef, kind: OperationKind, target: str) -> OperationRef | None:
        for work in self._works.values():
            operation = work.operation
            if _runs(work) and (operation.ref.cluster.name, operation.kind, operation.target) == (
                cluster.name,
                kind,
                target,
            ):
                return operation.ref
        return None

    def _refuse_if_busy(self, cluster: ClusterRef) -> None:
        for work in self._works.values():
            operation = work.operation
            if not _runs(work) or operation.ref.cluster.name != cluster.name or operation.kind in _METADATA_ONLY:
                continue
            self._look(work)
            if _runs(work):
                raise CloudBusyError(f"{cluster} is held by `{operation.ref.id}`", operation=operation.ref.id)

    def _called(self, method: str, cluster: ClusterRef, rest: str) -> None:
        self.calls.append(f"{method} {cluster.name} {rest}")
        self._maybe_fail(method)

    def _maybe_fail(self, method: str) -> None:
        if errors := self._errors.get(method):
            raise errors.pop(0)

    def _found(self, cluster: ClusterRef) -> CloudCluster:
        if cluster.name not in self.clusters:
            raise CloudUnknownError(f"there is no cluster `{cluster.name}`")
        return self.clusters[cluster.name]

    def _found_pool(self, cluster: ClusterRef, pool: str) -> CloudPool:
        self._found(cluster)
        try:
            return self.pool(cluster.name, pool)
        except KeyError:
            raise CloudRefusedError(f"there is no pool `{pool}` in {cluster}") from None

    def _ref(self, cluster: str) -> ClusterRef:
        return ref_of(cluster, self.clusters[cluster].place.location)


def _runs(work: _Work) -> bool:
    return work.operation.state is not OperationState.DONE
