"""Decodes Helm's releases as it keeps them in a cluster: base64 of gzip of JSON, in a Secret or a ConfigMap."""

import base64
import binascii
import zlib
from typing import Any

import msgspec

from fairlead.manifests.found import Options, Problem, Read
from fairlead.manifests.gathering import Source
from fairlead.manifests.reading import Reader
from fairlead.snapshot.objects import KubeObject

RELEASE_TYPE = "helm.sh/release.v1"
# A Secret holds 1 MiB; manifests shrink to a twentieth, hostile bytes to a thousandth.
_MOST_UNPACKED = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b"


class _Info(msgspec.Struct, frozen=True):
    status: str = ""


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""
    version: str = ""


class _Chart(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()


class _Stored(msgspec.Struct, frozen=True):
    name: str
    manifest: str = ""
    namespace: str = ""
    version: int = 0
    info: _Info = _Info()
    chart: _Chart = _Chart()


class Release(msgspec.Struct, frozen=True):
    """One revision of a release; `read` holds its objects, whose places name `release NAMESPACE/NAME`."""

    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    chart_version: str
    read: Read


def is_release(each: KubeObject) -> bool:
    if each.key == "Secret":
        return each.raw.get("type") == RELEASE_TYPE
    return each.key == "ConfigMap" and each.labels.get("owner") == "helm" and "release" in _data(each)


def decode_release(each: KubeObject) -> Release | Problem:
    """The release in a Secret or ConfigMap, or the problem with it (DEL017)."""
    try:
        stored = msgspec.json.decode(_unpacked(each), type=_Stored)
    except (ValueError, zlib.error, RecursionError) as error:
        return Problem("DEL017", each.place, f"{each.ref} holds no Helm release that can be read: {error}")
    file = f"release {stored.namespace}/{stored.name}"
    reader = Reader(Options())
    reader.take_text(Source(file, stored.manifest.replace("\r\n", "\n"), named=False, lines=False))
    metadata = stored.chart.metadata
    return Release(
        stored.name,
        stored.namespace,
        stored.version,
        stored.info.status,
        metadata.name,
        metadata.version,
        reader.read,
    )


def _unpacked(each: KubeObject) -> bytes:
    data: Any = _data(each).get("release")
    if not isinstance(data, str):
        raise ValueError("it has no `data.release`")  # noqa: TRY004 — told like all that is wrong with its value
    try:
        packed = base64.b64decode(data, validate=False)
        # A Secret's value is base64 once more than a ConfigMap's.
        packed = packed if packed.startswith(_GZIP) else base64.b64decode(packed, validate=False)
    except binascii.Error as error:
        raise ValueError("it is no base64") from error
    if not packed.startswith(_GZIP):
        return packed
    unpacking = zlib.decompressobj(wbits=31)
    unpacked = unpacking.decompress(packed, _MOST_UNPACKED)
    if unpacking.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {_MOST_UNPACKED // 1024 // 1024} MB")
    return unpacked


def _data(each: KubeObject) -> dict[str, Any]:
    data = each.raw.get("data")
    return data if isinstance(data, dict) else {}
