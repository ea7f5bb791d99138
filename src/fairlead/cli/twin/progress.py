"""Shows what is being built and for how long: a live line on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class BuildProgress:
    """`fairlead.twin.tools.Progress` for people; use it as a context manager."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._live = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._console = console
        self._begun = time.monotonic()
        self._words = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begin(self, tool: str, number: int, of: int) -> None:
        """Show the tool that is being built now."""
        self._words = f"[{number}/{of}] {tool}"
        if self._live.disable:
            self._say(f"{self._words}: building")
        else:
            self._task = self._live.add_task(self._escaped(f"building {self._words}"))

    def end(self, tool: str, seconds: float) -> None:
        """Leave a line that stays."""
        if not self._live.disable:
            self._live.remove_task(self._task)
        self._say(f"{self._words}: {seconds:.1f} s")

    def _say(self, words: str) -> None:
        self._console.print(words, markup=False)

    @staticmethod
    def _escaped(words: str) -> str:
        return words.replace("[", r"\[")
