"""What Helm's deployed releases hold beside what their cluster has: the next `helm upgrade` begins from that."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from fairlead.kube.errors import KubeRefusedError, KubeUnavailableError
from fairlead.kube.reader import KubeReader
from fairlead.manifests import Problem
from fairlead.manifests.releases import RELEASE_TYPE, Release, decode_release, is_release
from fairlead.snapshot.inventory import UnreadKind
from fairlead.snapshot.objects import KubeObject

TYPE = RELEASE_TYPE
# https://helm.sh/docs/topics/advanced/#storage-backends
_DEPLOYED = {"labelSelector": "owner=helm,status=deployed"}
_BACKENDS = {"Secret": "secrets", "ConfigMap": "configmaps"}
# A release is up to a megabyte packed, and ten times that as text.
_PAGE = 10


class Releases(NamedTuple):
    objects: tuple[KubeObject, ...]
    unread: tuple[UnreadKind, ...]


async def read(
    kube: KubeReader, namespaces: Sequence[str], live: Sequence[KubeObject], namespaced: frozenset[str]
) -> Releases:
    """`namespaced` are the kinds (`KubeObject.key`) that live in a namespace, by the server's word."""
    unread: list[UnreadKind] = []
    decoded: list[Release | Problem | None] = []
    for kind, plural in _BACKENDS.items():
        for namespace in namespaces or ("",):
            path = f"/api/v1/namespaces/{namespace}/{plural}" if namespace else f"/api/v1/{plural}"
            try:
                decoded += await kube.everything(path, _decoder(kind), page=_PAGE, query=_DEPLOYED)
            except (KubeRefusedError, KubeUnavailableError) as error:
                unread.append(UnreadKind(f"Helm releases in {plural}", error.message))
    there = {(each.key, each.namespace, each.name, each.api_version) for each in live}
    objects: list[KubeObject] = []
    for each in decoded:
        if isinstance(each, Problem):
            unread.append(UnreadKind("Helm release", each.what))
        elif each is not None:
            unread += [
                UnreadKind(f"Helm release {each.namespace}/{each.name}", said.what) for said in each.read.problems
            ]
            own = (_placed(made, each.namespace, namespaced) for made in each.read.objects)
            objects += [made for made in own if (made.key, made.namespace, made.name, made.api_version) not in there]
    return Releases(tuple(objects), tuple(unread))


def _decoder(kind: str) -> Any:
    def decode(raw: msgspec.Raw) -> Release | Problem | None:
        each = KubeObject({"apiVersion": "v1", "kind": kind, **msgspec.json.decode(raw, type=dict[str, Any])})
        return decode_release(each) if is_release(each) else None

    return decode


def _placed(each: KubeObject, namespace: str, namespaced: frozenset[str]) -> KubeObject:
    """In the release's namespace, where it names none itself and its kind has one."""
    if each.namespace or each.key not in namespaced:
        return each
    metadata = each.raw.get("metadata")
    named = {**(metadata if isinstance(metadata, dict) else {}), "namespace": namespace}
    return KubeObject({**each.raw, "metadata": named}, each.place)
