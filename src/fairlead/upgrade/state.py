"""What a run carries through workflows, activities and queries; one Struct each, fields are only ever added."""

from datetime import datetime
from enum import StrEnum

import msgspec

from fairlead.fleet.file import FleetBalancer, FleetCluster, GkeSettings, UpgradePolicy
from fairlead.model.finding import Finding
from fairlead.model.version import Version
from fairlead.upgrade.plan.forecast import Forecast
from fairlead.upgrade.plan.returning import Baseline
from fairlead.upgrade.plan.steps import Memory, Plan, Step
from fairlead.upgrade.plan.waves import PlannedWave


class Access(msgspec.Struct, frozen=True):
    """How a fleet is reached: where credentials lie, never the credentials."""

    gke: GkeSettings
    balancers: tuple[FleetBalancer, ...]


class ClusterOrder(msgspec.Struct, frozen=True):
    """
    One cluster's part of a run, frozen at its start. `capacities`: declared requests a second by server name, all
    clusters of the fleet. `return_drained`: it is returned also where it was out of the balancer before.
    """

    run: str
    access: Access
    cluster: FleetCluster
    target: Version
    policy: UpgradePolicy
    capacities: dict[str, float] = {}
    return_drained: bool = False


class FleetOrder(msgspec.Struct, frozen=True):
    """
    A run, frozen at its start. `left_out`: clusters of the fleet file that no wave takes in; `forecasts`: what was
    forecast for each cluster at the start.
    """

    run: str
    fleet: str
    waves: tuple[PlannedWave, ...]
    clusters: dict[str, ClusterOrder]
    left_out: tuple[str, ...] = ()
    started_by: str = ""
    forecasts: dict[str, Forecast] = {}


class Phase(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    STOPPING = "stopping"
    DONE = "done"
    SKIPPED = "skipped"
    ABORTED = "aborted"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in {Phase.DONE, Phase.SKIPPED, Phase.ABORTED, Phase.FAILED}


class Action(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    SKIP = "skip"
    ABORT = "abort"


class Command(msgspec.Struct, frozen=True):
    """What a person asks of a run or a cluster, who asks, and why."""

    action: Action
    by: str
    reason: str = ""


class StepState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class StepRecord(msgspec.Struct):
    """
    One step as it was taken: `reason` says what came of it or what went wrong, `decided_by` who let it be tried
    again. `minutes` is its forecast.
    """

    step: Step
    name: str
    began: datetime
    minutes: float
    state: StepState = StepState.RUNNING
    ended: datetime | None = None
    reason: str = ""
    decided_by: str = ""


class ParkedPool(msgspec.Struct, frozen=True):
    """A pool's settings as they were before we changed them. `trouble`: why they could not be restored."""

    pool: str
    auto_repair: bool
    max_surge: int
    max_unavailable: int
    surge_original: str
    restored: bool = False
    trouble: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """
    A disruption budget that was seen refusing evictions while a pool was rolled, and for about how many seconds. All
    pods are only looked at when nodes stand still, so a refusal of a few seconds is not seen.
    """

    pool: str
    budget: str
    seconds: float


class PoolRecord(msgspec.Struct):
    """A pool from version to version."""

    name: str
    before: Version
    after: Version
    nodes: int


class Hold(msgspec.Struct, frozen=True):
    """Why a cluster waits for a person, since when."""

    because: tuple[Finding, ...]
    since: datetime


class ApiChanges(msgspec.Struct, frozen=True):
    """`group/version/kind` that a control plane's new version no longer serves, or serves now."""

    vanished: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


class ClusterState(msgspec.Struct):
    """
    All of one cluster's upgrade. `pods_evicted` and `budget_waits` are None until they were counted; `decisions`
    what people asked for.
    """

    cluster: str
    target: Version
    phase: Phase = Phase.WAITING
    before: Version | None = None
    after: Version | None = None
    pools: list[PoolRecord] = []
    steps: list[StepRecord] = []
    parked: list[ParkedPool] = []
    memory: Memory = Memory()
    hold: Hold | None = None
    waits_for: str = ""
    paused: bool = False
    abort: Command | None = None
    skip: Command | None = None
    decisions: list[tuple[datetime, Command]] = []
    baseline: Baseline | None = None
    unready_before: tuple[str, ...] = ()
    apis: list[ApiChanges] = []
    pods_evicted: int | None = None
    budget_waits: int | None = None
    refusals: list[Refusal] = []
    began: datetime | None = None
    ended: datetime | None = None
    reason: str = ""
    workflow: str = ""


class TrafficTotals(msgspec.Struct, frozen=True):
    """
    What the balancers counted during the run, reloads included: `requests`, `failed` (answered 5xx or not at all), and
    `rate` a second of the moment. HAProxy times no single request, so `mean_ms` and `slow` come from the mean of each
    server's last 1,024, read every second: `slow` are the requests served while that mean was above the policy's
    `latencyFloorMs` and above `maxLatencyRatio` times what it was when the server was first seen serving. None: not
    counted.
    """

    requests: int = 0
    failed: int = 0
    rate: float = 0.0
    mean_ms: float = 0.0
    slow: int | None = None


class WaveState(msgspec.Struct):
    name: str
    clusters: tuple[str, ...]
    concurrency: int
    soak_minutes: float
    phase: Phase = Phase.WAITING
    began: datetime | None = None
    ended: datetime | None = None
    soak_until: datetime | None = None


class FleetState(msgspec.Struct):
    """All of a run but what its open clusters know better; `clusters` holds those that have ended."""

    order: FleetOrder
    phase: Phase = Phase.RUNNING
    waves: list[WaveState] = []
    clusters: dict[str, ClusterState] = {}
    open: dict[str, str] = {}
    held: list[str] = []
    decisions: list[tuple[datetime, Command]] = []
    paused: bool = False
    abort: Command | None = None
    began: datetime | None = None
    ended: datetime | None = None
    traffic: TrafficTotals | None = None
    traffic_missing: str = ""


class ClusterJob(msgspec.Struct):
    """What the workflow of one cluster begins with; `state` where it goes on after a long history."""

    order: ClusterOrder
    state: ClusterState | None = None


class News(msgspec.Struct, frozen=True):
    """What a cluster tells its run: the phase it is in now, and whether the run has it `out` of the balancer."""

    cluster: str
    phase: Phase
    out: bool = False


class Turn(msgspec.Struct, frozen=True):
    """A cluster's turn to leave the balancer; `away`: those of the run that are out now and are to come back."""

    away: tuple[str, ...] = ()


class PlanRequest(msgspec.Struct, frozen=True):
    order: ClusterOrder
    memory: Memory


class Planned(msgspec.Struct, frozen=True):
    """A plan and the versions in the picture it was made from."""

    plan: Plan
    control_plane: Version
    pools: dict[str, Version]
    minutes: float = 0.0


class FirstLook(msgspec.Struct, frozen=True):
    """
    A cluster before anything was touched. `unready`: workloads that were not whole even then; `memory`: what a run is
    to know of it from the beginning.
    """

    control_plane: Version
    pools: tuple[PoolRecord, ...]
    unready: tuple[str, ...]
    baseline: Baseline | None
    memory: Memory = Memory()


class StepOrder(msgspec.Struct, frozen=True):
    """A step to take on a cluster."""

    order: ClusterOrder
    step: Step


class ReturnStep(msgspec.Struct, frozen=True):
    """Give the cluster `percent` of its weight and judge."""

    order: ClusterOrder
    percent: int
    baseline: Baseline | None


class KeepOut(msgspec.Struct, frozen=True):
    """Keep the cluster out. `idle`: it was proven so, and may be put into maintenance without cutting anything."""

    order: ClusterOrder
    idle: bool


class VerifyOrder(msgspec.Struct, frozen=True):
    order: ClusterOrder
    unready_before: tuple[str, ...]


class CompareApis(msgspec.Struct, frozen=True):
    order: ClusterOrder
    before: frozenset[str]


class RestoreOrder(msgspec.Struct, frozen=True):
    order: ClusterOrder
    parked: ParkedPool


class Progress(msgspec.Struct, frozen=True):
    """
    How far a long step is, told by heartbeats. `standing`: pods that stood on the nodes to be replaced when the roll
    began; `refused`: budgets seen refusing so far, `refused_seconds` for how long each.
    """

    waits_for: str = ""
    nodes_done: int | None = None
    nodes_total: int | None = None
    standing: int | None = None
    refused: tuple[str, ...] = ()
    refused_seconds: dict[str, float] = {}


class RollOutcome(msgspec.Struct, frozen=True):
    """`evicted`: pods that stood on nodes which are gone, None where that was not seen; `budget_waits`: budgets."""

    reason: str
    evicted: int | None = None
    budget_waits: int = 0
    refusals: tuple[Refusal, ...] = ()
