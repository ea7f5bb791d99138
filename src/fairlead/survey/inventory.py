"""Reads from a cluster all objects that rules look at; what may not be read is named, and the rest goes on."""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from fairlead.kube.discovery import Resource, Served
from fairlead.kube.errors import KubeRefusedError, KubeUnavailableError
from fairlead.kube.reader import KubeReader
from fairlead.model.errors import UsageError
from fairlead.snapshot.inventory import Inventory, UnreadKind
from fairlead.snapshot.objects import POD_KINDS, WORKLOADS, KubeObject
from fairlead.survey import releases
from fairlead.survey.kept import keeping, keeping_metadata

T = TypeVar("T")
# Enough that no round trip is waited for alone; each holds a page of up to 10 MB.
_AT_ONCE = 4
_DEFINITIONS = "CustomResourceDefinition"
# Helm keeps each revision's whole chart in these: how many there are is looked at, not what is in them.
_NOT_HELMS = {"Secret": {"fieldSelector": f"type!={releases.TYPE}"}, "ConfigMap": {"labelSelector": "owner!=helm"}}
_HELMS = {"fieldSelector": f"type={releases.TYPE}"}
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Asked(msgspec.Struct, frozen=True):
    """
    `kinds` as `KubeObject.key`, `workloads` among them for all that makes pods. No `namespaces` are all. `releases`:
    also what Helm's deployed releases hold and the cluster has not, or in another version of its API.
    """

    kinds: frozenset[str]
    namespaces: tuple[str, ...] = ()
    releases: bool = False


async def take_inventory(kube: KubeReader, asked: Asked, *, cluster: str, now: datetime) -> Inventory:
    """
    An inventory dated `now`.

    Raises KubeUnavailableError and KubeRefusedError where the server does not even say what it serves, UsageError for a
    namespace there is none of.
    """
    version = await kube.version()
    reading = _Reading(kube, asked, await kube.served())
    await reading.read()
    objects = tuple(reading.objects)
    if asked.releases:
        found = await releases.read(kube, asked.namespaces, objects, reading.namespaced)
        objects += found.objects
        reading.unread += found.unread
    unread = tuple(reading.unread)
    return Inventory(cluster, now, version, objects, asked.kinds, asked.namespaces, unread, reading.others)


def resources_for(served: Served, kinds: frozenset[str], makers: frozenset[str]) -> list[Resource]:
    """One resource a kind: in the preferred version, and not in `extensions` where its own group has it."""
    wanted = kinds | makers if WORKLOADS in kinds else kinds
    found: dict[str, Resource] = {}
    for each in sorted(served.resources, key=lambda each: each.group == "extensions"):
        if each.listed and each.key in wanted:
            found.setdefault(each.key, each)
    return list(found.values())


async def makers_of(kube: KubeReader, served: Served) -> frozenset[str]:
    """Every kind that makes pods. KubeRefusedError where definitions may not be read."""
    has_definitions = any(each.key == _DEFINITIONS for each in served.resources)
    return POD_KINDS | (await kube.pod_makers() if has_definitions else frozenset())


class _Reading:
    """One pass over a cluster; `objects` and `unread` grow."""

    def __init__(self, kube: KubeReader, asked: Asked, served: Served) -> None:
        self._kube = kube
        self._asked = asked
        self._served = served
        self._makers = POD_KINDS
        self.others: frozenset[str] = frozenset()
        self._read: set[str] = set()
        self.objects: list[KubeObject] = []
        self.unread: list[UnreadKind] = []

    @property
    def namespaced(self) -> frozenset[str]:
        return frozenset(each.key for each in self._served.resources if each.namespaced)

    async def read(self) -> None:
        if WORKLOADS in self._asked.kinds:
            found = await self._or_unread(_DEFINITIONS, makers_of(self._kube, self._served), namespaced=False)
            self._makers = self._makers | (found or frozenset())
        self.unread += _behind_silent_servers(self._served, self._asked.kinds)
        resources = resources_for(self._served, self._asked.kinds, self._makers)
        self.others = frozenset(each.key for each in self._served.resources) - {each.key for each in resources}
        # What is made comes after its makers, so that it is known which of these were read.
        for group in _in_turn(resources):
            await self._side_by_side(group)

    async def _side_by_side(self, resources: Sequence[Resource]) -> None:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(resource: Resource) -> list[KubeObject] | None:
            async with turns:
                work = self._objects(resource)
                return await self._or_unread(resource.key, work, namespaced=resource.namespaced)

        for resource, objects in zip(resources, await asyncio.gather(*map(one, resources)), strict=True):
            if objects is not None:
                self._read.add(resource.key)
                self.objects += objects

    async def _objects(self, resource: Resource) -> list[KubeObject]:
        keep = keeping(resource, frozenset(self._read) & self._makers if resource.key in self._makers else frozenset())
        query = _NOT_HELMS.get(resource.key, {})
        if resource.key == "Namespace" and self._asked.namespaces:
            return await self._named(resource)
        found: list[KubeObject] = []
        for namespace in (self._asked.namespaces if resource.namespaced else ()) or ("",):
            path = resource.path(namespace)
            found += await self._kube.everything(path, keep, query=query)
            if resource.key == "Secret":
                of_helm = keeping_metadata(resource, type=releases.TYPE)
                found += await self._kube.everything(path, of_helm, query=_HELMS, accept=_METADATA)
        return found

    async def _named(self, resource: Resource) -> list[KubeObject]:
        """The namespaces that were asked for: who may see only these may list them by name."""
        keep = keeping(resource, frozenset())
        found: list[KubeObject] = []
        for name in self._asked.namespaces:
            query = {"fieldSelector": f"metadata.name={name}"}
            seen = await self._kube.everything(resource.path(), keep, query=query)
            found += [each for each in seen if each.name == name]
            if not any(each.name == name for each in found):
                raise UsageError(f"there is no namespace `{name}`", place="--namespace")
        return found

    async def _or_unread(self, kind: str, work: Awaitable[T], *, namespaced: bool) -> T | None:
        try:
            return await work
        except (KubeRefusedError, KubeUnavailableError) as error:
            outside = bool(self._asked.namespaces) and not namespaced
            if kind not in {each.kind for each in self.unread}:
                self.unread.append(UnreadKind(kind, error.message, kind in self._makers, outside))
            return None


def _in_turn(resources: Iterable[Resource]) -> Iterator[list[Resource]]:
    made_last = (frozenset({"ReplicaSet", "Job"}), frozenset({"Pod"}))
    resources = list(resources)
    yield [each for each in resources if not any(each.key in kinds for kinds in made_last)]
    for kinds in made_last:
        yield [each for each in resources if each.key in kinds]


def _behind_silent_servers(served: Served, kinds: frozenset[str]) -> Iterator[UnreadKind]:
    """Kinds of groups whose own server does not answer: whether there are such objects is not known."""
    groups = {name.partition("/")[0]: name for name in served.unread}
    known = {each.key for each in served.resources}
    for kind in sorted(kinds - known):
        group = kind.partition(".")[2]
        if group in groups:
            yield UnreadKind(kind, f"the server behind {groups[group]} does not answer")
