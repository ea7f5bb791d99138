"""Which APIs a server serves: in two answers where it offers aggregated discovery, else one for each group version."""

import asyncio
from collections.abc import Iterable, Iterator

import msgspec

from fairlead.kube.connection import Connection
from fairlead.kube.decoding import decode
from fairlead.kube.errors import KubeUnavailableError
from fairlead.snapshot.objects import key_of

# Offered since Kubernetes 1.27 (`v2beta1`) and 1.30 (`v2`); what does not know it answers plain JSON instead.
# https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)


class Apis(msgspec.Struct, frozen=True):
    """
    `served`: `group/version/kind`, the core group is `core`. `unread`: group versions whose own server (one behind
    an APIService, such as metrics) does not answer; what they hold is not known.
    """

    served: frozenset[str]
    unread: tuple[str, ...] = ()


class Resource(msgspec.Struct, frozen=True):
    """One kind as a group version serves it. `group` is empty for the core group, `plural` its name in paths."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    listed: bool = True

    @property
    def key(self) -> str:
        """As `KubeObject.key`."""
        return key_of(self.group, self.kind)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "") -> str:
        """Of the list, of all namespaces or of one."""
        root = f"/apis/{self.group}" if self.group else "/api"
        within = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}/{self.version}{within}/{self.plural}"


class Served(msgspec.Struct, frozen=True):
    """`resources` in the server's order: of a group's versions the preferred one first. `unread` as in `Apis`."""

    resources: tuple[Resource, ...]
    unread: tuple[str, ...] = ()


class _Name(msgspec.Struct, frozen=True):
    name: str = ""


class _Kind(msgspec.Struct, frozen=True):
    kind: str = ""


class _AggregatedResource(msgspec.Struct, frozen=True, rename="camel"):
    resource: str = ""
    response_kind: _Kind | None = None
    scope: str = ""
    verbs: list[str] | None = None


class _AggregatedVersion(msgspec.Struct, frozen=True):
    version: str = ""
    resources: list[_AggregatedResource] | None = None
    freshness: str = ""


class _AggregatedGroup(msgspec.Struct, frozen=True):
    metadata: _Name = _Name()
    versions: list[_AggregatedVersion] | None = None


class _GroupVersion(msgspec.Struct, frozen=True, rename="camel"):
    group_version: str


class _Group(msgspec.Struct, frozen=True):
    versions: list[_GroupVersion] | None = None


class _Groups(msgspec.Struct, frozen=True):
    """One of `APIGroupDiscoveryList` (`items`), `APIGroupList` (`groups`) and `APIVersions` (`versions`)."""

    kind: str
    items: list[_AggregatedGroup] | None = None
    groups: list[_Group] | None = None
    versions: list[str] | None = None


class _Resource(msgspec.Struct, frozen=True):
    name: str
    kind: str
    namespaced: bool = False
    verbs: list[str] | None = None


class _Resources(msgspec.Struct, frozen=True):
    resources: list[_Resource] | None = None


async def apis(connection: Connection) -> Apis:
    """KubeUnavailableError and KubeRefusedError where the server itself does not tell."""
    found = await served(connection)
    names = (f"{each.group or 'core'}/{each.version}/{each.kind}" for each in found.resources)
    return Apis(frozenset(names), found.unread)


async def served(connection: Connection) -> Served:
    """As `apis`, with what it takes to list them."""
    resources: list[Resource] = []
    unread: list[str] = []
    for path in ("/api", "/apis"):
        found = decode(await connection.get(path, accept=_AGGREGATED), _Groups, path)
        if found.kind == "APIGroupDiscoveryList":
            part = _aggregated(found.items or [])
        else:
            part = await _one_by_one(connection, path, list(_group_versions(found)))
        resources += part.resources
        unread += part.unread
    return Served(tuple(resources), tuple(sorted(unread)))


def _aggregated(groups: Iterable[_AggregatedGroup]) -> Served:
    resources: list[Resource] = []
    unread: list[str] = []
    for group in groups:
        name = group.metadata.name
        for version in group.versions or []:
            resources += (
                Resource(
                    name,
                    version.version,
                    each.response_kind.kind,
                    each.resource,
                    namespaced=each.scope == "Namespaced",
                    listed="list" in (each.verbs or ()),
                )
                for each in version.resources or []
                if each.response_kind
            )
            if version.freshness == "Stale":
                unread.append(f"{name or 'core'}/{version.version}")
    return Served(tuple(resources), tuple(unread))


def _group_versions(found: _Groups) -> Iterator[str]:
    yield from found.versions or []
    for group in found.groups or []:
        yield from (version.group_version for version in group.versions or [])


async def _one_by_one(connection: Connection, path: str, names: list[str]) -> Served:
    answers = await asyncio.gather(*(_resources(connection, f"{path}/{name}") for name in names))
    resources: list[Resource] = []
    for name, found in zip(names, answers, strict=True):
        group, _, version = name.rpartition("/")
        resources += (
            Resource(
                group,
                version,
                each.kind,
                each.name,
                namespaced=each.namespaced,
                listed="list" in (each.verbs or ()),
            )
            for each in found or ()
        )
    return Served(tuple(resources), tuple(name for name, found in zip(names, answers, strict=True) if found is None))


async def _resources(connection: Connection, path: str) -> list[_Resource] | None:
    """None where the server behind a group version does not answer: the other groups are still there."""
    try:
        body = await connection.get(path)
    except KubeUnavailableError:
        return None
    # `pods/log` and its like are parts of a resource, not kinds of their own.
    return [each for each in decode(body, _Resources, path).resources or [] if "/" not in each.name]
