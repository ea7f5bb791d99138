"""A small fleet of fakes, and a real Temporal worker that upgrades it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from fairlead.engine.connect import Server, connect
from fairlead.engine.running import worker
from fairlead.fleet.file import (
    Drain,
    Fleet,
    FleetBalancer,
    FleetCluster,
    HaproxyProcess,
    Metadata,
    Return,
    Spec,
    TrafficEntry,
    UpgradePolicy,
    Wave,
)
from fairlead.model.cluster import GkePlace
from fairlead.model.duration import Duration
from fairlead.upgrade.activities import doors
from fairlead.upgrade.activities.change import ChangeActivities
from fairlead.upgrade.activities.look import LookActivities
from fairlead.upgrade.activities.totals import CountActivities
from fairlead.upgrade.activities.traffic import TrafficActivities
from fairlead.upgrade.fleetplan import FleetPlan, freeze, plan_fleet
from fairlead.upgrade.ports import Ports
from fairlead.upgrade.report import events_of
from fairlead.upgrade.run import Runs, RunView
from fairlead.upgrade.state import Access, Action, Command
from fairlead.worker.serve import WORKFLOWS, activities_of
from fakes.balancer import FakeBalancer
from fakes.cloud import FakeCloud, a_cluster, a_pool
from fakes.eyes import FakeEyes

_LOAD_SECONDS = 0.05
_BEAT = 0.05

QUICK = UpgradePolicy(
    waves=(Wave(name="canary", count=1), Wave(name="rest", concurrency=2)),
    drain=Drain(idle_for=Duration(milliseconds=20), deadline=Duration(seconds=2)),
    returning=Return(
        steps=(10, 100), hold=Duration(milliseconds=20), min_requests=1, patience=Duration(milliseconds=200)
    ),
    # The server's timers take a second, however short they are to be.
    bake=Duration(0),
    stall_after=Duration(seconds=10),
)


def a_fleet(names: Sequence[str], policy: UpgradePolicy = QUICK) -> Fleet:
    """All in one balancer; the project is new each time, so that leases of tests do not meet."""
    project = f"p-{uuid4().hex[:8]}"
    return Fleet(
        api_version="fairlead.dev/v1",
        kind="Fleet",
        metadata=Metadata(name=f"fleet-{uuid4().hex[:8]}"),
        spec=Spec(
            clusters=tuple(
                FleetCluster(
                    name=name,
                    gke=GkePlace(project, "asia-northeast1", name),
                    traffic=(TrafficEntry(balancer="global", server=name),),
                )
                for name in names
            ),
            balancers=(FleetBalancer(name="global", haproxy=(HaproxyProcess(socket="/unused"),)),),
            upgrade=policy,
        ),
    )


@dataclass
class Rig:
    """Three clusters, least traffic in osaka; each has these `pools`, and room for `limit` requests at once."""

    rates: dict[str, float] = field(default_factory=lambda: {"tokyo": 3000.0, "osaka": 1000.0, "taipei": 2000.0})
    policy: UpgradePolicy = QUICK
    pools: Sequence[str] = ("app",)
    limit: int = 100

    def __post_init__(self) -> None:
        self.cloud = FakeCloud.of(*(a_cluster(name, *map(a_pool, self.pools)) for name in self.rates))
        self.balancer = FakeBalancer(self.rates, clock=time.monotonic, limit=self.limit)
        self.eyes = FakeEyes(self.cloud, {"global": self.balancer})
        self.ports = Ports(self.cloud, {"global": self.balancer}, self.eyes)
        self.fleet = a_fleet(list(self.rates), self.policy)
        self.runs: Runs

    def use(self, balancer: FakeBalancer) -> None:
        """Another balancer than its own, before anything begins."""
        self.balancer = balancer
        self.eyes.balancers = {"global": balancer}
        self.ports = Ports(self.cloud, {"global": balancer}, self.eyes)

    def with_policy(self, **changes: object) -> "Rig":
        return Rig(self.rates, msgspec.structs.replace(self.policy, **changes), self.pools, self.limit)

    async def plan(self, *only: str, return_drained: bool = False) -> FleetPlan:
        return await plan_fleet(self.fleet, self.ports, only, return_drained=return_drained, load_seconds=_LOAD_SECONDS)

    async def start(self, *only: str, return_drained: bool = False) -> None:
        plan = await self.plan(*only, return_drained=return_drained)
        order = freeze(self.fleet, plan, run="r1", started_by="test")
        await self.runs.start(order, self.queue)

    async def until(self, what: Callable[[RunView], bool], patience: float = 45.0, runs: Runs | None = None) -> RunView:
        """The first view of which `what` holds."""
        for _ in range(int(patience / 0.05)):
            view = await (runs or self.runs).view()
            if what(view):
                return view
            await asyncio.sleep(0.05)
        raise AssertionError("it never came; " + "\n".join(f"{e.cluster} {e.text}" for e in events_of(view.run)))

    async def end(self, patience: float = 60.0) -> RunView:
        return await self.until(lambda view: view.run.ended is not None, patience)

    async def tell(self, action: Action, cluster: str = "") -> str:
        command = Command(action, by="test", reason="because")
        return await (self.runs.tell_cluster(cluster, command) if cluster else self.runs.tell(command))

    @asynccontextmanager
    async def working(self, address: str) -> AsyncIterator["Rig"]:
        client = await connect(Server(address))
        self.client = client
        self.queue = f"queue-{uuid4().hex[:8]}"
        self.runs = Runs(client, self.fleet.metadata.name, self.fleet.spec.gke, lambda: datetime.now(UTC))
        told = timedelta(seconds=_BEAT)
        with quick_beats():
            async with worker(client, WORKFLOWS, self.activities(), task_queue=self.queue, tell_within=told):
                yield self

    def other_fleet(self) -> Runs:
        """Another fleet file that names the same clusters."""
        return Runs(self.client, f"other-{uuid4().hex[:8]}", self.fleet.spec.gke, lambda: datetime.now(UTC))

    def activities(self) -> list[Callable[..., Any]]:
        def ports_of(access: Access) -> Ports:
            return self.ports

        return activities_of(
            LookActivities(ports_of, baseline_seconds=0.02, settle=0.5, pause=0.02),
            TrafficActivities(ports_of, load_seconds=_LOAD_SECONDS, pause=0.02),
            ChangeActivities(ports_of, poll=(0.01, 0.05), settle=0.5),
            CountActivities(ports_of, every=0.1),
        )


@contextmanager
def quick_beats() -> Iterator[None]:
    """Who is told to stop hears of it with a beat."""
    usual, doors.EVERY = doors.EVERY, _BEAT
    try:
        yield
    finally:
        doors.EVERY = usual
