"""A length of time as people write it in files: `90s`, `15m`, `1h30m`, `2d`."""

import re
from datetime import timedelta
from typing import Self

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")


class Duration(timedelta):
    """A `timedelta` that reads and shows itself as `1h30m`; never negative."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1h30m`; ValueError where the text is anything else."""
        parts = _PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f"`{text}` is not a duration like `30s`, `15m` or `1h30m`")
        return cls(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))

    def __str__(self) -> str:
        left = self.total_seconds()
        if left and left < 1:
            return f"{round(left * 1000)}ms"
        words = []
        for unit in ("d", "h", "m"):
            whole, left = divmod(left, _UNITS[unit])
            if whole:
                words.append(f"{whole:.0f}{unit}")
        if left or not words:
            words.append(f"{left:g}s")
        return "".join(words)
