"""Changing a disruption budget as the product's own people would."""

from lightkube import AsyncClient, KubeConfig
from lightkube.resources.policy_v1 import PodDisruptionBudget
from lightkube.types import PatchType

from fairlead.twin.state import TwinState
from scenarios.story import wait_until


async def allow_evictions(twin: TwinState, cluster: str, namespace: str, name: str, count: int) -> None:
    """Set `maxUnavailable`; returns when the controller has counted anew."""
    client = AsyncClient(config=KubeConfig.from_file(str(twin.kubeconfig(cluster))), trust_env=False)
    patch = {"spec": {"maxUnavailable": count}}

    async def counted() -> bool:
        budget = await client.get(PodDisruptionBudget, name, namespace=namespace)
        return bool(budget.status and budget.status.disruptionsAllowed == count)

    try:
        await client.patch(PodDisruptionBudget, name, patch, namespace=namespace, patch_type=PatchType.MERGE)
        await wait_until(counted, within=20)
    finally:
        await client.close()
