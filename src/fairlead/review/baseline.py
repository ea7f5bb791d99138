"""The baseline: findings that were there when somebody began to check, so that only new ones count."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from fairlead.checks.found import Found
from fairlead.model.errors import UsageError


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a rule found something about one part of one object. Lines move, so they are not compared."""

    id: str
    subject: str
    item: str = ""
    count: int = 1


class Baseline(msgspec.Struct, frozen=True):
    findings: tuple[Known, ...]
    schema: str = "fairlead.dev/baseline/v1"


def read_baseline(path: Path) -> Baseline:
    """UsageError where the file cannot be read or is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise UsageError(
            f"cannot read the baseline: {error.strerror}", place=str(path), hint="`--write-baseline` makes one"
        ) from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"is no baseline: {error}", place=str(path)) from error


def write_baseline(path: Path, findings: Iterable[Found]) -> None:
    """In an order that does not change, so that its history can be read."""
    counted = Counter((found.id, found.subject, found.item) for found in findings)
    known = tuple(Known(*key, count=number) for key, number in sorted(counted.items()))
    text = msgspec.json.format(msgspec.json.encode(Baseline(known)), indent=1)
    try:
        path.write_bytes(text + b"\n")
    except OSError as error:
        raise UsageError(f"cannot write the baseline: {error.strerror}", place=str(path)) from error


def without_known(findings: Iterable[Found], baseline: Baseline) -> tuple[list[Found], int]:
    """What is new, and how many findings are known; of more than there were, the last are new."""
    left = Counter({(known.id, known.subject, known.item): known.count for known in baseline.findings})
    new: list[Found] = []
    seen = 0
    for found in findings:
        key = (found.id, found.subject, found.item)
        if left[key] > 0:
            left[key] -= 1
            seen += 1
        else:
            new.append(found)
    return new, seen
