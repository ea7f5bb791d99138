"""Options that the commands of `fairlead twin` share, and how they print."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from fairlead.model import wire
from fairlead.model.duration import Duration


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


Name = Annotated[str, typer.Option("--name", "-n", help="Which twin.")]
Format = Annotated[Output, typer.Option("--output", "-o", help="How to print: `text` or `json`.")]


def _duration(value: str | Duration) -> Duration:
    """A default comes here as it is."""
    return value if isinstance(value, Duration) else Duration.parse(value)


For = Annotated[Duration, typer.Option("--for", parser=_duration, metavar="DURATION", help="How long: `10s`, `2m`.")]

DEFAULT_NAME = "demo"


def print_json(value: Any) -> None:
    """Data goes to stdout, also when it is for people."""
    typer.echo(wire.encode_pretty(value))


def tell(words: str) -> None:
    """News for the person who waits, on stderr."""
    typer.echo(words, err=True)
