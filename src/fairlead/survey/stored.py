"""An inventory as a file: a line that says what it is, then a line for each object; packed where the name says so."""

import gzip
import os
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from fairlead.model.errors import UsageError
from fairlead.snapshot.inventory import Inventory, UnreadKind
from fairlead.snapshot.objects import KubeObject, Place

SCHEMA = "fairlead.dev/inventory/v1"
_KIND = b'{"schema":"fairlead.dev/inventory/'
_GZIP = b"\x1f\x8b"


class _Head(msgspec.Struct):
    """The first line. `objects` is their number, so that half a file is not taken for a whole one."""

    schema: str
    cluster: str
    taken: datetime
    version: str
    objects: int
    kinds: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    unread: tuple[UnreadKind, ...] = ()
    others: tuple[str, ...] = ()


class _Line(msgspec.Struct, omit_defaults=True):
    """`origin` is the Helm release it comes from, empty for what the cluster has."""

    object: dict[str, Any]
    origin: str = ""


def is_inventory(path: Path) -> bool:
    """Whether a file says so in its first line, of whatever version."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            if file.read(len(_GZIP)) != _GZIP:
                file.seek(0)
                return file.read(len(_KIND)) == _KIND
        with gzip.open(path) as unpacked:
            return unpacked.read(len(_KIND)) == _KIND
    except (OSError, EOFError, zlib.error):
        return False


def write_inventory(path: Path, inventory: Inventory) -> None:
    """For its owner alone: it holds configuration. UsageError where it cannot be written."""
    head = _Head(
        SCHEMA,
        inventory.cluster,
        inventory.taken,
        inventory.version,
        len(inventory.objects),
        tuple(sorted(inventory.kinds)),
        inventory.namespaces,
        inventory.unread,
        tuple(sorted(inventory.others)),
    )
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(half, "xb", opener=_for_its_owner) as file:
            _write_lines(file, head, inventory, packed=path.suffix == ".gz")
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise UsageError(f"cannot be written: {error.strerror}", place=str(path)) from error


def read_inventory(path: Path) -> Inventory:
    """UsageError where it cannot be read, is not whole, or is of a version we do not know."""
    try:
        with _opened(path) as file:
            head = _head(file, path)
            objects = tuple(_objects(file, path))
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"cannot be read: {error}", place=str(path)) from error
    if len(objects) != head.objects:
        raise UsageError(f"it is cut off: {len(objects)} of {head.objects} objects", place=str(path))
    return Inventory(
        head.cluster,
        head.taken,
        head.version,
        objects,
        frozenset(head.kinds),
        head.namespaces,
        head.unread,
        frozenset(head.others),
    )


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_lines(file: BinaryIO, head: _Head, inventory: Inventory, *, packed: bool) -> None:
    if packed:
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as inner:
            _write_lines(cast("BinaryIO", inner), head, inventory, packed=False)
        return
    encoder = msgspec.json.Encoder()
    file.write(encoder.encode(head) + b"\n")
    file.writelines(encoder.encode(_Line(each.raw, each.place.file)) + b"\n" for each in inventory.objects)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return cast("BinaryIO", gzip.open(path) if packed else path.open("rb"))


def _head(file: BinaryIO, path: Path) -> _Head:
    first = file.readline()
    if not first.startswith(_KIND):
        raise UsageError("is no inventory of a cluster", place=str(path), hint="`--save FILE` writes one")
    try:
        head = msgspec.json.decode(first, type=_Head)
    except msgspec.MsgspecError as error:
        raise UsageError(f"its first line cannot be read: {error}", place=str(path)) from error
    if head.schema != SCHEMA:
        raise UsageError(f"is of `{head.schema}`, this Fairlead reads `{SCHEMA}`", place=str(path))
    return head


def _objects(file: BinaryIO, path: Path) -> Iterator[KubeObject]:
    decoder = msgspec.json.Decoder(_Line)
    for number, line in enumerate(file, 2):
        try:
            read = decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise UsageError(f"cannot be read: {error}", place=f"{path}:{number}") from error
        yield KubeObject(read.object, Place(read.origin))
