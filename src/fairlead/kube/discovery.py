"""Which APIs a server serves: in two answers where it offers aggregated discovery, else one for each group version."""

import asyncio
from collections.abc import Iterable, Iterator

import msgspec

from fairlead.kube.connection import Connection
from fairlead.kube.decoding import decode
from fairlead.kube.errors import KubeUnavailableError

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


class _Name(msgspec.Struct, frozen=True):
    name: str = ""


class _Kind(msgspec.Struct, frozen=True):
    kind: str = ""


class _AggregatedResource(msgspec.Struct, frozen=True, rename="camel"):
    response_kind: _Kind | None = None


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


class _Resources(msgspec.Struct, frozen=True):
    resources: list[_Resource] | None = None


async def apis(connection: Connection) -> Apis:
    """KubeUnavailableError and KubeRefusedError where the server itself does not tell."""
    served: set[str] = set()
    unread: list[str] = []
    for path in ("/api", "/apis"):
        found = decode(await connection.get(path, accept=_AGGREGATED), _Groups, path)
        if found.kind == "APIGroupDiscoveryList":
            part = _aggregated(found.items or [])
        else:
            part = await _one_by_one(connection, path, list(_group_versions(found)))
        served |= part.served
        unread += part.unread
    return Apis(frozenset(served), tuple(sorted(unread)))


def _aggregated(groups: Iterable[_AggregatedGroup]) -> Apis:
    served: set[str] = set()
    unread: list[str] = []
    for group in groups:
        for version in group.versions or []:
            name = f"{group.metadata.name or 'core'}/{version.version}"
            kinds = [each.response_kind.kind for each in version.resources or [] if each.response_kind]
            served.update(f"{name}/{kind}" for kind in kinds)
            if version.freshness == "Stale":
                unread.append(name)
    return Apis(frozenset(served), tuple(unread))


def _group_versions(found: _Groups) -> Iterator[str]:
    yield from found.versions or []
    for group in found.groups or []:
        yield from (version.group_version for version in group.versions or [])


async def _one_by_one(connection: Connection, path: str, names: list[str]) -> Apis:
    kinds = await asyncio.gather(*(_kinds(connection, f"{path}/{name}") for name in names))
    served: set[str] = set()
    for name, found in zip(names, kinds, strict=True):
        full = name if "/" in name else f"core/{name}"
        served.update(f"{full}/{kind}" for kind in found or ())
    return Apis(frozenset(served), tuple(name for name, found in zip(names, kinds, strict=True) if found is None))


async def _kinds(connection: Connection, path: str) -> frozenset[str] | None:
    """None where the server behind a group version does not answer: the other groups are still there."""
    try:
        body = await connection.get(path)
    except KubeUnavailableError:
        return None
    # `pods/log` and its like are parts of a resource, not kinds of their own.
    found = decode(body, _Resources, path).resources or []
    return frozenset(each.kind for each in found if "/" not in each.name)
