"""A mistake in the fleet file and the path to it; msgspec's words turned into ours."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

import msgspec

from fairlead.fleet.schema import parts

_FIELDS_KNOWN = sorted({field.encode_name for part in parts() for field in msgspec.structs.fields(part)})


class Mistake(NamedTuple):
    """`path` is like `spec.clusters[2].traffic`; `text` says what is wrong, `hint` what would mend it."""

    path: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


def parts_of(path: str) -> Iterator[str | int]:
    """`a.b[2].c` as `a`, `b`, 2, `c`."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        yield int(index) if index else name


def from_msgspec(message: str) -> Mistake:
    """
    Turn `Object contains unknown field `x` - at `$.spec`` into a mistake with our path.

    msgspec writes `[...]` for the key of a mapping; the path ends there.
    """
    text, _, where = message.partition(" - at `")
    path = where.rstrip("`").removeprefix("$").removeprefix(".").split("[...]")[0]
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", text):
        return _unknown(path, match[1])
    if match := re.fullmatch(r"Object missing required field `(.*)`", text):
        return Mistake(path, f"`{match[1]}` is missing", "see docs/reference/fleet-file.md, or `fairlead fleet schema`")
    if match := re.fullmatch(r"Invalid enum value (.*)", text):
        return Mistake(path, f"{match[1].replace(chr(39), '`')} is not one of the values this field may have")
    return Mistake(path, text[:1].lower() + text[1:])


def _unknown(path: str, field: str) -> Mistake:
    near = get_close_matches(field, _FIELDS_KNOWN, 1)
    hint = f"did you mean `{near[0]}`?" if near else "`fairlead fleet schema` lists the fields there are"
    return Mistake(f"{path}.{field}".lstrip("."), "unknown field", hint)
