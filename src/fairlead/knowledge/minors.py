"""A Kubernetes minor version: what APIs, skew and support are counted in."""

import re
from typing import NamedTuple, Self

from fairlead.model.version import Version

_PATTERN = re.compile(r"v?(\d+)\.(\d+)", re.ASCII)


class Minor(NamedTuple):
    """`1.37`; ordered as versions are. In a data file it is written `'1.37'`, quoted, in JSON `[1, 37]`."""

    major: int
    minor: int

    @classmethod
    def of(cls, version: "Version | Minor | str") -> Self:
        """The minor of a version, or of the text `1.37`; ValueError where the text is neither."""
        if isinstance(version, str):
            match = _PATTERN.fullmatch(version.strip())
            return cls(int(match[1]), int(match[2])) if match else cls.of(Version(version))
        return cls(version.major, version.minor)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def minors_between(older: Minor, newer: Minor) -> int:
    """How many minors `newer` is ahead; negative where it is behind. There is no Kubernetes 2."""
    return (newer.major - older.major) * 1000 + newer.minor - older.minor
