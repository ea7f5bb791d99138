"""A Kubernetes version as providers write it, with the order that upgrades follow."""

import re
from functools import total_ordering
from typing import Self

_PATTERN = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([a-z]+)\.(\d+)|-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?", re.ASCII)


@total_ordering
class Version:
    """
    `1.35.4-gke.1100`: major, minor, patch and the provider's build.

    GKE's suffix `-gke.N` is a build *after* the plain version, so `1.35.4 < 1.35.4-gke.1100 < 1.35.5`
    (https://cloud.google.com/kubernetes-engine/versioning). Any other suffix (`-rc.1`) is kept for show and,
    as semantic versioning has it, comes before the plain version.
    """

    __slots__ = ("_key", "_text", "major", "minor", "patch")

    def __init__(self, text: str) -> None:
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"`{text}` is not a version like `1.35.4-gke.1100`")
        major, minor, patch, word, build, other, _ = match.groups()
        self.major, self.minor, self.patch = int(major), int(minor), int(patch)
        self._text = text.strip().removeprefix("v")
        if word in {"gke", "eks"}:
            suffix: tuple[int, str, int] = (2, word, int(build))
        elif word or other:
            suffix = (0, word or other, int(build or 0))
        else:
            suffix = (1, "", 0)
        self._key = (self.major, self.minor, self.patch, suffix)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a version; ValueError says what is wrong with it."""
        return cls(text)

    @property
    def minor_text(self) -> str:
        """`1.35`: the part that decides about compatibility."""
        return f"{self.major}.{self.minor}"

    def same_minor(self, other: "Version") -> bool:
        return (self.major, self.minor) == (other.major, other.minor)

    def minors_ahead_of(self, other: "Version") -> int:
        """How many minor versions this one is newer; negative where it is older."""
        return (self.major - other.major) * 1000 + self.minor - other.minor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: object) -> bool:
        return self._key < other._key if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Version({self._text!r})"
