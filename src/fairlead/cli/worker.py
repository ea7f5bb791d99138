"""`fairlead worker`: runs the Temporal worker here, or looks after the embedded engine."""

import asyncio
import os

import typer
from rich.table import Table

from fairlead.cli.output import Form, FormOption, show, tell
from fairlead.engine.connect import Server, named_by
from fairlead.engine.embedded import read_state
from fairlead.model.errors import UsageError
from fairlead.worker.keeper import ensure_engine, stop_engine
from fairlead.worker.keeper import status as engine_status
from fairlead.worker.places import engine_folder
from fairlead.worker.serve import serve
from fairlead.worker.wiring import ports_of

app = typer.Typer(
    add_completion=False,
    help="Run the Temporal worker that carries upgrades out, until SIGTERM or ctrl-C: for the server that "
    "`FAIRLEAD_TEMPORAL_ADDRESS` names, else for the embedded one.",
    epilog="Exit codes: 0 done; 1 `status`: keeper, server or worker is not running; 2 there is no server to work for; "
    "3 Temporal does not answer.",
)


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Work for `FAIRLEAD_TEMPORAL_ADDRESS`, or for the embedded server, until SIGTERM or ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    server = named_by(os.environ)
    if server is None:
        state = read_state(engine_folder())
        if state is None:
            raise UsageError(
                "there is no Temporal server to work for",
                hint="`fairlead worker start` starts the embedded one; `FAIRLEAD_TEMPORAL_ADDRESS` names another",
            )
        server = Server(state.address)
    tell(f"working for Temporal at {server.address}, namespace {server.namespace}")
    asyncio.run(serve(server, ports_of))


@app.command()
def start() -> None:
    """Start the embedded server and a worker, and keep them alive."""
    state = asyncio.run(ensure_engine(engine_folder()))
    tell(f"Temporal at {state.address}, its pages at {state.ui}")


@app.command()
def status(output: FormOption = Form.TABLE) -> None:
    """Show whether the embedded server, its worker and their keeper run."""
    now = engine_status(engine_folder())
    table = Table("part", "pid", "where", box=None, pad_edge=False)
    table.add_row("keeper", str(now.keeper or "-"), now.folder)
    table.add_row("temporal", str(now.server or "-"), f"{now.address}  {now.ui}")
    table.add_row("worker", str(now.worker or "-"), "")
    show(now, output, table)
    if not (now.keeper and now.server and now.worker):
        raise typer.Exit(1)


@app.command()
def stop() -> None:
    """Stop them; runs under way go on from where they are when they are started again."""
    tell("stopped" if stop_engine(engine_folder()) else "nothing was running")
