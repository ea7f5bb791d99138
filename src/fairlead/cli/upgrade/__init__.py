"""`fairlead upgrade`: plan, run and watch upgrades of the fleet."""

import typer

from fairlead.cli.upgrade import asking, planning, reporting, watching

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Plan, run and watch upgrades of the fleet.",
    epilog="Exit codes: 0 done; 1 blocked, failed, skipped or aborted; 2 asked for what cannot be, or for a cluster "
    "that the provider does not know; 3 something does not answer; 4 held: it waits for a person.",
)
app.command()(planning.plan)
app.command()(planning.start)
app.command()(watching.watch)
app.command()(reporting.status)
app.command()(asking.pause)
app.command()(asking.resume)
app.command()(asking.retry)
app.command()(asking.skip)
app.command()(asking.abort)
app.command()(reporting.report)
app.command()(reporting.history)
