"""Create a cluster's first objects and wait until they run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from httpx2 import HTTPError
from lightkube import AsyncClient, KubeConfig
from lightkube.codecs import from_dict
from lightkube.core.exceptions import ApiError
from lightkube.resources.apps_v1 import DaemonSet, Deployment, StatefulSet
from lightkube.resources.core_v1 import Node

from fairlead.model.errors import FairleadError
from fairlead.twin.state import ClusterSpec, TwinState
from fairlead.twin.workloads.objects import nodes, workloads

_AT_ONCE = 8
_BETWEEN = 0.4
_CONFLICT = 409


async def populate(state: TwinState, cluster: ClusterSpec, within: float) -> None:
    """
    Create nodes and workloads, once in the life of a twin, and return when all of them run.

    FairleadError says what does not run in time.
    """
    done = state.root / "populated" / cluster.name
    async with _client(state, cluster.name) as client:
        if not done.exists():
            await _create_everything(client, cluster, within)
            done.parent.mkdir(exist_ok=True)
            done.touch()
        await _until_none(cluster.name, lambda: _unready_nodes(client), within)
        await _until_none(cluster.name, lambda: _incomplete_workloads(client), within)


async def _create_everything(client: AsyncClient, cluster: ClusterSpec, within: float) -> None:
    everything = workloads(cluster)
    spaces = [manifest for manifest in everything if manifest["kind"] == "Namespace"]
    others = [manifest for manifest in everything if manifest["kind"] != "Namespace"]
    await _create(client, [*nodes(cluster), *spaces])
    # Only when all nodes are there can the scheduler spread pods over them.
    await _until_none(cluster.name, lambda: _unready_nodes(client), within)
    await _create(client, others)


async def _until_none(cluster: str, waiting_for: Callable[[], Awaitable[list[str]]], within: float) -> None:
    deadline = asyncio.get_running_loop().time() + within
    while waiting := await waiting_for():
        if asyncio.get_running_loop().time() > deadline:
            raise FairleadError(
                f"`{cluster}` is not ready after {within:g} s: {', '.join(waiting[:5])}",
                hint=f"`fairlead twin logs {cluster}/controller-manager` may say why",
            )
        await asyncio.sleep(_BETWEEN)


@asynccontextmanager
async def _client(state: TwinState, cluster: str) -> AsyncIterator[AsyncClient]:
    client = AsyncClient(config=KubeConfig.from_file(str(state.kubeconfig(cluster))), trust_env=False)
    try:
        yield client
    except (ApiError, HTTPError) as error:
        raise FairleadError(
            f"could not fill `{cluster}`: {error}", hint=f"`fairlead twin logs {cluster}/apiserver` may say why"
        ) from error
    finally:
        await client.close()


async def _create(client: AsyncClient, manifests: Sequence[dict[str, Any]]) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def create(manifest: dict[str, Any]) -> None:
        async with gate:
            try:
                await client.create(from_dict(manifest))
            except ApiError as error:
                if error.status.code != _CONFLICT:
                    raise

    await asyncio.gather(*(create(manifest) for manifest in manifests))


async def _unready_nodes(client: AsyncClient) -> list[str]:
    return [_name(node) async for node in client.list(Node) if not _is_ready(node)]


async def _incomplete_workloads(client: AsyncClient) -> list[str]:
    waiting = [_name(each) async for each in client.list(Deployment, namespace="*") if not _is_complete(each)]
    waiting += [_name(each) async for each in client.list(StatefulSet, namespace="*") if not _is_complete(each)]
    waiting += [_name(each) async for each in client.list(DaemonSet, namespace="*") if not _is_complete(each)]
    return waiting


def _name(thing: Any) -> str:
    return f"{type(thing).__name__.lower()} {thing.metadata.name}"


def _is_ready(node: Any) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in node.status.conditions or [])


def _is_complete(workload: Any) -> bool:
    status = workload.status
    if isinstance(workload, DaemonSet):
        wanted, ready = status.desiredNumberScheduled or 1, status.numberReady
    else:
        wanted, ready = workload.spec.replicas, status.readyReplicas
    return bool((ready or 0) >= wanted)
