"""Changing a cluster through its provider, and believing only what the cluster itself says afterwards."""

import time
from typing import TypeVar

import msgspec
from temporalio import activity

from fairlead.clouds.port import CloudPool, SurgeSettings
from fairlead.engine.retries import NOT_WHOLE, OPERATION_FAILED, REFUSED
from fairlead.upgrade.activities.doors import Beat, beating, for_a_person
from fairlead.upgrade.activities.operations import Operations, Pace, if_reachable
from fairlead.upgrade.activities.roll import Roll
from fairlead.upgrade.plan.steps import ParkPool, RollPool, UpgradeControlPlane, WaitForOperation
from fairlead.upgrade.ports import Ports, PortsOf
from fairlead.upgrade.state import ClusterOrder, ParkedPool, RestoreOrder, RollOutcome, StepOrder

StepT = TypeVar("StepT", bound=msgspec.Struct)


class ChangeActivities:
    """
    `poll`: shortest and longest seconds between looks at an operation; `settle`: how long a cluster may take to show
    what an operation says it has done.
    """

    def __init__(self, ports_of: PortsOf, *, poll: tuple[float, float] = (0.5, 2.5), settle: float = 300.0) -> None:
        self._ports_of = ports_of
        self._poll = poll
        self._settle = settle

    @activity.defn
    async def wait_for_operation(self, order: StepOrder) -> str:
        """Somebody else's operation is waited for, whatever comes of it."""
        async with beating() as beat:
            step = _the(order, WaitForOperation)
            operations = self._operations(order.order, beat)
            operations.tell(f"{step.what} ({step.operation})")
            await operations.others_end(step.operation)
            return f"{step.what} has ended"

    @activity.defn
    async def upgrade_control_plane(self, order: StepOrder) -> str:
        """Move the control plane and wait until it serves the new version."""
        async with beating() as beat:
            step = _the(order, UpgradeControlPlane)
            operations = self._operations(order.order, beat)
            await operations.finish(lambda: operations.cloud.upgrade_control_plane(operations.cluster, step.to))
            ports = self._ports_of(order.order.access)
            until = time.monotonic() + self._settle
            while missing := await self._not_served(ports, order.order, step):
                if time.monotonic() > until:
                    raise for_a_person(f"the operation has ended, but {missing}", NOT_WHOLE)
                operations.tell(missing)
                await operations.pause()
            return f"`/version` says {step.to}, `/readyz` says ok"

    @activity.defn
    async def read_pool(self, order: StepOrder) -> ParkedPool:
        """What the pool's settings are, to be remembered before they are changed."""
        async with beating():
            pool = await self._pool(order.order, _the(order, ParkPool).pool)
            return ParkedPool(
                pool.name, pool.auto_repair, pool.surge.max_surge, pool.surge.max_unavailable, pool.surge.original
            )

    @activity.defn
    async def park_pool(self, order: StepOrder) -> str:
        """
        Auto-repair off, and the surge of this roll; believed when the provider reads back so.

        A blue/green pool rolls by settings of its own, which are left alone.
        """
        async with beating() as beat:
            step = _the(order, ParkPool)
            found = (await self._pool(order.order, step.pool)).surge
            wanted = found if found.blue_green else SurgeSettings(step.max_surge, step.max_unavailable)
            await self._set(order.order, step.pool, wanted, beat, repair=False)
            if found.blue_green:
                return "auto-repair off; blue/green, its own settings"
            return f"auto-repair off, surge {step.max_surge}, unavailable {step.max_unavailable}"

    @activity.defn
    async def restore_pool(self, order: RestoreOrder) -> str:
        """Settings become what they were; waits for a roll that still runs."""
        async with beating() as beat:
            was = order.parked
            # Some settings could be written beside a roll: ours are not, as two operations on one cluster never are.
            await self._operations(order.order, beat).all_end()
            wanted = SurgeSettings(was.max_surge, was.max_unavailable, was.surge_original)
            await self._set(order.order, was.pool, wanted, beat, repair=was.auto_repair)
            repair = "on" if was.auto_repair else "off"
            return f"auto-repair {repair}, surge {was.max_surge}, unavailable {was.max_unavailable}, as before"

    @activity.defn
    async def roll_pool(self, order: StepOrder) -> RollOutcome:
        """Replace the pool's nodes, and follow them one by one until all are Ready on the new version."""
        async with beating() as beat:
            operations = self._operations(order.order, beat)
            roll = Roll(self._ports_of(order.order.access).eyes, order.order, _the(order, RollPool), beat)
            return await roll.run(operations, self._settle)

    def _operations(self, order: ClusterOrder, beat: Beat) -> Operations:
        return Operations(self._ports_of(order.access).cloud, order.cluster.ref, beat, Pace(*self._poll))

    async def _not_served(self, ports: Ports, order: ClusterOrder, step: UpgradeControlPlane) -> str:
        """What is still missing before the control plane's new version is believed; empty where nothing is."""
        provider = (await ports.cloud.cluster(order.cluster.ref)).control_plane
        if provider < step.to:
            raise for_a_person(f"the operation has ended, but the provider says {provider}", OPERATION_FAILED)
        if not await if_reachable(ports.eyes.ready(order.cluster)):
            return "`/readyz` does not say ok"
        served = (await ports.eyes.take(order.cluster)).control_plane
        return "" if served is not None and served >= step.to else f"`/version` says {served}"

    async def _set(self, order: ClusterOrder, pool: str, surge: SurgeSettings, beat: Beat, *, repair: bool) -> None:
        operations = self._operations(order, beat)
        cloud, ref = operations.cloud, operations.cluster
        await operations.finish(lambda: cloud.set_auto_repair(ref, pool, on=repair))
        await operations.finish(lambda: cloud.set_surge(ref, pool, surge))
        now = await self._pool(order, pool)
        wanted = (repair, surge.max_surge, surge.max_unavailable)
        if (now.auto_repair, now.surge.max_surge, now.surge.max_unavailable) != wanted:
            raise for_a_person(f"the settings of pool {pool} read back otherwise: {now.surge}", OPERATION_FAILED)

    async def _pool(self, order: ClusterOrder, name: str) -> CloudPool:
        cluster = await self._ports_of(order.access).cloud.cluster(order.cluster.ref)
        for pool in cluster.pools:
            if pool.name == name:
                return pool
        raise for_a_person(f"{order.cluster.name} has no pool {name} any more", REFUSED)


def _the(order: StepOrder, kind: type[StepT]) -> StepT:
    if not isinstance(order.step, kind):
        raise TypeError(f"{kind.__name__} expected, got {order.step}")
    return order.step
