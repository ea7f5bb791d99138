"""What a scenario is told with: a person at the command line, eyes on everything, and waits with deadlines."""

import asyncio
import inspect
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import pytest
from ruamel.yaml import YAML

from fairlead.cli.upgrade.runs import runs_of
from fairlead.clouds.port import CloudCluster
from fairlead.fleet.file import Fleet
from fairlead.fleet.loading import load_fleet
from fairlead.model.errors import UnreachableError, UsageError
from fairlead.model.version import Version
from fairlead.traffic.port import Entry, EntryState
from fairlead.twin.control import Control
from fairlead.twin.gke import faults
from fairlead.twin.state import TwinState
from fairlead.twin.tools import KUBERNETES_VERSIONS
from fairlead.upgrade.entries import ClusterEntries
from fairlead.upgrade.fleetplan import FleetPlan, plan_fleet
from fairlead.upgrade.ports import Ports
from fairlead.upgrade.run import Runs, RunView
from fairlead.upgrade.state import ClusterState, FleetState, Phase, StepRecord, StepState
from fairlead.worker.wiring import FleetEyes, balancers_of, cloud_of

T = TypeVar("T")
_PAUSE = 0.4


async def wait_until(
    condition: Callable[[], Awaitable[T | None]],
    within: float,
    what: Callable[[], str] = str,
    pause: float = _PAUSE,
) -> T:
    """The first true answer; after `within` seconds the test fails and says `what` was waited for."""
    until = time.monotonic() + within
    while True:
        if found := await condition():
            return found
        if time.monotonic() > until:
            pytest.fail(f"not within {within:g} s: {what() or inspect.getsource(condition).strip()}")
        await asyncio.sleep(pause)


class Story:
    """
    One scenario on a twin. A person's words go through the command line; looking goes through the functions below it.

    Belongs to one event loop. `run`: the newest state that was seen, for messages.
    """

    def __init__(self, twin: TwinState) -> None:
        self.twin = twin
        self.control = Control(twin.control_socket)
        self.fleet_file = twin.fleet_file
        fleet = self.fleet
        cloud, balancers = cloud_of(fleet.spec.gke), balancers_of(fleet.spec.balancers)
        self.eyes = FleetEyes(cloud, balancers)
        self.ports = Ports(cloud, balancers, self.eyes)
        self.run: FleetState | None = None
        self._runs: Runs | None = None

    @property
    def fleet(self) -> Fleet:
        """As the file is now that the scenario uses."""
        return load_fleet(self.fleet_file)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(cluster.name for cluster in self.twin.spec.clusters)

    async def tidy_up(self) -> None:
        """After a scenario that broke off: end its run and let every cluster serve, for the sake of the next one."""
        self.clear_faults()
        run = self.run
        if run is not None and run.ended is None and (await self.view()).run.ended is None:
            await self.fairlead("abort")
            await self.until_over()
        for name in self.names:
            if await self.is_out(name):
                await self.put_back(name)

    async def close(self) -> None:
        await self.eyes.close()

    # A person's part.

    async def fairlead(self, *words: str, code: int = 0) -> str:
        """`fairlead upgrade …` with this scenario's fleet file; its output. The exit code must be `code`."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fairlead", "upgrade", *words, "--fleet", str(self.fleet_file)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(120):
            out, err = await child.communicate()
        assert child.returncode == code, f"`{' '.join(words)}` ended with {child.returncode}\n{err.decode()}"
        return out.decode()

    async def start(self, *clusters: str, to: Version | None = None, **policy: Any) -> Version:
        """
        Write a fleet file that sends `clusters` (none named: all) `to` a version, and start a run; the version.

        Without `to` it is what the first of them lacks: its control plane's version where a pool is behind, else the
        next one there is. `policy` goes over the quick settings of `write_fleet`, key by key.
        """
        wanted = to or await self.next_version((clusters or self.names)[0])
        self.write_fleet(wanted, **policy)
        only = [word for name in clusters for word in ("--cluster", name)]
        await self.fairlead("start", "--detach", "-o", "json", *only)
        return wanted

    def write_fleet(self, to: Version, **policy: Any) -> None:
        """The twin's own fleet file with an exact version, nodes that always follow, and little waiting."""
        yaml = YAML(typ="safe")
        document = yaml.load(self.twin.fleet_file.read_text())
        document["spec"]["upgrade"] = {**_QUICK, "version": {"exact": str(to), "nodes": "follow-always"}, **policy}
        self.fleet_file = self.twin.root / "scenario.yaml"
        with self.fleet_file.open("w") as file:
            yaml.dump(document, file)

    def inject(self, fault: faults.Fault) -> None:
        """The same as `fairlead twin fault …`."""
        faults.inject(self.twin.root, fault)

    def clear_faults(self) -> None:
        faults.clear(self.twin.root)

    # Looking.

    async def cloud(self, name: str) -> CloudCluster:
        """The cluster as its provider sees it."""
        return await self.ports.cloud.cluster(self.fleet.cluster(name).ref)

    async def next_version(self, name: str) -> Version:
        cluster = await self.cloud(name)
        if any(pool.version < cluster.control_plane for pool in cluster.pools):
            return cluster.control_plane
        later = [each for each in sorted(KUBERNETES_VERSIONS) if each > cluster.control_plane]
        assert later, f"{name} is on the newest version there is"
        return later[0]

    async def pools_behind(self, name: str, to: Version) -> list[str]:
        """In the order in which they are rolled."""
        return sorted(pool.name for pool in (await self.cloud(name)).pools if pool.version < to)

    async def plan(self, *only: str) -> FleetPlan:
        return await plan_fleet(self.fleet, self.ports, only)

    def entries_of(self, name: str) -> ClusterEntries:
        """The cluster in the balancer, to be read and steered."""
        return ClusterEntries(self.ports.balancers, self.fleet.cluster(name), {})

    async def entries(self, name: str) -> list[Entry]:
        """Those of current workers: what new requests find."""
        return [entry for entry in await self.entries_of(name).entries() if not entry.old_process]

    async def is_out(self, name: str) -> bool:
        return all(entry.state is not EntryState.READY for entry in await self.entries(name))

    async def is_back(self, name: str) -> bool:
        """In the balancer, with all of its weight, in every backend."""
        entries = await self.entries(name)
        return all(each.state is EntryState.READY and each.up and each.weight_percent == 100 for each in entries)

    async def put_back(self, name: str) -> None:
        """As an operator would, when a run has left a cluster out on purpose."""
        door = self.entries_of(name)
        await door.set_weight(100)
        await door.set_state(EntryState.READY)
        await wait_until(lambda: self.is_back(name), within=15)

    async def view(self) -> RunView:
        """The newest run of the fleet; waits where Temporal or the worker is away for the moment."""
        if self._runs is None:
            self._runs = await runs_of(self.fleet)
        view = await self._runs.view()
        self.run = view.run
        return view

    async def cluster(self, name: str) -> ClusterState | None:
        """Its part in the newest run; None before it has begun, or while nobody answers."""
        try:
            return (await self.view()).run.clusters.get(name)
        except (UnreachableError, UsageError):
            return None

    async def until_phase(self, name: str, *phases: Phase, within: float = 120) -> ClusterState:
        """Wait for one of these phases; any phase that cannot lead there any more fails at once."""

        async def reached() -> ClusterState | None:
            state = await self.cluster(name)
            if state is not None and state.phase not in phases:
                stuck = state.phase.ended or (state.phase is Phase.HELD and Phase.HELD not in phases)
                assert not stuck, f"{name} is {state.phase}: {self.tale(name)}"
            return state if state is not None and state.phase in phases else None

        return await wait_until(reached, within, lambda: f"{name} {', '.join(phases)}; {self.tale(name)}")

    async def until_step(
        self, name: str, kind: type[msgspec.Struct], state: StepState = StepState.RUNNING, within: float = 120
    ) -> StepRecord:
        """Wait until the newest step of this kind is in `state`."""

        async def taken() -> StepRecord | None:
            now = await self.cluster(name)
            steps = [each for each in now.steps if isinstance(each.step, kind)] if now is not None else []
            return steps[-1] if steps and steps[-1].state is state else None

        return await wait_until(taken, within, lambda: f"{name} {kind.__name__} {state}; {self.tale(name)}", pause=0.2)

    async def until_over(self, within: float = 180) -> FleetState:
        """Wait for the end of the run."""

        async def over() -> FleetState | None:
            run = (await self.view()).run
            return run if run.ended is not None else None

        return await wait_until(over, within, lambda: "; ".join(self.tale(name) for name in self.names))

    def tale(self, name: str) -> str:
        """What has become of the cluster, for messages."""
        state = self.run.clusters.get(name) if self.run else None
        if state is None:
            return f"{name}: nothing is known"
        steps = " | ".join(f"{each.name}: {each.state} {each.reason}" for each in state.steps)
        held = "; ".join(f"{each.subject} {each.message}" for each in state.hold.because) if state.hold else ""
        return f"{name} is {state.phase} {state.reason} {held}, waits for {state.waits_for!r}. Steps: {steps}"


_QUICK: Mapping[str, Any] = {
    "waves": [{"name": "all"}],
    "surge": {"percent": 100},
    "drain": {"deadline": "30s", "idleFor": "1s"},
    "bake": "1s",
    "return": {"steps": [50, 100], "hold": "1s", "minRequests": 10, "patience": "20s"},
}


def names_of(steps: Sequence[StepRecord]) -> list[str]:
    """The kinds of steps as they were taken, one after the other."""
    return [type(each.step).__name__ for each in steps]
