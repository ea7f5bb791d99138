"""Options that the commands of `fairlead twin` share."""

from typing import Annotated

import typer

from fairlead.model.duration import Duration

DEFAULT_NAME = "demo"
Name = Annotated[str, typer.Option("--name", "-n", help="Which twin.")]


def _duration(value: str | Duration) -> Duration:
    """A default comes here as it is."""
    try:
        return value if isinstance(value, Duration) else Duration.parse(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


For = Annotated[Duration, typer.Option("--for", parser=_duration, metavar="DURATION", help="How long: `10s`, `2m`.")]
