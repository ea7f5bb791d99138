"""What an upgrade needs from a provider of clusters, in our own words."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from fairlead.model.access import KubeAccess
from fairlead.model.cluster import ClusterRef, GkePlace
from fairlead.model.errors import FairleadError, UnreachableError, UsageError
from fairlead.model.version import Version


class CloudUnavailableError(UnreachableError):
    """The provider did not answer, or not in time. Try again."""


class CloudBusyError(FairleadError):
    """Another operation holds the cluster. Wait for `operation` (its bare id, or empty), then look again."""

    def __init__(self, message: str, *, operation: str = "", place: str = "", hint: str = "") -> None:
        super().__init__(message, place=place, hint=hint)
        self.operation = operation


class CloudRefusedError(FairleadError):
    """The provider will not do it: bad argument, no permission, no such thing. Asking again does not help."""


class CloudUnknownError(CloudRefusedError):
    """The provider has no such thing: whoever named it is mistaken."""

    exit_code = UsageError.exit_code


class CloudDeniedError(CloudRefusedError):
    """There are no credentials, or they do not open this door."""

    exit_code = UnreachableError.exit_code


class OperationKind(StrEnum):
    UPGRADE_CONTROL_PLANE = "upgrade-control-plane"
    UPGRADE_POOL = "upgrade-pool"
    REPAIR_POOL = "repair-pool"
    REPAIR_CLUSTER = "repair-cluster"
    CHANGE_SETTINGS = "change-settings"
    RESIZE = "resize"
    OTHER = "other"


class OperationState(StrEnum):
    """`DONE` says only that it ended; whether it did its work is `error` and, in the end, the cluster itself."""

    PENDING = "pending"
    RUNNING = "running"
    ABORTING = "aborting"
    DONE = "done"


class OperationRef(msgspec.Struct, frozen=True):
    """An operation of the provider: bare id and the location it runs in."""

    id: str
    cluster: ClusterRef
    location: str


class Already(msgspec.Struct, frozen=True):
    """Nothing was started: what was asked for is already so."""


class Operation(msgspec.Struct, frozen=True):
    """
    What the provider says of an operation: `target` is the pool's name for pool operations, else empty; times are
    RFC 3339; `nodes_done`/`nodes_total` are progress where the provider tells it.
    """

    ref: OperationRef
    kind: OperationKind
    state: OperationState
    target: str = ""
    detail: str = ""
    error: str = ""
    began: str = ""
    ended: str = ""
    nodes_done: int | None = None
    nodes_total: int | None = None


class SurgeSettings(msgspec.Struct, frozen=True):
    """
    How a pool rolls: extra nodes and missing nodes at a time (per zone, where the provider goes zone by zone).

    `original` is the provider's own complete form, as text, when these settings were read from it: writing a value
    that has it restores every field, also those we have no word for (blue/green policies and the like).
    `blue_green`: the pool does not roll by surge but is doubled; writing another surge leaves it alone.
    """

    max_surge: int
    max_unavailable: int
    original: str = ""
    blue_green: bool = False


class CloudPool(msgspec.Struct, frozen=True):
    """A node pool as the provider sees it. `nodes` is its size over all zones."""

    name: str
    version: Version
    nodes: int
    zones: tuple[str, ...]
    state: str
    surge: SurgeSettings
    auto_repair: bool
    auto_upgrade: bool
    image_type: str = ""
    labels: dict[str, str] = {}


class CloudCluster(msgspec.Struct, frozen=True):
    """A cluster as the provider sees it. `channel` is empty when it is not enrolled in a release channel."""

    place: GkePlace
    control_plane: Version
    state: str
    channel: str
    pools: tuple[CloudPool, ...]
    labels: dict[str, str] = {}


class Discovery(msgspec.Struct, frozen=True):
    """All clusters of a project, and the zones that did not answer (their clusters are not listed)."""

    clusters: tuple[CloudCluster, ...]
    missing_zones: tuple[str, ...]


class OfferedVersions(msgspec.Struct, frozen=True):
    """What the provider offers at a place, newest first. `channel_defaults`: lower-case channel name to version."""

    control_plane: tuple[Version, ...]
    nodes: tuple[Version, ...]
    default: Version
    channel_defaults: dict[str, Version]


class Cloud(Protocol):
    """
    Every method may be called twice: the second call finds the work started or done, and says so.

    All raise CloudUnavailableError, CloudBusyError or CloudRefusedError, and nothing of the provider's own.
    """

    async def close(self) -> None:
        """Give connections back; whatever is asked next opens them again."""
        ...

    async def discover(self, project: str) -> Discovery: ...

    async def cluster(self, cluster: ClusterRef) -> CloudCluster: ...

    async def offered_versions(self, cluster: ClusterRef) -> OfferedVersions: ...

    async def access(self, cluster: ClusterRef) -> KubeAccess:
        """The API server, with short-lived tokens."""
        ...

    async def upgrade_control_plane(self, cluster: ClusterRef, to: Version) -> OperationRef | Already: ...

    async def upgrade_pool(self, cluster: ClusterRef, pool: str, to: Version) -> OperationRef | Already:
        """Start the roll, or find the one to the same version that is under way."""
        ...

    async def set_surge(self, cluster: ClusterRef, pool: str, surge: SurgeSettings) -> OperationRef | Already: ...

    async def set_auto_repair(self, cluster: ClusterRef, pool: str, *, on: bool) -> OperationRef | Already:
        """Leaves auto-upgrade as it is."""
        ...

    async def operation(self, operation: OperationRef) -> Operation: ...

    async def running_operations(self, cluster: ClusterRef) -> Sequence[Operation]:
        """Operations on this cluster that have not ended, whoever started them."""
        ...

    async def cancel(self, operation: OperationRef) -> None:
        """Ask for an end; a pool upgrade leaves nodes of both versions behind."""
        ...

    async def roll_back_pool(
        self, cluster: ClusterRef, pool: str, *, respect_budgets: bool
    ) -> OperationRef | Already: ...
