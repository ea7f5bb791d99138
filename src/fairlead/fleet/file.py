"""The types of the fleet file, version `fairlead.dev/v1`; field names are camelCase in the file."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from fairlead.model.cluster import ClusterRef, GkePlace, KubeconfigPlace
from fairlead.model.duration import Duration
from fairlead.model.version import Version

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


def _lasting(text: str) -> Any:
    # By factory: msgspec would put a plain default into the JSON Schema and has no words for our type.
    return msgspec.field(default_factory=lambda: Duration.parse(text))


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A part of the fleet file: unknown fields are errors."""


class Metadata(_Part, frozen=True, kw_only=True):
    """`name`: the fleet's; runs and history are kept under it."""

    name: Name


class GkeSettings(_Part, frozen=True, kw_only=True):
    """
    How GKE is reached. `credentials_file`: a credentials JSON for google-auth instead of Application Default
    Credentials. `emulator`: `host:port` of a twin's GKE emulator, loopback only, spoken to without TLS.
    """

    credentials_file: str | None = None
    emulator: str | None = None


class TrafficEntry(_Part, frozen=True, kw_only=True):
    """The server name under which a balancer knows a cluster."""

    balancer: Name
    server: str


class FleetCluster(_Part, frozen=True, kw_only=True):
    """
    A cluster we own. `kubeconfig` is used instead of the provider's endpoint where it is given. `capacity`: requests a
    second it can carry; without it the balancer's own measures are used.
    """

    name: Name
    gke: GkePlace
    environment: str = ""
    labels: dict[str, str] = {}
    kubeconfig: KubeconfigPlace | None = None
    traffic: tuple[TrafficEntry, ...] = ()
    capacity: Annotated[float, msgspec.Meta(gt=0)] | None = None

    @property
    def ref(self) -> ClusterRef:
        return ClusterRef(name=self.name, gke=self.gke, kubeconfig=self.kubeconfig)


class HaproxyProcess(_Part, frozen=True, kw_only=True):
    """One HAProxy: `socket` (path, or `host:port`) with level admin; `master`: its master CLI, for old workers."""

    socket: str
    master: str | None = None


class FleetBalancer(_Part, frozen=True, kw_only=True):
    """A global load balancer: several HAProxy processes that carry the same configuration."""

    name: Name
    haproxy: Annotated[tuple[HaproxyProcess, ...], msgspec.Meta(min_length=1)]


class VersionPolicy(_Part, frozen=True, kw_only=True):
    """`channel`: follow that release channel's default version; `exact` wins over it. `exclude`: never these."""

    channel: Literal["rapid", "regular", "stable", "extended"] = "stable"
    exact: Version | None = None
    exclude: tuple[Version, ...] = ()
    nodes: Literal["follow-minor", "follow-always"] = "follow-minor"


class Order(StrEnum):
    LEAST_TRAFFIC_FIRST = "least-traffic-first"
    AS_LISTED = "as-listed"


class Wave(_Part, frozen=True, kw_only=True):
    """
    Clusters upgraded together: those named, or those with all these labels, or the first `count` of what is left in
    the order; none of the three: all that is left.
    """

    name: Name
    clusters: tuple[Name, ...] = ()
    labels: dict[str, str] = {}
    count: Positive | None = None
    concurrency: Positive = 1
    soak: Duration = _lasting("0s")


class Surge(_Part, frozen=True, kw_only=True):
    """Extra nodes in percent of the pool, rounded up, at least one; with `max_unavailable` at most twenty."""

    percent: Percent = 25
    max_unavailable: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0


class DrainMode(StrEnum):
    DRAIN_FIRST = "drain-first"
    DRAIN_ON_FAILURE = "drain-on-failure"


class Drain(_Part, frozen=True, kw_only=True):
    """
    Taking a cluster out of the balancer. `headroom`: percent that the siblings' capacity must exceed the load by.
    `deadline`: how long connections may take to end; `idle_for`: how long the counter of new requests must stand still.
    """

    mode: DrainMode = DrainMode.DRAIN_FIRST
    headroom: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 20
    deadline: Duration = _lasting("10m")
    idle_for: Duration = _lasting("10s")


class Return(_Part, frozen=True, kw_only=True):
    """
    Back in the balancer step by step. Each of `steps` (percent of weight) is held for `hold` and judged: at most
    `max_error_ratio` failed, mean time at most `max_latency_ratio` times the baseline (or under `latency_floor_ms`), on
    at least `min_requests`; with fewer, the step waits up to `patience` and then goes on saying there was too little
    traffic to judge.
    """

    steps: Annotated[tuple[Percent, ...], msgspec.Meta(min_length=1)] = (10, 25, 50, 100)
    hold: Duration = _lasting("60s")
    max_error_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.01
    max_latency_ratio: Annotated[float, msgspec.Meta(ge=1)] = 2.0
    latency_floor_ms: Annotated[float, msgspec.Meta(ge=0)] = 50.0
    min_requests: Annotated[int, msgspec.Meta(ge=0)] = 50
    patience: Duration = _lasting("5m")


class Pace(_Part, frozen=True, kw_only=True):
    """
    How long the provider takes, for forecasts: one minor step of a `control_plane`, one batch of `nodes` from surge to
    deletion, one change of a pool's `settings`; and one `look` at everything of a cluster. The defaults are what is
    published about GKE; yours are better.
    """

    # 5-15 minutes are reported for a control plane; nine for a node (GoogleCloudPlatform/cluster-toolkit#3343); an
    # operation that changes settings ends within a minute.
    control_plane: Duration = _lasting("10m")
    nodes: Duration = _lasting("9m")
    settings: Duration = _lasting("1m")
    look: Duration = _lasting("30s")


class UpgradePolicy(_Part, frozen=True, kw_only=True):
    """
    How this fleet is upgraded. `bake`: how long a new control plane is watched before nodes follow. `stall_after`: a
    roll without progress for so long is held, with what stands in its way; under an hour, or GKE has forced it by then.
    """

    version: VersionPolicy = msgspec.field(default_factory=VersionPolicy)
    order: Order = Order.LEAST_TRAFFIC_FIRST
    waves: Annotated[tuple[Wave, ...], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: (Wave(name="canary", count=1), Wave(name="rest"))
    )
    surge: Surge = msgspec.field(default_factory=Surge)
    drain: Drain = msgspec.field(default_factory=Drain)
    bake: Duration = _lasting("5m")
    pace: Pace = msgspec.field(default_factory=Pace)
    stall_after: Duration = _lasting("20m")
    returning: Return = msgspec.field(default_factory=Return, name="return")


class Spec(_Part, frozen=True, kw_only=True):
    """What we own, and how it is upgraded."""

    clusters: Annotated[tuple[FleetCluster, ...], msgspec.Meta(min_length=1)]
    balancers: tuple[FleetBalancer, ...] = ()
    gke: GkeSettings = msgspec.field(default_factory=GkeSettings)
    upgrade: UpgradePolicy = msgspec.field(default_factory=UpgradePolicy)


class Fleet(_Part, frozen=True, kw_only=True):
    """The whole file."""

    api_version: Literal["fairlead.dev/v1"]
    kind: Literal["Fleet"]
    metadata: Metadata
    spec: Spec

    def cluster(self, name: str) -> FleetCluster:
        """KeyError where there is none of that name."""
        for cluster in self.spec.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(name)
