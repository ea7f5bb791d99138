"""What an upgrade needs from the global load balancer, in our own words."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from fairlead.model.errors import FairleadError, UnreachableError


class BalancerUnreachableError(UnreachableError):
    """An admin socket did not answer. Nothing may be assumed about it, least of all that it is idle."""


class BalancerRefusedError(FairleadError):
    """The balancer would not do it, e.g. it knows no such server."""


class EntryState(StrEnum):
    """What an operator has set. READY: gets traffic when healthy; DRAIN: no new traffic; MAINTENANCE: none at all."""

    READY = "ready"
    DRAIN = "drain"
    MAINTENANCE = "maintenance"


class Entry(msgspec.Struct, frozen=True):
    """
    One server in one backend of one process of one balancer, at the moment it was read.

    `server` is the name that means a cluster. `up`: passes its health checks. `old_process`: a worker that a reload
    has left behind to finish its sessions; it takes no new connections. `weight_percent` is relative to the
    configured weight. Counters are since the process began: `requests` all that were sent there, `failed` those
    that were answered 5xx or not at all, per backend and server. `rate` is requests in the last second, `rate_peak`
    its highest; `limit` the most concurrent requests it may get (0: no limit); `mean_ms` the mean time of the last
    1,024 requests from their arrival to the begin of their answer, `queue_ms` the part of it that they waited in the
    balancer. `address` says where it was read (socket path). `retries`: attempts made again after one
    failed to connect, here or at another server. `configured_weight`: None where it is not known.
    """

    balancer: str
    address: str
    process: int
    old_process: bool
    backend: str
    server: str
    state: EntryState
    up: bool
    weight: int
    weight_percent: int
    sessions: int
    queued: int
    requests: int
    failed: int
    rate: int
    rate_peak: int
    limit: int
    mean_ms: float
    retries: int = 0
    queue_ms: float = 0.0
    configured_weight: int | None = None


class ServerCount(msgspec.Struct, frozen=True):
    """One server's part in a backend: its `requests` since the process began, `mean_ms` as in `Entry`."""

    server: str
    requests: int
    mean_ms: float


class BackendCount(msgspec.Struct, frozen=True):
    """
    One backend of one process as its clients saw it: also what belongs to no server, like a 503 when none was up.

    Counters are since the process began: `requests` all that came, `answered_5xx` those that were answered 5xx by a
    server or by the balancer itself. `servers`: each that is configured there, once.
    """

    balancer: str
    address: str
    process: int
    old_process: bool
    backend: str
    requests: int
    answered_5xx: int
    sessions: int
    queued: int
    servers: tuple[ServerCount, ...] = ()


class Balancer(Protocol):
    """
    One balancer of the fleet file: all its processes, all its backends. Nothing is done by half in silence: when one
    process does not answer, BalancerUnreachableError names it after the others were tried.

    Setting what is already set is fine. Runtime changes are lost when the process is reloaded or restarted, so
    whoever wants a state to stay must look again (`entries`) and set it again.
    """

    @property
    def name(self) -> str: ...

    async def entries(self, servers: Sequence[str] = ()) -> Sequence[Entry]:
        """Every entry of the named servers (none named: of all), in old workers too."""
        ...

    async def backend_counts(self) -> Sequence[BackendCount]:
        """Every backend of every process, old workers too."""
        ...

    async def set_state(self, server: str, state: EntryState) -> None:
        """In every backend that has the server, in every current process; then read back."""
        ...

    async def set_weight(self, server: str, percent: int) -> None:
        """`percent` of the configured weight, 0-100, in every backend and every current process; then read back."""
        ...

    async def end_sessions(self, server: str) -> None:
        """Cut what is still connected, in old workers too. Only ever called for a deadline a person has set."""
        ...
