"""Every call that would change something, as JSON lines in the twin's folder: what was asked for, and the answer."""

from pathlib import Path
from typing import Any

import msgspec


class AuditLine(msgspec.Struct, frozen=True):
    """`operation`: the one that was started, else empty; `error`: the gRPC code, else empty."""

    time: str
    method: str
    target: str
    request: dict[str, Any]
    operation: str = ""
    error: str = ""


def audit_file(folder: Path) -> Path:
    return folder / "gke-audit.jsonl"


def write(folder: Path, line: AuditLine) -> None:
    with audit_file(folder).open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")


def read(folder: Path) -> list[AuditLine]:
    """In the order they came; none where nothing was asked for yet."""
    try:
        lines = audit_file(folder).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [msgspec.json.decode(line, type=AuditLine) for line in lines]
