"""What must hold in every scenario, whatever went wrong: invariants 1 to 7 of the design, no request failed."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from fairlead.clouds.port import CloudCluster
from fairlead.model.errors import UnreachableError
from fairlead.model.version import Version
from fairlead.twin.gke import audit
from fairlead.twin.gke.audit import AuditLine
from fairlead.twin.gke.books import Books, Work
from fairlead.twin.traffic import LoadReport, failures, load_report
from fairlead.upgrade.plan.steps import ReturnToBalancer, TakeOutOfBalancer
from fairlead.upgrade.plan.versions import OLDEST_NODE
from fairlead.upgrade.state import ClusterState, FleetState, Phase, StepState
from scenarios.evictions import Departures
from scenarios.story import Story, wait_until

_LOOK_EVERY = 0.25
# A guard looks every second; a reload, its look and its word to the balancer fit into this.
_OUT_AGAIN_WITHIN = timedelta(seconds=5)


class Sight(msgspec.Struct, frozen=True):
    """Which clusters the balancer would send new requests to, at one moment."""

    at: datetime
    ready: frozenset[str]


class Counts(msgspec.Struct, frozen=True):
    """HAProxy's own, by who has counted them (admin socket, pid, backend): requests, and those answered 5xx."""

    requests: dict[tuple[str, int, str], int]
    failed: dict[tuple[str, int, str], int]


class Invariants:
    """Watches from `begin` on; `hold` asserts everything at the end of a scenario."""

    def __init__(self, story: Story, load: LoadReport, counts: Counts, clusters: Mapping[str, CloudCluster]) -> None:
        self._story = story
        self._load = load
        self._counts = counts
        self._clusters = clusters
        self._began = datetime.now(UTC)
        self._works = set(_works(story))
        self._audited = len(audit.read(story.twin.root))
        self._sights: list[Sight] = []
        self._departures = Departures(story.twin)
        self._watching = [asyncio.create_task(self._watch()), asyncio.create_task(self._departures.watch())]

    @classmethod
    async def begin(cls, story: Story) -> "Invariants":
        load = load_report(story.twin)
        clusters = {name: await story.cloud(name) for name in story.names}
        return cls(story, load, await _counts(story), clusters)

    async def stop(self) -> None:
        for task in self._watching:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def hold(
        self,
        run: FleetState,
        *,
        out: Collection[str] = (),
        may_fail: int = 0,
        repeated: Mapping[str, int] | None = None,
        finished: bool = True,
        reloads: int = 0,
    ) -> None:
        """
        Every invariant over the time since `begin`. Exceptions, each for a reason that the scenario gives: `out`,
        clusters that stay out of the balancer; `may_fail`, requests that the fault itself broke; `repeated`, how often
        a change (`tokyo master`, `tokyo/app`) was asked for instead of once; `finished`, whether planning again plans
        nothing; `reloads`, how often the balancer forgot who is out.
        """
        await self._assert_traffic(may_fail)
        await self.stop()
        self._assert_changes(run, repeated or {})
        self._assert_one_at_a_time()
        self._assert_nothing_forced()
        self._assert_waves(run)
        for state in run.clusters.values():
            self._assert_out_while_open(state, reloads)
        await self._assert_clusters(run)
        await self._assert_balancer(out)
        if finished:
            plan = await self._story.plan(*run.clusters)
            assert plan.empty, f"planning the finished clusters again plans {plan}"

    async def _watch(self) -> None:
        while True:
            with suppress(UnreachableError):
                ready = {name for name in self._story.names if not await self._story.is_out(name)}
                self._sights.append(Sight(datetime.now(UTC), frozenset(ready)))
            await asyncio.sleep(_LOOK_EVERY)

    # Nobody was failed.

    async def _assert_traffic(self, may_fail: int) -> None:
        now = await self._a_whole_second()
        failed, unsent = now.failed - self._load.failed, now.unsent - self._load.unsent
        since = self._load.updated
        named = [each for each in failures(self._story.twin) if each.kind == "failed" and each.sent > since]
        assert failed <= may_fail, f"{failed} requests failed: {named[:10]}"
        assert unsent == 0, f"{unsent} requests were never sent: they would not have been missed"
        assert now.served - self._load.served > 100, "there was no traffic worth the name"
        counted = _delta(self._counts.failed, (await _counts(self._story)).failed)
        assert counted <= may_fail, f"HAProxy counted {counted} requests answered 5xx"

    async def _a_whole_second(self) -> LoadReport:
        """Totals that hold everything up to now."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")

        async def written() -> LoadReport | None:
            report = load_report(self._story.twin)
            return report if report.updated > moment else None

        return await wait_until(written, within=10)

    # 1: minor by minor, never backwards, within the skew; each change asked for once.

    def _assert_changes(self, run: FleetState, repeated: Mapping[str, int]) -> None:
        asked: dict[str, list[Version]] = {}
        for line in self._new_lines():
            if version := _version_of(line):
                asked.setdefault(_what(line), []).append(version)
        assert self._missing(run) <= set(asked), f"changed without having been asked for: {self._missing(run)}"
        assert {what.split()[0].split("/")[0] for what in asked} <= set(run.clusters), "others were changed too"
        for what, versions in asked.items():
            self._assert_forward(what, versions)
            times = {versions.count(version) for version in versions}
            assert times == {repeated.get(what, 1)}, f"{what} was asked for {versions}"
        assert set(repeated) <= set(asked), f"never asked for: {set(repeated) - set(asked)}"

    def _assert_forward(self, what: str, versions: Sequence[Version]) -> None:
        path = [self._before(what), *versions]
        assert path == sorted(path), f"{what} was sent backwards: {path}"
        if what.endswith(" master"):
            skips = [to for was, to in pairwise(path) if to.minors_ahead_of(was) > 1]
            assert not skips, f"{what} skipped a minor: {path}"

    def _missing(self, run: FleetState) -> set[str]:
        """What a finished cluster must have been asked for, if it lacked it at the begin."""
        wanted = set()
        for name, state in run.clusters.items():
            was = self._clusters[name]
            if state.phase is Phase.DONE:
                wanted |= {f"{name} master"} if was.control_plane < state.target else set()
                wanted |= {f"{name}/{pool.name}" for pool in was.pools if pool.version < state.target}
        return wanted

    def _new_lines(self) -> list[AuditLine]:
        """What was asked for and taken in since we began to watch."""
        lines = audit.read(self._story.twin.root)[self._audited :]
        return [line for line in lines if line.operation]

    def _before(self, what: str) -> Version:
        cluster, _, pool = what.removesuffix(" master").partition("/")
        was = self._clusters[cluster]
        return next(each.version for each in was.pools if each.name == pool) if pool else was.control_plane

    # 2: never two operations at once on one cluster.

    def _assert_one_at_a_time(self) -> None:
        ours = [work for name, work in _works(self._story).items() if name not in self._works and not work.by_google]
        assert all(work.ended for work in ours), f"still under way: {[work.id for work in ours if not work.ended]}"
        for name in self._story.names:
            mine = sorted((work for work in ours if work.cluster == name), key=lambda work: work.began)
            for first, second in pairwise(mine):
                assert second.began >= first.ended, f"{first.type} and {second.type} ran side by side on {name}"

    # 3: who is not verified gets no traffic. 4: one wave, and no more than may be, in flight.

    def _assert_out_while_open(self, state: ClusterState, reloads: int) -> None:
        lapses = 0
        for begin, end in _times_out(state):
            seen = [each for each in self._sights if begin < each.at < end]
            back = [each for each in seen if state.cluster in each.ready]
            for start in _starts(back):
                lapses += 1
                later = [each for each in seen if each.at > start.at + _OUT_AGAIN_WITHIN]
                stays = [each for each in back if start.at < each.at and later and each.at >= later[0].at]
                assert not stays, f"{state.cluster} had traffic for seconds while it was not verified, from {start.at}"
        assert lapses <= reloads, f"{state.cluster} was let in {lapses} times before it was verified"

    def _assert_waves(self, run: FleetState) -> None:
        for first, second in pairwise(each for each in run.waves if each.began):
            assert first.ended is not None
            assert second.began is not None
            assert second.began >= first.ended, f"waves {first.name} and {second.name} were open at once"
        for wave in run.waves:
            members = [run.clusters[name] for name in wave.clusters if name in run.clusters]
            for member in members:
                beside = sum(_overlap(member, other) for other in members)
                assert beside <= wave.concurrency, f"{beside} clusters of wave {wave.name} were in flight at once"

    # 5: what was parked is what it was; and the clusters are what the run says.

    async def _assert_clusters(self, run: FleetState) -> None:
        for name, before in self._clusters.items():
            now = await self._story.cloud(name)
            for was, pool in zip(before.pools, now.pools, strict=True):
                assert pool.auto_repair == was.auto_repair, f"auto-repair of {name}/{pool.name} is not what it was"
                assert pool.surge == was.surge, f"surge of {name}/{pool.name} is {pool.surge}, it was {was.surge}"
                assert pool.auto_upgrade == was.auto_upgrade
                ahead = now.control_plane.minors_ahead_of(pool.version)
                assert 0 <= ahead <= OLDEST_NODE, f"{name}/{pool.name} is {ahead} minors behind"
                assert pool.version <= now.control_plane, f"{name}/{pool.name} is ahead of its control plane"
            state = run.clusters.get(name)
            if state is None:
                assert now.control_plane == before.control_plane, f"{name} was changed and is not in this run"
            elif state.phase is Phase.DONE:
                assert now.control_plane == state.target
                await self._assert_nodes(name, state.target)

    async def _assert_nodes(self, name: str, target: Version) -> None:
        nodes = await self._story.eyes.nodes(self._story.fleet.cluster(name))
        late = [node.name for node in nodes if not node.ready or node.unschedulable or node.version != target]
        assert not late, f"{name} is done, but not these nodes: {late}"
        assert len(nodes) == sum(pool.nodes for pool in self._story.twin.spec.cluster(name).pools)

    # 6: nobody was forced out.

    def _assert_nothing_forced(self) -> None:
        forced = {each.id: each.pods_forced for name, each in _works(self._story).items() if name not in self._works}
        assert not any(forced.values()), f"the provider forced pods out: {forced}"
        assert self._departures.not_evicted == [], "these pods went without having been evicted"

    async def _assert_balancer(self, out: Collection[str]) -> None:
        for name in self._story.names:
            if name in out:
                assert await self._story.is_out(name), f"{name} was to stay out of the balancer"
            else:
                assert await self._story.is_back(name), f"{name} was left {await self._story.entries(name)}"


def _works(story: Story) -> dict[str, Work]:
    """Every operation the provider has ever run, by id."""
    books = Books(story.twin.root)
    books.load()
    return books.works


def _version_of(line: AuditLine) -> Version | None:
    field = {"UpdateMaster": "masterVersion", "UpdateNodePool": "nodeVersion"}.get(line.method)
    found = line.request.get(field) if field else None
    return Version(found) if found else None


def _what(line: AuditLine) -> str:
    """`tokyo master` or `tokyo/app`."""
    parts = line.target.split("/")
    cluster = parts[parts.index("clusters") + 1]
    return f"{cluster}/{parts[-1]}" if "nodePools" in parts else f"{cluster} master"


async def _counts(story: Story) -> Counts:
    requests, failed = {}, {}
    for balancer in story.ports.balancers.values():
        for each in await balancer.backend_counts():
            key = (each.address, each.process, each.backend)
            requests[key], failed[key] = each.requests, each.answered_5xx
    return Counts(requests, failed)


def _delta(before: Mapping[tuple[str, int, str], int], after: Mapping[tuple[str, int, str], int]) -> int:
    """A process that began in between has counted from nothing."""
    return sum(count - before.get(key, 0) for key, count in after.items())


def _times_out(state: ClusterState) -> list[tuple[datetime, datetime]]:
    """From the end of a successful way out to the begin of the next way back, or to the end."""
    last = datetime.now(UTC)
    spans = []
    for number, record in enumerate(state.steps):
        if isinstance(record.step, TakeOutOfBalancer) and record.state is StepState.DONE and record.ended:
            backs = [each.began for each in state.steps[number:] if isinstance(each.step, ReturnToBalancer)]
            spans.append((record.ended, backs[0] if backs else state.ended or last))
    return spans


def _starts(sights: Sequence[Sight]) -> list[Sight]:
    """The first of each row of sights that follow close on each other."""
    return [
        each
        for number, each in enumerate(sights)
        if not number or each.at - sights[number - 1].at > timedelta(seconds=2)
    ]


def _overlap(one: ClusterState, other: ClusterState) -> bool:
    if one.began is None or other.began is None or one.ended is None:
        return False
    return other.began <= one.began and (other.ended is None or other.ended > one.began)
