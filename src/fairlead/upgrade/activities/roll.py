"""Following the roll of one pool node by node, and noticing when it stands still."""

import time

import msgspec
from temporalio.exceptions import ApplicationError

from fairlead.clouds.port import OperationState
from fairlead.engine.retries import NOT_WHOLE, OPERATION_FAILED, STALLED
from fairlead.model.errors import UnreachableError
from fairlead.snapshot.cluster import ClusterSnapshot, Node
from fairlead.upgrade.activities.doors import Beat, for_a_person
from fairlead.upgrade.activities.operations import Operations, without_error
from fairlead.upgrade.plan.blockers import refusing_budgets
from fairlead.upgrade.plan.steps import RollPool
from fairlead.upgrade.ports import Eyes
from fairlead.upgrade.state import ClusterOrder, Refusal, RollOutcome

# Looking at all pods is dear in a big cluster; it is done when nodes stand still, and then this often at most.
_LOOK_AT_PODS_EVERY = 10.0
_FINISHED = frozenset({"Succeeded", "Failed"})


class Roll:
    """One roll as one attempt sees it; what must outlive the attempt is in the beat's progress."""

    def __init__(self, eyes: Eyes, order: ClusterOrder, step: RollPool, beat: Beat) -> None:
        self._eyes = eyes
        self._order = order
        self._step = step
        self._beat = beat
        self._seen: frozenset[tuple[str, bool, bool]] = frozenset()
        self._moved_at = time.monotonic()
        self._looked_at = 0.0
        self._nodes: tuple[Node, ...] = ()
        self._refusing: tuple[str, ...] = ()
        self._counted_at = 0.0

    async def run(self, operations: Operations, settle: float) -> RollOutcome:
        """Start or find the roll, follow it, and end when the nodes themselves are Ready on the new version."""
        try:
            await self._follow(operations, settle)
        except ApplicationError as error:
            raise for_a_person(error.message, error.type or OPERATION_FAILED, *self._refusals()) from error
        return self._outcome()

    async def _follow(self, operations: Operations, settle: float) -> None:
        await self._remember_pods()
        cluster, step = operations.cluster, self._step
        operation = await operations.start(lambda: operations.cloud.upgrade_pool(cluster, step.pool, step.to))
        while operation is not None:
            seen = await operations.cloud.operation(operation)
            await self._look(operations, f"operation {operation.id}")
            self._count_refusals()
            if seen.state is OperationState.DONE:
                without_error(seen)
                break
            await self._notice_standstill()
            await operations.pause()
        await self._until_whole(operations, settle)

    async def _until_whole(self, operations: Operations, settle: float) -> None:
        pool = {each.name: each for each in (await operations.cloud.cluster(operations.cluster)).pools}
        if self._step.pool not in pool or pool[self._step.pool].version < self._step.to:
            version = pool[self._step.pool].version if self._step.pool in pool else "there is no such pool"
            raise for_a_person(f"the operation has ended, but the provider says {version}", OPERATION_FAILED)
        until = time.monotonic() + settle
        while True:
            await self._look(operations, "nodes to be Ready")
            late = [node.name for node in self._nodes if not self._is_done(node)]
            there = len(self._nodes) - len(late)
            # How many there should be only an autoscaler knows; whether they suffice, the workloads will say.
            if not late and (there or not self._step.nodes):
                return
            if time.monotonic() > until:
                named = f": {', '.join(sorted(late)[:5])}" if late else ""
                reason = f"{there} of {len(self._nodes)} nodes are Ready on {self._step.to}{named}"
                raise for_a_person(f"the operation has ended, but {reason}", NOT_WHOLE)
            await operations.pause()

    async def _remember_pods(self) -> None:
        """How many pods stand on the nodes that will go; told with every beat, so a second attempt still knows."""
        if self._beat.progress.standing is not None:
            return
        snapshot = await self._eyes.take(self._order.cluster)
        if snapshot.control_plane is None:
            return
        self._beat.tell(msgspec.structs.replace(self._beat.progress, standing=self._standing(snapshot)))

    def _standing(self, snapshot: ClusterSnapshot) -> int:
        going = {node.name for node in snapshot.nodes_of(self._step.pool) if node.version != self._step.to}
        return sum(
            pod.node in going and pod.phase not in _FINISHED and not pod.owner.startswith(("DaemonSet/", "Node/"))
            for pod in snapshot.pods
        )

    async def _look(self, operations: Operations, waits_for: str) -> None:
        try:
            nodes = await self._eyes.nodes(self._order.cluster)
        except UnreachableError as error:
            # The roll goes on without us; the standstill clock runs, so this does not last for ever unseen.
            operations.tell(f"API server: {error}")
            return
        self._nodes = tuple(node for node in nodes if node.pool == self._step.pool)
        seen = frozenset((node.name, node.ready, node.unschedulable) for node in self._nodes)
        if seen != self._seen:
            self._seen, self._moved_at = seen, time.monotonic()
            self._count_refusals()
            self._refusing = ()
            operations.moved()
        self._beat.tell(
            msgspec.structs.replace(
                self._beat.progress,
                waits_for=waits_for,
                nodes_done=sum(self._is_done(node) for node in self._nodes),
                nodes_total=max(self._step.nodes, 1) if self._step.nodes else len(self._nodes),
            )
        )

    async def _notice_standstill(self) -> None:
        """By derivative: what counts is how long nothing has moved, not how long the whole roll takes."""
        still = time.monotonic() - self._moved_at
        allowed = self._order.policy.stall_after.total_seconds()
        if still < min(_LOOK_AT_PODS_EVERY, allowed / 4):
            return
        if time.monotonic() - self._looked_at > min(_LOOK_AT_PODS_EVERY, allowed / 4):
            await self._look_at_budgets()
        if still > allowed:
            because = "; ".join(self._refusing) or "no budget refuses; look at the provider's operation"
            raise for_a_person(f"no node of pool {self._step.pool} has moved for {still:.0f}s: {because}", STALLED)

    async def _look_at_budgets(self) -> None:
        self._looked_at = self._counted_at = time.monotonic()
        snapshot = await self._eyes.take(self._order.cluster)
        self._refusing = refusing_budgets(snapshot, [self._step.pool])
        if self._refusing:
            self._beat.tell(msgspec.structs.replace(self._beat.progress, waits_for=self._refusing[0]))
            self._count_refusals()

    def _count_refusals(self) -> None:
        """What the last look saw refusing is taken to refuse until nodes move or the next look says otherwise."""
        passed, self._counted_at = time.monotonic() - self._counted_at, time.monotonic()
        if not self._refusing:
            return
        seconds = dict(self._beat.progress.refused_seconds)
        for each in self._refusing:
            budget = each.split(" (", 1)[0]
            seconds[budget] = seconds.get(budget, 0.0) + passed
        refused = tuple(sorted(seconds))
        self._beat.tell(msgspec.structs.replace(self._beat.progress, refused=refused, refused_seconds=seconds))

    def _refusals(self) -> tuple[Refusal, ...]:
        seconds = self._beat.progress.refused_seconds
        return tuple(Refusal(self._step.pool, budget, round(seconds[budget], 1)) for budget in sorted(seconds))

    def _is_done(self, node: Node) -> bool:
        return node.ready and not node.unschedulable and node.version is not None and node.version >= self._step.to

    def _outcome(self) -> RollOutcome:
        progress = self._beat.progress
        reason = f"{len(self._nodes)} nodes Ready on {self._step.to}"
        return RollOutcome(reason, progress.standing, len(progress.refused), self._refusals())
