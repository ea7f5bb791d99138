"""How our nouns look as JSON: one encoder and one decoder for files, wires and workflow histories."""

from typing import Any, TypeVar

import msgspec

from fairlead.model.duration import Duration
from fairlead.model.version import Version

T = TypeVar("T")

_AS_TEXT: dict[type, Any] = {Version: Version.parse, Duration: Duration.parse}


def to_plain(value: Any) -> Any:
    """Msgspec's `enc_hook`: our own types as text."""
    if type(value) in _AS_TEXT:
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no form on the wire")


def from_plain(kind: type, value: Any) -> Any:
    """Msgspec's `dec_hook`: text as our own types."""
    if kind in _AS_TEXT and isinstance(value, str):
        return _AS_TEXT[kind](value)
    raise ValueError(f"expected text, got {type(value).__name__}")


def json_schema_of(kind: type) -> dict[str, Any]:
    """Msgspec's `schema_hook`."""
    if kind is Version:
        return {"type": "string", "examples": ["1.36.3-gke.1000"]}
    if kind is Duration:
        return {"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|d|h|m|s))+$", "examples": ["30s", "15m", "1h30m"]}
    raise NotImplementedError


def encode(value: Any) -> bytes:
    """Compact JSON."""
    return msgspec.json.encode(value, enc_hook=to_plain)


def encode_pretty(value: Any) -> str:
    """JSON with two spaces, as `-o json` prints it."""
    return msgspec.json.format(encode(value), indent=2).decode()


def decode(data: bytes | str, kind: type[T]) -> T:
    """Read JSON; msgspec.ValidationError names the path of what is wrong."""
    return msgspec.json.decode(data, type=kind, dec_hook=from_plain)


def convert(value: Any, kind: type[T]) -> T:
    """Read plain dicts and lists (from YAML); msgspec.ValidationError names the path of what is wrong."""
    return msgspec.convert(value, type=kind, dec_hook=from_plain)
