"""Writes the generated reference pages; `python docs/build.py --check` says which are not what the code says."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import typer

from fairlead.cli.app import DOORS
from fairlead.fleet import reference
from fairlead.fleet.schema import schema
from fairlead.model import wire
from fairlead.review.pages import pages
from fairlead.review.result import Review
from fairlead.upgrade.fleetplan import FleetPlan
from fairlead.upgrade.report import Event, Report
from fairlead.upgrade.run import RunView

REFERENCE = Path(__file__).parent / "reference"


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.name != "help":
            yield f"| {_names(parameter)} | {_meaning(parameter)} |"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])


def _meaning(parameter: Any) -> str:
    words = " ".join((getattr(parameter, "help", "") or "").split())
    if parameter.required:
        return f"{words} Required."
    default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    told = isinstance(default, bool) or callable(default) or default in (None, "", [], ())
    return words if told else f"{words} Without it: `{default}`."


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"\n## `{path}`\n"
    yield "\n".join(line.strip() for line in (command.help or "").split("\f")[0].splitlines()).strip()
    if command.epilog:
        yield f"\n{' '.join(command.epilog.split())}"
    options = list(_options(command))
    if options:
        yield "\n| option | meaning |\n| --- | --- |"
        yield from options
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from _command(f"{path} {name}", child)


def cli_page() -> str:
    """Every command with its options, as `--help` has them."""
    lines = [
        "# Commands",
        "",
        "Made by `make docs` from the commands themselves.",
        "",
        "Data goes to stdout, everything else to stderr. Unless a command says more, exit code 0 is done, 1 went",
        "wrong, 2 cannot be meant (nothing was done), 3 something does not answer or refuses our credentials.",
    ]
    for name, door in DOORS.items():
        group = typer.main.get_command(importlib.import_module(door.module).app)
        lines += _command(f"fairlead {name}", group)
    return "\n".join(lines) + "\n"


def _schema_page(kind: type[msgspec.Struct], title: str) -> Callable[[], str]:
    def page() -> str:
        top, components = msgspec.json.schema_components(
            [kind], schema_hook=wire.json_schema_of, ref_template="#/$defs/{name}"
        )
        whole = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": title,
            **top[0],
            "$defs": components,
        }
        return json.dumps(whole, indent=2, default=wire.to_plain) + "\n"

    return page


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "fleet-file.md": reference.markdown,
    "fleet.schema.json": lambda: json.dumps(schema(), indent=2) + "\n",
    "plan.schema.json": _schema_page(FleetPlan, "What `fairlead upgrade plan -o json` prints"),
    "status.schema.json": _schema_page(RunView, "What `fairlead upgrade status -o json` prints"),
    "event.schema.json": _schema_page(Event, "One line of what `fairlead upgrade watch -o json` prints"),
    "review.schema.json": _schema_page(Review, "What `fairlead check -o json` prints"),
    "report.schema.json": _schema_page(Report, "What `fairlead upgrade report -o json` prints"),
    **{f"checks/{name}": page for name, page in pages().items()},
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only compare; the exit code says whether any differs."""
    stale = [name for name, page in PAGES.items() if _differs(REFERENCE / name, page())]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"error: docs/reference/{name} is not what the code says\n\nhint: `make docs`\n")
        return 1 if stale else 0
    for name in stale:
        (REFERENCE / name).parent.mkdir(exist_ok=True)
        (REFERENCE / name).write_text(PAGES[name]())
        sys.stdout.write(f"wrote docs/reference/{name}\n")
    return 0


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text() != text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
