"""What is kept of an object that an API server lists: neither what others made again of it, nor secrets, nor bulk."""

from collections.abc import Callable
from typing import Any

import msgspec

from fairlead.kube.discovery import Resource
from fairlead.snapshot.objects import KubeObject, key_of

# A copy of the whole object, of a Secret's values too.
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KIB = 1024


class _Owner(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    controller: bool = False


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    owner_references: list[_Owner] | None = None


class _Owned(msgspec.Struct, frozen=True):
    metadata: _Meta = _Meta()


_OWNED = msgspec.json.Decoder(_Owned)
_WHOLE = msgspec.json.Decoder(dict[str, Any])


def keeping(resource: Resource, makers: frozenset[str]) -> Callable[[msgspec.Raw], KubeObject | None]:
    """
    Turns a listed object into what is kept. None for what a controller of `makers` (kinds that were read) owns: it
    says again what its maker says, and there may be 30,000 of it.
    """

    def keep(raw: msgspec.Raw) -> KubeObject | None:
        if makers and _is_made(_OWNED.decode(raw), makers):
            return None
        whole = {"apiVersion": resource.api_version, "kind": resource.kind, **_WHOLE.decode(raw)}
        _strip(whole)
        return KubeObject(whole)

    return keep


def _is_made(owned: _Owned, makers: frozenset[str]) -> bool:
    owners = owned.metadata.owner_references or ()
    return any(each.controller and key_of(each.api_version.rpartition("/")[0], each.kind) in makers for each in owners)


def _strip(whole: dict[str, Any]) -> None:
    metadata = whole.get("metadata")
    if isinstance(metadata, dict):
        _strip_metadata(metadata, whole["apiVersion"])
    match whole:
        case {"kind": "Secret", "apiVersion": "v1"}:
            whole.update({field: _hidden(whole[field]) for field in ("data", "stringData") if field in whole})
        case {"kind": "Node", "apiVersion": "v1", "status": dict(status)}:
            status.pop("images", None)
        case {"kind": "CustomResourceDefinition", "spec": {"versions": list(versions)}}:
            for version in versions:
                version.get("schema", {}).get("openAPIV3Schema", {}).pop("properties", None)


def _strip_metadata(metadata: dict[str, Any], api_version: str) -> None:
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        annotations.pop(_APPLIED, None)
    # Of who wrote which field only this is looked at: who writes by another version of the API than this one.
    fields = [
        {name: value for name, value in entry.items() if name != "fieldsV1"}
        for entry in metadata.pop("managedFields", None) or ()
        if entry.get("apiVersion") != api_version
    ]
    if fields:
        metadata["managedFields"] = fields


def _hidden(values: Any) -> dict[str, str]:
    """Names stay; values become so many letters that is seen whether they are empty, short or how large."""
    if not isinstance(values, dict):
        return {}
    return {name: _letters(len(value)) if isinstance(value, str) else "" for name, value in values.items()}


def _letters(length: int) -> str:
    # Four, because values are base64; a short value's length would tell something of a password.
    return "A" * (length // _KIB * _KIB or min(length, 4))
