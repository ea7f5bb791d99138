"""Keeps the logs of a twin short, for it may stay up for days."""

import asyncio
import os
from pathlib import Path

# What a person looks for is at the end; a twin has some 25 logs.
_MOST = 32 * 1024 * 1024
_LEFT = 8 * 1024 * 1024
_EVERY = 60.0


async def keep_short(folder: Path) -> None:
    """Until cancelled: look at every log from time to time."""
    while True:
        for log in folder.rglob("*.log"):
            await asyncio.to_thread(shorten, log)
        await asyncio.sleep(_EVERY)


def shorten(log: Path, most: int = _MOST, left: int = _LEFT) -> None:
    """
    Leave its last whole lines, at most `left` bytes, where it is longer than `most`.

    In place: processes hold it open, and append wherever its end is. What they write in this moment may be lost.
    """
    if log.stat().st_size <= most:
        return
    with log.open("rb") as file:
        file.seek(-left, os.SEEK_END)
        end = file.read(left).partition(b"\n")[2]
    with log.open("ab") as file:
        file.truncate(0)
        file.write(end)
