"""Reads the compiled data beside this module: JSON, because a command that starts fast cannot wait for YAML."""

from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


def stored(name: str, kind: type[T]) -> T:
    """`name`.json as a `kind`. Each caller keeps what it got."""
    return msgspec.json.decode((Path(__file__).parent / "data" / f"{name}.json").read_bytes(), type=kind)
