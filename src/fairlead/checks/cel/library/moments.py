"""Durations and timestamps as text, read and written as Go does."""

import re

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.values import Duration, Timestamp

_SECOND = 1_000_000_000
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek mu
    "ms": 1_000_000,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_duration(text: str) -> Duration:
    """`1h30m`, `-1.5s`; CelError for anything else."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in {"+", "-"} else text
    if rest == "0":
        return Duration(0)
    total = position = 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None or part[3] not in _UNITS or not (part[1] or part[2]) or len(part[1]) > 20:
            break
        unit = _UNITS[part[3]]
        total += int(part[1] or "0") * unit
        if part[2]:
            # More digits than a nanosecond of an hour has are cut off, as Go does.
            fraction = part[2][:18]
            total += int(fraction) * unit // 10 ** len(fraction)
        position = part.end()
    if not rest or position < len(rest) or total > 2**63 - (sign > 0):
        raise CelError(f"type conversion error from 'string' to 'google.protobuf.Duration': {text!r}")
    return Duration(sign * total)


def format_duration(duration: Duration) -> str:
    """Seconds, with as many decimals as a double needs."""
    from decimal import Decimal

    seconds, nanoseconds = divmod(abs(duration.nanoseconds), _SECOND)
    value = float(seconds) + nanoseconds / 1e9
    text = format(Decimal(repr(value)), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{'-' if duration.nanoseconds < 0 else ''}{text}s"


def parse_timestamp(text: str) -> Timestamp:
    """RFC 3339, as Go reads it; CelError for anything else."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise _no_timestamp(text)
    year, month, day, hour, minute, second = (int(found[number]) for number in range(1, 7))
    if not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 59 or not 1 <= day <= days_in(year, month):
        raise _no_timestamp(text)
    offset = 0
    if found[8]:
        if int(found[9]) > 24 or int(found[10]) > 60:
            raise _no_timestamp(text)
        offset = (int(found[9]) * 3600 + int(found[10]) * 60) * (-1 if found[8] == "-" else 1)
    seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    fraction = int((found[7] or "0")[:9].ljust(9, "0"))
    return Timestamp(seconds * _SECOND + fraction, offset)


def format_timestamp(moment: Timestamp) -> str:
    """RFC 3339 with the offset it was written with, and no more decimals than needed."""
    year, month, day, second_of_day, fraction = civil(moment.nanoseconds + moment.offset * _SECOND)
    decimals = f".{fraction:09d}".rstrip("0").rstrip(".")
    zone = "Z"
    if moment.offset:
        minutes = abs(moment.offset) // 60
        zone = f"{'-' if moment.offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
    clock = f"{second_of_day // 3600:02d}:{second_of_day // 60 % 60:02d}:{second_of_day % 60:02d}"
    return f"{year:04d}-{month:02d}-{day:02d}T{clock}{decimals}{zone}"


def civil(nanoseconds: int) -> tuple[int, int, int, int, int]:
    """Year, month, day, second of the day and nanosecond of the second."""
    seconds, fraction = divmod(nanoseconds, _SECOND)
    days, second_of_day = divmod(seconds, 86400)
    # The calendar repeats every 146097 days; years here begin in March, so that the leap day comes last.
    era, day_of_era = divmod(days + 719468, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day, second_of_day, fraction


def days_since_1970(year: int, month: int, day: int) -> int:
    """The inverse of `civil`."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def days_in(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and is_leap else _DAYS[month - 1]


def _no_timestamp(text: str) -> CelError:
    return CelError(f"type conversion error from 'string' to 'google.protobuf.Timestamp': {text!r}")
