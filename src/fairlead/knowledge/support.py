"""Until when the Kubernetes project patches a minor (https://kubernetes.io/releases/patch-releases/)."""

import datetime as dt
from functools import cache

import msgspec

from fairlead.knowledge.minors import Minor
from fairlead.knowledge.stored import stored
from fairlead.model.version import Version


class Support(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    `released` is the day of x.y.0, None where we did not find it; `end` the last day, of minors still supported as
    announced.

    `last` is the final patch where there will be no other; `page` says where the days are from, if not the table's
    source.
    """

    minor: Minor
    released: dt.date | None = None
    end: dt.date
    last: str = ""
    page: str = ""

    def ended(self, day: dt.date) -> bool:
        return day > self.end


class SupportTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    checked: str
    minors: tuple[Support, ...]


@cache
def known() -> SupportTable:
    """By minor, oldest first."""
    return stored("support", SupportTable)


def of(minor: Version | Minor | str) -> Support | None:
    """The project's support of a minor; None where we do not know it. Providers may promise more."""
    wanted = Minor.of(minor)
    return next((each for each in known().minors if each.minor == wanted), None)


def supported_on(day: dt.date) -> tuple[Minor, ...]:
    """The minors out and patched on a day, oldest first; only as far as their days are known."""
    return tuple(each.minor for each in known().minors if each.released and each.released <= day <= each.end)
