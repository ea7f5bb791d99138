"""Which kinds an API server serves: in one answer where it can, else group by group."""

import asyncio

import msgspec

from fairlead.kube.link import KubeLink

_PLAIN = "application/json"
# https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
_AGGREGATED = ",".join(
    (*(f"{_PLAIN};g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList" for v in ("v2", "v2beta1")), _PLAIN)
)


class _Name(msgspec.Struct):
    name: str = ""


class _Kind(msgspec.Struct):
    kind: str


class _Resource(msgspec.Struct, rename="camel"):
    response_kind: _Kind | None = None


class _Version(msgspec.Struct):
    version: str
    resources: list[_Resource] | None = None


class _Group(msgspec.Struct):
    metadata: _Name
    versions: list[_Version] | None = None


class _Groups(msgspec.Struct):
    """The aggregated form; `kind` tells it from the plain one."""

    kind: str
    items: list[_Group] | None = None


class _PlainVersion(msgspec.Struct, rename="camel"):
    group_version: str


class _PlainGroup(msgspec.Struct):
    versions: list[_PlainVersion] | None = None


class _PlainGroups(msgspec.Struct):
    groups: list[_PlainGroup] | None = None
    versions: list[str] | None = None


class _PlainResource(msgspec.Struct):
    name: str
    kind: str


class _PlainResources(msgspec.Struct):
    resources: list[_PlainResource] | None = None


async def served_kinds(link: KubeLink) -> frozenset[str]:
    """`apiVersion/Kind` of everything: `v1/Pod`, `apps/v1/Deployment`."""
    found: set[str] = set()
    for root in ("/api", "/apis"):
        answer = await link.read_as(_AGGREGATED, root)
        groups = msgspec.json.decode(answer.content, type=_Groups)
        if groups.kind == "APIGroupDiscoveryList":
            found |= _kinds(groups)
        else:
            found |= await _kinds_one_by_one(link, root, answer.content)
    return frozenset(found)


def _kinds(groups: _Groups) -> set[str]:
    return {
        f"{group.metadata.name}/{version.version}/{resource.response_kind.kind}".lstrip("/")
        for group in groups.items or ()
        for version in group.versions or ()
        for resource in version.resources or ()
        if resource.response_kind is not None
    }


async def _kinds_one_by_one(link: KubeLink, root: str, content: bytes) -> set[str]:
    plain = msgspec.json.decode(content, type=_PlainGroups)
    named = list(plain.versions or ())
    named += [version.group_version for group in plain.groups or () for version in group.versions or ()]
    return {kind for kinds in await asyncio.gather(*(_kinds_of(link, root, each) for each in named)) for kind in kinds}


async def _kinds_of(link: KubeLink, root: str, group_version: str) -> set[str]:
    # An aggregated API whose server is away answers 503; what it serves is then not served.
    answer = await link.read(f"{root}/{group_version}", fine=(404, 503))
    if not answer.is_success:
        return set()
    resources = msgspec.json.decode(answer.content, type=_PlainResources).resources or ()
    return {f"{group_version}/{resource.kind}" for resource in resources if "/" not in resource.name}
