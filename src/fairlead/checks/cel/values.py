"""What CEL has and JSON has not. Everything else is plain Python: dict, list, str, int, float, bool, None, bytes."""

from collections.abc import Iterator
from typing import Any, Final

from fairlead.checks.cel.errors import CelError

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
UINT_MAX: Final = 2**64 - 1


class UInt(int):
    """An unsigned 64 bit integer."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


class CelType:
    """What `type(x)` gives, and what `int`, `string`, … stand for as values."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is CelType and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return self.name


class Optional:
    """A value, or none. Selecting from it selects from the value, if there is one."""

    __slots__ = ("_value", "has_value")

    def __init__(self, value: Any = None, *, has_value: bool = True) -> None:
        self._value = value
        self.has_value = has_value

    @property
    def value(self) -> Any:
        if not self.has_value:
            raise CelError("optional.none() dereference")
        return self._value

    def __getitem__(self, key: Any) -> "Optional":
        from fairlead.checks.cel.operators import optional_index

        return optional_index(self, key)

    def __eq__(self, other: object) -> bool:
        from fairlead.checks.cel.operators import equal

        if type(other) is not Optional or other.has_value != self.has_value:
            return False
        return not self.has_value or equal(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"optional.of({self._value!r})" if self.has_value else "optional.none()"


NONE: Final = Optional(has_value=False)


class Duration:
    """A length of time in nanoseconds, as a signed 64 bit integer."""

    __slots__ = ("nanoseconds",)

    def __init__(self, nanoseconds: int) -> None:
        if not INT_MIN <= nanoseconds <= INT_MAX:
            raise CelError("duration out of range")
        self.nanoseconds = nanoseconds

    def __eq__(self, other: object) -> bool:
        return type(other) is Duration and other.nanoseconds == self.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def __repr__(self) -> str:
        return f"duration({self.nanoseconds}ns)"


class Timestamp:
    """A moment between the years 1 and 9999: nanoseconds since 1970. `offset`, in seconds, is how it was written."""

    __slots__ = ("nanoseconds", "offset")

    EARLIEST = -62_135_596_800
    LATEST = 253_402_300_799

    def __init__(self, nanoseconds: int, offset: int = 0) -> None:
        if not self.EARLIEST <= nanoseconds // 1_000_000_000 <= self.LATEST:
            raise CelError("timestamp out of range")
        self.nanoseconds = nanoseconds
        self.offset = offset

    def __eq__(self, other: object) -> bool:
        return type(other) is Timestamp and other.nanoseconds == self.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def __repr__(self) -> str:
        return f"timestamp({self.nanoseconds}ns)"


class MixedMap:
    """A map whose keys are not all of one type: a dict would take `true`, `1` and `1u` for the same key."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[tuple[type, Any], tuple[Any, Any]] = {}

    def __setitem__(self, key: Any, value: Any) -> None:
        self._entries[type(key), key] = key, value

    def __getitem__(self, key: Any) -> Any:
        return self._entries[type(key), key][1]

    def __contains__(self, key: Any) -> bool:
        return (type(key), key) in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._entries.values())

    def keys(self) -> list[Any]:
        return list(self)

    def items(self) -> list[tuple[Any, Any]]:
        return list(self._entries.values())

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{key}: {value!r}' for key, value in self.items())}}}"


TYPE_NAMES: Final[dict[type, str]] = {
    bool: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    MixedMap: "map",
    type(None): "null_type",
    CelType: "type",
    Optional: "optional_type",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
}


def type_name(value: Any) -> str:
    """The name CEL has for the type of a value."""
    kind = type(value)
    return TYPE_NAMES.get(kind) or str(getattr(kind, "cel_type", kind.__name__))
