"""`getHours()` and its like, of timestamps in a time zone and of durations."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

import re
from functools import cache
from typing import Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.library.moments import civil, days_since_1970
from fairlead.checks.cel.operators import no_overload
from fairlead.checks.cel.values import Duration, Timestamp

_SECOND = 1_000_000_000
_OFFSET = re.compile(r"([+-]?)([0-9]+):([+-]?[0-9]+)", re.ASCII)


def _local(name: str, value: Any, zone: Any) -> tuple[int, int, int, int, int]:
    if type(value) is not Timestamp:
        no_overload(name, value)
    if zone is None:
        return civil(value.nanoseconds)
    if type(zone) is not str:
        no_overload(name, value, zone)
    return civil(value.nanoseconds + _offset(zone, value) * _SECOND)


def _offset(zone: str, moment: Timestamp) -> int:
    """Seconds east of Greenwich at that moment."""
    if ":" in zone:
        found = _OFFSET.fullmatch(zone)
        if found is None:
            raise CelError(f"`{zone}` is not an offset such as `-03:30`")
        seconds = int(found[2]) * 3600 + int(found[3]) * 60
        return -seconds if found[1] == "-" else seconds
    if zone in {"", "UTC"}:
        return 0
    from datetime import UTC, datetime, timedelta

    # Python's calendar ends where CEL's does: a day inside, it can still be asked for the zone.
    seconds = min(max(moment.nanoseconds // _SECOND, Timestamp.EARLIEST + 86400), Timestamp.LATEST - 86400)
    whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    offset = _zone(zone).utcoffset(whole.astimezone(_zone(zone)))
    return int(offset.total_seconds()) if offset else 0


@cache
def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise CelError(f"unknown time zone {name}") from error


def m_getFullYear(value: Any, zone: Any = None) -> int:
    return _local("getFullYear", value, zone)[0]


def m_getMonth(value: Any, zone: Any = None) -> int:
    """From 0."""
    return _local("getMonth", value, zone)[1] - 1


def m_getDate(value: Any, zone: Any = None) -> int:
    """The day of the month, from 1."""
    return _local("getDate", value, zone)[2]


def m_getDayOfMonth(value: Any, zone: Any = None) -> int:
    """From 0."""
    return _local("getDayOfMonth", value, zone)[2] - 1


def m_getDayOfYear(value: Any, zone: Any = None) -> int:
    """From 0."""
    year, month, day, *_ = _local("getDayOfYear", value, zone)
    return days_since_1970(year, month, day) - days_since_1970(year, 1, 1)


def m_getDayOfWeek(value: Any, zone: Any = None) -> int:
    """Sunday is 0."""
    year, month, day, *_ = _local("getDayOfWeek", value, zone)
    return (days_since_1970(year, month, day) + 4) % 7  # 1970 began on a Thursday


def m_getHours(value: Any, zone: Any = None) -> int:
    if type(value) is Duration and zone is None:
        return _whole(value, 3600 * _SECOND)
    return _local("getHours", value, zone)[3] // 3600


def m_getMinutes(value: Any, zone: Any = None) -> int:
    if type(value) is Duration and zone is None:
        return _whole(value, 60 * _SECOND)
    return _local("getMinutes", value, zone)[3] // 60 % 60


def m_getSeconds(value: Any, zone: Any = None) -> int:
    if type(value) is Duration and zone is None:
        return _whole(value, _SECOND)
    return _local("getSeconds", value, zone)[3] % 60


def m_getMilliseconds(value: Any, zone: Any = None) -> int:
    if type(value) is Duration and zone is None:
        return _whole(value, 1_000_000)
    return _local("getMilliseconds", value, zone)[4] // 1_000_000


def _whole(duration: Duration, unit: int) -> int:
    """Rounded towards zero."""
    count = abs(duration.nanoseconds) // unit
    return -count if duration.nanoseconds < 0 else count
