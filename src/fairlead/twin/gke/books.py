"""What the emulator remembers: clusters, operations and what it knows of pools; on disk after every change."""

from pathlib import Path
from typing import Any

import msgspec
from google.cloud import container_v1 as gke

from fairlead.model import wire


class Work(msgspec.Struct, kw_only=True):
    """
    An operation as we work on it. `type` and `status` are names of the API's enums; `zone_sizes` the nodes each
    zone is to have in the end; `deadlines` points in time (epoch seconds) by name; `changes` what a settings
    operation writes (JSON of the API's message, by field of the pool or cluster).
    """

    id: str
    type: str
    cluster: str
    location: str
    began: str
    pool: str = ""
    version: str = ""
    status: str = "RUNNING"
    phase: str = ""
    ended: str = ""
    error_code: int = 0
    error: str = ""
    by_google: bool = False
    hold_seconds: float = 0.0
    nodes: list[str] = []
    zone_sizes: dict[str, int] = {}
    deadlines: dict[str, float] = {}
    changes: dict[str, Any] = {}
    respect_budgets: bool = True
    roll_back: bool = False
    nodes_done: int = 0
    nodes_total: int = 0
    pods_forced: int = 0
    evictions_refused: int = 0
    fails_with: str = ""
    fails_after: int = 0

    @property
    def running(self) -> bool:
        return self.status != "DONE"

    @property
    def aborting(self) -> bool:
        return self.status == "ABORTING"

    @property
    def metadata_only(self) -> bool:
        """Whether it may run beside others on its cluster."""
        return self.type in {"SET_NODE_POOL_MANAGEMENT", "SET_MAINTENANCE_POLICY", "SET_LABELS"}


class PoolNotes(msgspec.Struct):
    """
    What GKE knows of a pool and does not tell. `unfinished` is the version its last roll went to and did not reach.
    """

    kind: str = "app"
    unfinished: str = ""


class _OnDisk(msgspec.Struct):
    clusters: dict[str, Any]
    works: list[Work]
    notes: dict[str, PoolNotes]
    serial: int = 0


class Books:
    """All of it in memory; `save` after each change, so that a kill at any time loses nothing that was answered."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "gke-state.json"
        # Any: proto-plus's annotations say less than its messages take (durations, enums by name).
        self.clusters: dict[str, Any] = {}
        self.works: dict[str, Work] = {}
        self.notes: dict[str, PoolNotes] = {}
        self._serial = 0

    def load(self) -> bool:
        """False where nothing was saved yet."""
        try:
            held = wire.decode(self._file.read_bytes(), _OnDisk)
        except FileNotFoundError:
            return False
        self.clusters = {
            name: gke.Cluster.from_json(msgspec.json.encode(plain).decode()) for name, plain in held.clusters.items()
        }
        self.works = {work.id: work for work in held.works}
        self.notes, self._serial = held.notes, held.serial
        return True

    def save(self) -> None:
        plain = {name: msgspec.Raw(_json(cluster).encode()) for name, cluster in self.clusters.items()}
        held = _OnDisk(plain, list(self.works.values()), self.notes, self._serial)
        draft = self._file.with_suffix(".new")
        draft.write_bytes(wire.encode(held))
        draft.replace(self._file)

    def next_serial(self) -> int:
        """Never given twice, also after a restart once `save` was called."""
        self._serial += 1
        return self._serial

    def pool(self, cluster: str, pool: str) -> Any:
        """The API's NodePool; KeyError where there is none."""
        for found in self.clusters[cluster].node_pools:
            if found.name == pool:
                return found
        raise KeyError(pool)

    def notes_of(self, cluster: str, pool: str) -> PoolNotes:
        return self.notes.setdefault(f"{cluster}/{pool}", PoolNotes())

    def running(self, cluster: str) -> list[Work]:
        return [work for work in self.works.values() if work.cluster == cluster and work.running]

    def touch(self, cluster: str, pool: str = "") -> None:
        """Give the cluster (and the pool) a new etag: what others read before is out of date."""
        etag = f"{self.next_serial():08x}"
        self.clusters[cluster].etag = etag
        if pool:
            self.pool(cluster, pool).etag = etag


def _json(cluster: gke.Cluster) -> str:
    return str(gke.Cluster.to_json(cluster, always_print_fields_with_no_presence=False, indent=None))
