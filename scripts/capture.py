"""
Runs a command in a terminal and draws what its screen showed as SVG.

Usage: capture.py OUT.svg [--at SECONDS] [--until TEXT] [--columns N] [--rows N] -- COMMAND…
The picture is taken when the screen first shows TEXT, after SECONDS, or at the command's end; the command then goes on
without being watched until it ends.
"""

import argparse
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

_NAMES = {"brown": "yellow"}  # pyte's word for the terminal's third colour


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    if name.startswith("bright"):
        return f"bright_{_NAMES.get(name[6:], name[6:])}"
    return _NAMES.get(name, f"#{name}" if len(name) == 6 and not name.isalpha() else name)


def _line(screen: pyte.Screen, row: int) -> Text:
    text = Text()
    for column in range(screen.columns):
        cell = screen.buffer[row][column]
        style = Style(color=_colour(cell.fg), bgcolor=_colour(cell.bg), bold=cell.bold, reverse=cell.reverse)
        text.append(cell.data, style)
    text.rstrip()
    return text


def draw(screen: pyte.Screen, title: str) -> str:
    """The screen as SVG, without the empty lines at its end."""
    lines = [_line(screen, row) for row in range(screen.lines)]
    while lines and not lines[-1].plain:
        lines.pop()
    with Path(os.devnull).open("w") as nowhere:
        console = Console(
            record=True, width=screen.columns, file=nowhere, force_terminal=True, color_system="truecolor"
        )
        for line in lines:
            console.print(line, overflow="ignore", no_wrap=True, crop=True)
        return console.export_svg(title=title)


def _terminal(command: list[str], columns: int, rows: int) -> tuple[int, int]:
    child, descriptor = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(columns), LINES=str(rows))
        os.execvp(command[0], command)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return child, descriptor


def capture(command: list[str], *, columns: int, rows: int, at: float | None, until: str | None) -> tuple[str, int]:
    """The picture and the command's exit code."""
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    child, descriptor = _terminal(command, columns, rows)
    began = time.monotonic()
    picture = ""
    while True:
        ready, _, _ = select.select([descriptor], [], [], 0.2)
        try:
            data = os.read(descriptor, 65536) if ready else b"-"
        except OSError:  # the terminal is closed when the command ends
            data = b""
        if not data:
            break
        if ready:
            stream.feed(data)
        due = at is not None and time.monotonic() - began >= at
        seen = until is not None and any(until in line for line in screen.display)
        if not picture and (due or seen):
            picture = draw(screen, " ".join(command))
    _, status = os.waitpid(child, 0)
    return picture or draw(screen, " ".join(command)), os.waitstatus_to_exitcode(status)


def main() -> int:
    """Take the picture; the exit code is the command's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--at", type=float)
    parser.add_argument("--until")
    parser.add_argument("--columns", type=int, default=110)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    picture, code = capture(asked.command, columns=asked.columns, rows=asked.rows, at=asked.at, until=asked.until)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(picture)
    sys.stderr.write(f"wrote {asked.out}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
