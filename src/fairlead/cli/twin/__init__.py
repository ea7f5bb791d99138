"""`fairlead twin`: a real fleet on this machine, to rehearse and to test on."""

import typer

from fairlead.cli.twin import fault, lifecycle, look

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="A real fleet on this machine, to rehearse and to test on.",
)
app.command()(lifecycle.up)
app.command()(lifecycle.down)
app.command()(lifecycle.build)
app.command()(look.status)
app.command()(look.logs)
app.command()(look.kubeconfig)
app.command()(look.load)
app.add_typer(fault.app, name="fault")
