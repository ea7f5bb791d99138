"""What is kept of an object that an API server lists: neither what others made again of it, nor secrets, nor bulk."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from fairlead.kube.discovery import Resource
from fairlead.snapshot.objects import KubeObject, key_of

# A copy of the whole object, of a Secret's values too.
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KIB = 1024


class _Owner(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    api_version: str = ""
    kind: str = ""
    name: str = ""
    controller: bool = False


class _Meta(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str = ""
    namespace: str = ""
    owner_references: list[_Owner] | None = None
    deletion_timestamp: str | None = None


class _Status(msgspec.Struct, frozen=True, omit_defaults=True):
    phase: str | None = None
    reason: str | None = None


class _Made(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of an object that repeats its maker."""

    metadata: _Meta = _Meta()
    status: _Status = _Status()


_MADE = msgspec.json.Decoder(_Made)
_WHOLE = msgspec.json.Decoder(dict[str, Any])


def keeping(resource: Resource, makers: frozenset[str]) -> Callable[[msgspec.Raw], KubeObject]:
    """
    Turns a listed object into what is kept. What a controller of `makers` (kinds that were read) owns says again what
    its maker says, and there may be 30,000 of it: of that only whose it is, where and whether it has ended.
    """

    def keep(raw: msgspec.Raw) -> KubeObject:
        head = {"apiVersion": resource.api_version, "kind": resource.kind}
        if makers and _is_made(made := _MADE.decode(raw), makers):
            return KubeObject(head | _in_few_words(made))
        whole = head | _WHOLE.decode(raw)
        _strip(whole)
        return KubeObject(whole)

    return keep


def keeping_metadata(resource: Resource, **more: str) -> Callable[[msgspec.Raw], KubeObject]:
    """The same for lists of PartialObjectMetadata; `more` is known of all of them."""
    keep = keeping(resource, frozenset())

    def keep_metadata(raw: msgspec.Raw) -> KubeObject:
        whole = keep(raw).raw
        return KubeObject(
            {"apiVersion": resource.api_version, "kind": resource.kind, **more, "metadata": whole.get("metadata")}
        )

    return keep_metadata


def _is_made(made: _Made, makers: frozenset[str]) -> bool:
    owners = made.metadata.owner_references or ()
    return any(each.controller and key_of(each.api_version.rpartition("/")[0], each.kind) in makers for each in owners)


def _in_few_words(made: _Made) -> dict[str, Any]:
    words: dict[str, Any] = msgspec.to_builtins(made)
    metadata = words["metadata"]
    # Thousands of them are in one namespace, and dozens have one owner.
    for holder in (metadata, words.get("status", {}), *metadata.get("ownerReferences", ())):
        for name in ("namespace", "apiVersion", "kind", "phase", "reason"):
            if name in holder:
                holder[name] = sys.intern(holder[name])
    return words


def _strip(whole: dict[str, Any]) -> None:
    metadata = whole.get("metadata")
    if isinstance(metadata, dict):
        _strip_metadata(metadata)
    match whole:
        case {"kind": "Secret", "apiVersion": "v1"}:
            whole.update({field: _hidden(whole[field]) for field in ("data", "stringData") if field in whole})
        case {"kind": "Node", "apiVersion": "v1", "status": dict(status)}:
            status.pop("images", None)
        case {"kind": "CustomResourceDefinition", "spec": {"versions": list(versions)}}:
            for version in versions:
                version.get("schema", {}).get("openAPIV3Schema", {}).pop("properties", None)


def _strip_metadata(metadata: dict[str, Any]) -> None:
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict) and _APPLIED in annotations:
        annotations[_APPLIED] = _version_in(annotations[_APPLIED])
    # Who wrote by which version of the API; not which fields, which is longer than the object.
    fields = [
        {name: value for name, value in entry.items() if name not in {"fieldsV1", "fieldsType"}}
        for entry in metadata.pop("managedFields", None) or ()
    ]
    if fields:
        metadata["managedFields"] = fields


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""


def _version_in(applied: Any) -> str:
    """Of what was applied only what it was."""
    try:
        return msgspec.json.encode(msgspec.json.decode(applied, type=_Version)).decode()
    except (msgspec.MsgspecError, TypeError):
        return "{}"


def _hidden(values: Any) -> dict[str, str]:
    """Names stay; values become so many letters that is seen whether they are empty, short or how large."""
    if not isinstance(values, dict):
        return {}
    return {name: _letters(len(value)) if isinstance(value, str) else "" for name, value in values.items()}


def _letters(length: int) -> str:
    # Four, because values are base64; a short value's length would tell something of a password.
    return "A" * (length // _KIB * _KIB or min(length, 4))
