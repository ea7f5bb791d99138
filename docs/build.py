"""Writes the generated reference pages; `python docs/build.py --check` says which are not what the code says."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from fairlead.cli.app import DOORS
from fairlead.fleet import reference
from fairlead.fleet.schema import schema

REFERENCE = Path(__file__).parent / "reference"


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.name == "help":
            continue
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        if parameter.param_type_name == "argument":
            names = f"`{parameter.name.upper()}`"
        words = " ".join((getattr(parameter, "help", "") or "").split())
        yield f"| {names} | {words} |"


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"\n## `{path}`\n"
    yield "\n".join(line.strip() for line in (command.help or "").split("\f")[0].splitlines()).strip()
    options = list(_options(command))
    if options:
        yield "\n| option | meaning |\n| --- | --- |"
        yield from options
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from _command(f"{path} {name}", child)


def cli_page() -> str:
    """Every command with its options, as `--help` has them."""
    lines = ["# Commands", "", "Made by `make docs` from the commands themselves."]
    for name, door in DOORS.items():
        group = typer.main.get_command(importlib.import_module(door.module).app)
        lines += _command(f"fairlead {name}", group)
    return "\n".join(lines) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "fleet-file.md": reference.markdown,
    "fleet.schema.json": lambda: json.dumps(schema(), indent=2) + "\n",
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only compare; the exit code says whether any differs."""
    stale = [name for name, page in PAGES.items() if _differs(REFERENCE / name, page())]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"error: docs/reference/{name} is not what the code says\n\nhint: `make docs`\n")
        return 1 if stale else 0
    for name in stale:
        (REFERENCE / name).write_text(PAGES[name]())
        sys.stdout.write(f"wrote docs/reference/{name}\n")
    return 0


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text() != text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
