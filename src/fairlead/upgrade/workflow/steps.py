"""Taking one step of one cluster: which activities it means, and what is remembered before and after."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from fairlead.engine.doing import do, words_of
from fairlead.engine.retries import CHANGE, LOOK, RESTORE
from fairlead.upgrade.activities.change import ChangeActivities
from fairlead.upgrade.activities.look import LookActivities
from fairlead.upgrade.plan.steps import (
    Bake,
    ParkPool,
    RestorePool,
    ReturnToBalancer,
    RollPool,
    Step,
    TakeOutOfBalancer,
    UpgradeControlPlane,
    Verify,
    WaitForOperation,
)
from fairlead.upgrade.state import (
    ClusterOrder,
    ClusterState,
    CompareApis,
    Refusal,
    RestoreOrder,
    StepOrder,
    VerifyOrder,
)
from fairlead.upgrade.workflow.door import Door


class Steps:
    """Every method leaves the state such that the workflow may go on, or be asked again, from there."""

    def __init__(self, order: ClusterOrder, state: ClusterState, door: Door) -> None:
        self._order = order
        self._state = state
        self._door = door

    async def look_first(self) -> str:
        """Remember what the cluster was before anything was touched."""
        look = await do(LookActivities.look_first, self._order, LOOK)
        state = self._state
        state.before = state.after = look.control_plane
        state.pools = list(look.pools)
        state.unready_before = look.unready
        state.baseline = look.baseline
        state.memory = look.memory
        return "seen"

    async def take(self, step: Step) -> str:
        """Take the step; what is returned says what came of it."""
        self._door.stand_guard()
        match step:
            case WaitForOperation():
                return await do(ChangeActivities.wait_for_operation, StepOrder(self._order, step), CHANGE)
            case TakeOutOfBalancer():
                return await self._door.take_out()
            case UpgradeControlPlane():
                return await self._upgrade_control_plane(step)
            case Bake():
                return await _bake(step)
            case ParkPool():
                return await self._park(step)
            case RollPool():
                return await self._roll(step)
            case RestorePool(pool=pool):
                return await self._restore(pool)
            case Verify():
                order = VerifyOrder(self._order, self._state.unready_before)
                return await do(LookActivities.verify, order, CHANGE)
            case ReturnToBalancer():
                return await self._door.come_back()

    async def restore_all(self) -> None:
        """Every pool that is still parked; who is away is asked for ever, a refusal is told in the pool's record."""
        for number, parked in enumerate(self._state.parked):
            if parked.restored:
                continue
            self._state.waits_for = f"settings of pool {parked.pool} to be restored"
            try:
                await self._restore(parked.pool)
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                self._state.parked[number] = msgspec.structs.replace(parked, trouble=words_of(error))

    async def _upgrade_control_plane(self, step: UpgradeControlPlane) -> str:
        before = await do(LookActivities.read_apis, self._order, LOOK)
        said = await do(ChangeActivities.upgrade_control_plane, StepOrder(self._order, step), CHANGE, f"to {step.to}")
        changes = await do(LookActivities.compare_apis, CompareApis(self._order, before), LOOK)
        self._state.apis.append(changes)
        return f"{said}; {len(changes.vanished)} APIs vanished, {len(changes.new)} new"

    async def _park(self, step: ParkPool) -> str:
        """What was found is part of the history before anything is changed: that is the compensation."""
        if not any(each.pool == step.pool and not each.restored for each in self._state.parked):
            self._state.parked.append(await do(ChangeActivities.read_pool, StepOrder(self._order, step), LOOK))
        return await do(ChangeActivities.park_pool, StepOrder(self._order, step), CHANGE, step.pool)

    async def _roll(self, step: RollPool) -> str:
        try:
            outcome = await do(
                ChangeActivities.roll_pool, StepOrder(self._order, step), CHANGE, f"{step.pool} to {step.to}"
            )
        except ActivityError as error:
            self._remember_refusals(_refusals_in(error))
            raise
        if outcome.evicted is not None:
            self._state.pods_evicted = (self._state.pods_evicted or 0) + outcome.evicted
        self._remember_refusals(outcome.refusals)
        return outcome.reason

    def _remember_refusals(self, refusals: Sequence[Refusal]) -> None:
        """A roll that was tried again adds to what its first attempt has waited."""
        seconds = {(each.pool, each.budget): each.seconds for each in self._state.refusals}
        for each in refusals:
            seconds[each.pool, each.budget] = seconds.get((each.pool, each.budget), 0.0) + each.seconds
        self._state.refusals = [Refusal(*key, round(lasted, 1)) for key, lasted in seconds.items()]
        self._state.budget_waits = len({budget for _, budget in seconds})

    async def _restore(self, pool: str) -> str:
        said = "nothing was parked"
        for number, parked in enumerate(self._state.parked):
            if parked.pool == pool and not parked.restored:
                said = await do(ChangeActivities.restore_pool, RestoreOrder(self._order, parked), RESTORE, pool)
                self._state.parked[number] = msgspec.structs.replace(parked, restored=True, trouble="")
        return said


async def _bake(step: Bake) -> str:
    # A timer takes a second, also one of no length.
    if step.duration:
        await workflow.sleep(timedelta(seconds=step.duration.total_seconds()))
    return f"watched for {step.duration}"


def _refusals_in(error: ActivityError) -> list[Refusal]:
    """What a roll that failed had waited for."""
    cause = error.cause
    details = cause.details if isinstance(cause, ApplicationError) else ()
    return [msgspec.convert(each, Refusal) for each in details]
