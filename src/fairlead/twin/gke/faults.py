"""Faults on request: a list on disk in the twin's folder, added to by people and tests, used up by the emulator."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from fairlead.model import wire


class FailCall(msgspec.Struct, frozen=True, tag_field="kind", tag="fail-call"):
    """The next `times` calls of `method` (`UpdateMaster`) are answered with gRPC code `code` (`UNAVAILABLE`)."""

    method: str
    code: str
    times: int = 1
    message: str = "injected fault"


class FailOperation(msgspec.Struct, frozen=True, tag_field="kind", tag="fail-operation"):
    """
    The next `times` operations of type `operation` (`UPGRADE_NODES`; on `cluster` and `pool` where given) end DONE
    with an error inside, a roll after `after_nodes` nodes.
    """

    operation: str
    cluster: str = ""
    pool: str = ""
    times: int = 1
    message: str = "injected failure"
    after_nodes: int = 0


class StallOperation(msgspec.Struct, frozen=True, tag_field="kind", tag="stall-operation"):
    """Operations of this type make no progress until the fault is cleared or they are cancelled."""

    operation: str
    cluster: str = ""
    pool: str = ""


class NeverReady(msgspec.Struct, frozen=True, tag_field="kind", tag="never-ready"):
    """The next `times` nodes made in this pool never get Ready."""

    cluster: str
    pool: str
    times: int = 1


class StockOut(msgspec.Struct, frozen=True, tag_field="kind", tag="stock-out"):
    """No more than `available` extra nodes can be had for this pool at a time (ZONE_RESOURCE_POOL_EXHAUSTED)."""

    cluster: str
    pool: str
    available: int = 0


class GoogleOperation(msgspec.Struct, frozen=True, tag_field="kind", tag="google-operation"):
    """Google starts an operation by itself: it holds the cluster for `seconds`, or really upgrades to `version`."""

    operation: str
    cluster: str
    pool: str = ""
    seconds: float = 5.0
    version: str = ""


class MissingZone(msgspec.Struct, frozen=True, tag_field="kind", tag="missing-zone"):
    """Clusters in this zone or region are not listed, and it is named in `missing_zones`."""

    zone: str


Fault = FailCall | FailOperation | StallOperation | NeverReady | StockOut | GoogleOperation | MissingZone


class _Faults(msgspec.Struct):
    faults: list[Fault] = []


F = TypeVar("F", FailCall, FailOperation, NeverReady)
_Counted = FailCall | FailOperation | NeverReady


def inject(folder: Path, fault: Fault) -> None:
    """Add a fault to the twin in `folder`."""
    with _changing(folder) as held:
        held.faults.append(fault)


def clear(folder: Path) -> None:
    """Take every fault back that has not happened yet."""
    with _changing(folder) as held:
        held.faults.clear()


def faults(folder: Path) -> list[Fault]:
    """Those that are still to happen."""
    return _read(_file(folder)).faults


def take(folder: Path, kind: type[F], wanted: Callable[[F], bool]) -> F | None:
    """Use up one time of the first fault of this kind that is wanted."""
    if not any(isinstance(fault, kind) and wanted(fault) for fault in faults(folder)):
        return None
    with _changing(folder) as held:
        for index, fault in enumerate(held.faults):
            if isinstance(fault, kind) and wanted(fault):
                left = msgspec.structs.replace(fault, times=fault.times - 1)
                held.faults[index : index + 1] = [left] if left.times > 0 else []
                return fault
    return None


def take_google_operations(folder: Path, may_start: Callable[[GoogleOperation], bool]) -> list[GoogleOperation]:
    """Those that may start now, taken off the list."""
    if not any(isinstance(fault, GoogleOperation) for fault in faults(folder)):
        return []
    with _changing(folder) as held:
        taken = [fault for fault in held.faults if isinstance(fault, GoogleOperation) and may_start(fault)]
        held.faults = [fault for fault in held.faults if fault not in taken]
    return taken


@contextmanager
def _changing(folder: Path) -> Iterator[_Faults]:
    """Read, change and write as one step, whichever process does it."""
    path = _file(folder)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = _read(path)
        yield held
        draft = path.with_suffix(".new")
        draft.write_bytes(wire.encode(held))
        draft.replace(path)


def _read(path: Path) -> _Faults:
    try:
        return wire.decode(path.read_bytes(), _Faults)
    except FileNotFoundError:
        return _Faults()


def _file(folder: Path) -> Path:
    return folder / "gke-faults.json"
