"""How `fairlead check` comes to running clusters: a context, a fleet, or a file that was saved of one."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from fairlead.cli.check.options import without_collection
from fairlead.cli.check.where import Where
from fairlead.fleet.file import FleetCluster
from fairlead.fleet.loading import load_fleet
from fairlead.kube import contexts, kubeconfig
from fairlead.kube.connection import Connection
from fairlead.kube.reader import KubeReader
from fairlead.model.errors import FairleadError, UsageError
from fairlead.review.live import review_inventory, together, unanswered
from fairlead.review.needs import Permission, kinds_of
from fairlead.review.result import Review, Unread
from fairlead.review.reviewing import Wanted, chosen
from fairlead.review.rulebook import Rulebook
from fairlead.snapshot.inventory import Inventory
from fairlead.snapshot.objects import WORKLOADS
from fairlead.survey.inventory import Asked, makers_of, resources_for, take_inventory
from fairlead.survey.stored import read_inventory, write_inventory


def review_clusters(paths: Sequence[str], where: Where, wanted: Wanted, rulebook: Rulebook, version: str) -> Review:
    """What runs, or what `--save` wrote of it; of a fleet, one that does not answer hides no others."""
    if paths:
        return _review_saved(paths, where, wanted, rulebook, version)
    return asyncio.run(_review_live(where, wanted, rulebook, version))


def _review_saved(paths: Sequence[str], where: Where, wanted: Wanted, rulebook: Rulebook, version: str) -> Review:
    judge = _judge(where, wanted, rulebook, version)
    reviews = [judge(read_inventory(Path(path))) for path in paths]
    return together(reviews) if len(reviews) > 1 else reviews[0]


def permissions_of(where: Where, kinds: frozenset[str]) -> list[Permission]:
    """What must be listed of one cluster, by its own word."""
    return asyncio.run(_permissions_of(where, kinds))


async def _permissions_of(where: Where, kinds: frozenset[str]) -> list[Permission]:
    _, kube = _reader_of(where)
    try:
        served = await kube.served()
        makers = await makers_of(kube, served) if WORKLOADS in kinds else frozenset()
    finally:
        await kube.close()
    also = {"CustomResourceDefinition"} if WORKLOADS in kinds else set()
    return [Permission(each.group, each.plural) for each in resources_for(served, kinds | also, makers)]


async def _review_live(where: Where, wanted: Wanted, rulebook: Rulebook, version: str) -> Review:
    # A file is checked again by other rules than these.
    rules = rulebook.rules if where.save else chosen(rulebook, wanted)
    asked = Asked(kinds_of(rules), where.namespaces, where.releases)
    judge = _judge(where, wanted, rulebook, version)
    if not where.fleet:
        return judge(_kept(await _one(where, asked), where))
    reviews: list[Review] = []
    silent: list[Unread] = []
    # One after the other, and only its findings are kept of each: all objects of a fleet are too many to hold.
    async with aclosing(_fleet(where.fleet, where.clusters, asked)) as found:
        async for each in found:
            if isinstance(each, Inventory):
                reviews.append(judge(_kept(each, where)))
            else:
                silent.append(each)
    return together(reviews, silent)


def _judge(where: Where, wanted: Wanted, rulebook: Rulebook, version: str) -> Callable[[Inventory], Review]:
    def judge(inventory: Inventory) -> Review:
        today = datetime.now(UTC).date()
        # Only now: the connection's leavings, each with a page of objects, are cycles.
        with without_collection():
            return review_inventory(inventory, rulebook, wanted, today=today, fairlead=version, system=where.system)

    return judge


def _kept(inventory: Inventory, where: Where) -> Inventory:
    if where.save:
        write_inventory(where.save, inventory)
    return inventory


async def _one(where: Where, asked: Asked) -> Inventory:
    name, kube = _reader_of(where)
    try:
        return await take_inventory(kube, asked, cluster=name, now=datetime.now(UTC))
    finally:
        await kube.close()


def _reader_of(where: Where) -> tuple[str, KubeReader]:
    """The context's name and a way to its cluster; UsageError where there is none."""
    place = contexts.find(where.context, where.kubeconfig)
    if place is not None:
        name = place.context or ""
        return name, KubeReader(Connection(name, kubeconfig.access(place)))
    own = None if where.context else contexts.own_cluster()
    if own is None:
        raise UsageError("there is no kubeconfig", hint="`--kubeconfig FILE` or KUBECONFIG names one")
    return "in-cluster", KubeReader(Connection("in-cluster", own))


async def _fleet(file: Path, names: Sequence[str], asked: Asked) -> AsyncGenerator[Inventory | Unread, None]:
    from fairlead.worker import wiring  # the cloud's client is slow to load

    fleet = load_fleet(file)
    members = _members(fleet.spec.clusters, names)
    cloud = wiring.cloud_of(fleet.spec.gke)
    try:
        for cluster in members:
            try:
                kube = await wiring.kube_of(cluster, cloud)
                try:
                    yield await take_inventory(kube, asked, cluster=cluster.name, now=datetime.now(UTC))
                finally:
                    await kube.close()
            except UsageError:
                raise
            except FairleadError as error:
                yield unanswered(cluster.name, str(error), error.hint)
    finally:
        await cloud.close()


def _members(clusters: Sequence[FleetCluster], names: Sequence[str]) -> list[FleetCluster]:
    known = {each.name: each for each in clusters}
    for name in names:
        if name not in known:
            hint = f"clusters are {', '.join(f'`{each}`' for each in known)}"
            raise UsageError(f"there is no cluster `{name}` in the fleet", place="--cluster", hint=hint)
    return [known[name] for name in names] or list(clusters)
