"""`fairlead policies`: the rules as admission policies of a cluster."""

import typer

from fairlead.cli.plain import PlainGroup
from fairlead.cli.policies import exporting

app = typer.Typer(
    cls=PlainGroup,
    add_completion=False,
    no_args_is_help=True,
    help="Have the API server judge every request by rules of `fairlead check`.",
)
app.command()(exporting.export)


@app.callback()
def policies() -> None:
    """Have the API server judge every request by rules of `fairlead check`."""
