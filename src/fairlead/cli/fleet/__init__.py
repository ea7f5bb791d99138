"""`fairlead fleet`: describe the fleet, look at it, and check what describes it."""

import typer

from fairlead.cli.fleet import checking, discovering, looking

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Describe the fleet: discover, list, show, validate.",
    epilog="Exit codes: 0 whole; 1 the check found something wrong; 2 asked for what cannot be, a wrong fleet file, or "
    "a cluster that the provider does not know; 3 something did not answer, so what is shown is not everything.",
)
app.command("init")(discovering.init)
app.command("ls")(looking.ls)
app.command()(looking.show)
app.command()(checking.validate)
app.command()(checking.schema)
