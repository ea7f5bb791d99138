"""Ranges of versions as known issues state them: `>=1.24 <1.24.9-gke.3200`."""

import re
from functools import cache

from fairlead.model.version import Version

_RANGE = re.compile(r"(?:>=([^\s<>=]+))?\s?(?:<([^\s<>=]+))?", re.ASCII)
_MINOR = re.compile(r"\d+\.\d+", re.ASCII)


class VersionRange:
    """
    From one version (included) up to another (excluded); either may be open.

    Bounds are versions or minors. `1.24` as a bound is the very start of that minor, before its release candidates.
    Versions of other software are read the same way, `1.13` or `2.8.1`. ValueError where the text is not such a range
    or nothing can be in it.
    """

    __slots__ = ("_text", "at_least", "below")

    def __init__(self, text: str) -> None:
        match = _RANGE.fullmatch(text)
        if match is None or not any(match.groups()):
            raise ValueError(f"`{text}` is not a range like `>=1.24 <1.24.9-gke.3200`")
        self._text = text
        self.at_least = _bound(match[1]) if match[1] else None
        self.below = _bound(match[2]) if match[2] else None
        if self.at_least and self.below and not self.at_least < self.below:
            raise ValueError(f"nothing is in `{text}`")

    def __contains__(self, version: Version) -> bool:
        if self.at_least and version < self.at_least:
            return False
        return self.below is None or version < self.below

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"VersionRange({self._text!r})"


@cache
def range_of(text: str) -> VersionRange:
    return VersionRange(text)


def _bound(text: str) -> Version:
    # `-0` sorts before every other pre-release, so that 1.24.0-rc.1 counts as 1.24.
    return Version(f"{text}.0-0" if _MINOR.fullmatch(text) else text)
