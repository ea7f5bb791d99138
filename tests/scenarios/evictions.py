"""Watches how pods go: with an eviction that budgets could have refused, or by somebody's force."""

import asyncio
from typing import Any

from httpx2 import HTTPError
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Pod

from fairlead.twin.state import TwinState

_AGAIN_AFTER = 0.5


class Departures:
    """`not_evicted`: pods of workloads with a budget's right that were told to go in another way."""

    def __init__(self, twin: TwinState) -> None:
        self._twin = twin
        self._seen: dict[str, str] = {}

    @property
    def not_evicted(self) -> list[str]:
        return sorted(words for words in self._seen.values() if words)

    async def watch(self) -> None:
        """Until cancelled; a control plane that is away is asked again."""
        async with asyncio.TaskGroup() as group:
            for cluster in self._twin.spec.clusters:
                group.create_task(self._watch(cluster.name))

    async def _watch(self, cluster: str) -> None:
        client = AsyncClient(config=KubeConfig.from_file(str(self._twin.kubeconfig(cluster))), trust_env=False)
        try:
            while True:
                try:
                    async for _, pod in client.watch(Pod, namespace="*"):
                        self._note(cluster, pod)
                except (ApiError, HTTPError):
                    await asyncio.sleep(_AGAIN_AFTER)
        finally:
            await client.close()

    def _note(self, cluster: str, pod: Any) -> None:
        """A pod keeps the condition that its eviction gave it (https://kubernetes.io/docs/concepts/workloads/pods/disruptions/)."""
        owners = {owner.kind for owner in pod.metadata.ownerReferences or []}
        finished = pod.status.phase in {"Succeeded", "Failed"}
        if pod.metadata.deletionTimestamp is None or owners & {"DaemonSet", "Node"} or finished:
            return
        reasons = [each.reason for each in pod.status.conditions or [] if each.type == "DisruptionTarget"]
        words = (
            ""
            if "EvictionByEvictionAPI" in reasons
            else f"{cluster} {pod.metadata.namespace}/{pod.metadata.name}: {reasons}"
        )
        # The first word counts: what comes later is the end of the same departure.
        self._seen.setdefault(pod.metadata.uid, words)
