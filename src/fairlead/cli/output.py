"""How commands print: data to stdout as a table or JSON, everything else to stderr, colours only on a terminal."""

import os
import sys
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape

from fairlead.model import wire

__all__ = ["FleetOption", "Form", "FormOption", "console", "escape", "notes", "say", "show", "tell"]


class Form(StrEnum):
    """`-o`."""

    TABLE = "table"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("-o", "--output", help="How to print: table or json.")]
FleetOption = Annotated[
    Path,
    typer.Option("--fleet", "-f", envvar="FAIRLEAD_FLEET", help="The fleet file.", show_default=True),
]
FLEET_DEFAULT = Path("fleet.yaml")


@cache
def console() -> Console:
    """Stdout: for data."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=_width(sys.stdout.isatty()))


@cache
def notes() -> Console:
    """Stderr: for what is not data (progress, hints)."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _width(terminal: bool) -> int | None:
    # A pipe has no width: tables keep theirs instead of being cut at 80 columns.
    return None if terminal or "COLUMNS" in os.environ else 160


def show(value: Any, form: Form, table: RenderableType) -> None:
    """Print data: `value` (anything `wire` knows) as JSON, or the table made from it."""
    if form is Form.JSON:
        sys.stdout.write(wire.encode_pretty(value) + "\n")
    else:
        console().print(table)


def say(text: str) -> None:
    """A line of data; the text may hold anything a cluster says."""
    console().print(escape(text))


def tell(text: str) -> None:
    """A line that is not data, to stderr."""
    notes().print(escape(text))
