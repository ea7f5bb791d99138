"""Build the tools that are not in the cache yet, one process at a time, telling how it goes."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from fairlead.model.errors import FairleadError
from fairlead.twin.tools.cache import cache_folder, place_of
from fairlead.twin.tools.go import find_go
from fairlead.twin.tools.recipes import TWIN_TOOLS, Tool, tools_of


class Progress(Protocol):
    """Who is told how building goes."""

    def begin(self, tool: str, number: int, of: int) -> None:
        """Building `tool`, the `number`th `of` those that were missing, begins."""

    def end(self, tool: str, seconds: float) -> None:
        """It is built."""


class Quiet:
    """Tells nobody."""

    def begin(self, tool: str, number: int, of: int) -> None:
        """Say nothing."""

    def end(self, tool: str, seconds: float) -> None:
        """Say nothing."""


def ensure(names: Sequence[str] = TWIN_TOOLS, progress: Progress | None = None) -> dict[str, Path]:
    """
    Build what is missing of the named tools (versioned ones in all versions); paths by `name` or `name version`.

    Without anything missing it takes milliseconds and needs no Go. FairleadError where Go or a build fails.
    """
    tools = [tool for name in names for tool in tools_of(name)]
    if any(not place_of(tool).exists() for tool in tools):
        _build_missing(tools, progress or Quiet())
    return {str(tool): place_of(tool) for tool in tools}


def _build_missing(tools: Sequence[Tool], progress: Progress) -> None:
    folder = cache_folder()
    with _alone(folder / "bin"):
        # Looked at again under the lock: someone else may have built them while we waited.
        missing = [tool for tool in tools if not place_of(tool).exists()]
        if not missing:
            return
        go = find_go(folder)
        for number, tool in enumerate(missing, 1):
            begun = time.monotonic()
            progress.begin(str(tool), number, len(missing))
            _build(go, tool)
            progress.end(str(tool), time.monotonic() - begun)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two builds at once would only slow each other down."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(go: Path, tool: Tool) -> None:
    place = place_of(tool)
    # In a folder of its own, then renamed: a build that is interrupted leaves nothing that looks finished.
    with tempfile.TemporaryDirectory(prefix=".building-", dir=place.parent.parent) as draft:
        # Also the module is copied: Go would write beside its go.mod, and a package's folder may be read-only.
        shutil.copytree(tool.recipe.folder, f"{draft}/module")
        _run_go(go, tool, Path(draft))
        place.parent.mkdir(exist_ok=True)
        Path(draft, tool.recipe.name).replace(place)


def _run_go(go: Path, tool: Tool, draft: Path) -> None:
    recipe = tool.recipe
    command = [str(go), "build", "-trimpath", "-ldflags", recipe.link_flags(tool.version)]
    command += ["-o", str(draft / recipe.name), recipe.package]
    env = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
    }
    answer = subprocess.run(command, cwd=draft / "module", env=env, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise FairleadError(
            f"`{tool}` could not be built:\n{_last_lines(answer.stderr)}",
            hint="building needs the Go module proxy, about 8 GB of disk and 4 GB of memory",
        )


def _last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-15:])
