"""Fields, values, labels and annotations that Kubernetes no longer wants or heeds, in APIs that stay."""

from functools import cache
from typing import Literal

import msgspec

from fairlead.knowledge.minors import Minor
from fairlead.knowledge.stored import stored
from fairlead.model.version import Version


class Retired(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    One of them, with what to write instead (`use`).

    `on` are the kinds that carry it; `Pod` is also every pod template. `names` are as written, with `*` for any text; a
    value is `path=value`. From `stops` on it has no effect or is refused; where `planned`, that was only announced.
    """

    form: Literal["field", "value", "volume", "annotation", "label", "setting"]
    on: tuple[str, ...]
    names: tuple[str, ...]
    deprecated: Minor | None = None
    stops: Minor | None = None
    planned: bool = False
    use: str
    note: str = ""
    source: str


class RetiredTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: str
    entries: tuple[Retired, ...]


@cache
def known() -> RetiredTable:
    return stored("retired", RetiredTable)


def stops_between(from_minor: Version | Minor | str, to_minor: Version | Minor | str) -> tuple[Retired, ...]:
    """What the first minor still heeds and the second does not, announced ends included."""
    here, there = Minor.of(from_minor), Minor.of(to_minor)
    return tuple(each for each in known().entries if each.stops and here < each.stops <= there)
