"""`fairlead twin status | logs | kubeconfig | load`."""

import asyncio
import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from fairlead.cli.output import Form, FormOption, show, tell
from fairlead.cli.twin.options import DEFAULT_NAME, Name
from fairlead.model.errors import UsageError
from fairlead.twin import state, traffic
from fairlead.twin.status import TwinStatus, status_of

_COLOURS = {"ready": "green", "starting": "yellow", "paused": "yellow", "stopped": "dim"}


def status(name: Name = DEFAULT_NAME, form: FormOption = Form.TABLE) -> None:
    """Show clusters and processes. Exit code 0: all serve; 1: something does not; 2: there is no such twin."""
    found = asyncio.run(status_of(state.load(name)))
    if not found.supervised:
        tell(f"twin `{name}` has no supervisor; `fairlead twin up --resume` gives it one")
    show(found, form, _picture(found))
    raise typer.Exit(0 if found.serving else 1)


def logs(
    process: Annotated[str | None, typer.Argument(help="Such as `tokyo/apiserver`; none: say which there are.")] = None,
    name: Name = DEFAULT_NAME,
    lines: Annotated[int, typer.Option("--lines", min=1, help="How many lines from the end.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
) -> None:
    """Print the log of a process."""
    folder = state.load(name).logs
    names = sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.log"))
    if process is None:
        typer.echo("\n".join(names))
        return
    if process not in names:
        raise UsageError(f"there is no log of `{process}`", hint=f"there are: {', '.join(names)}")
    _print_log(folder / f"{process}.log", lines, follow=follow)


def kubeconfig(
    cluster: Annotated[str, typer.Argument(help="Which cluster.")],
    name: Name = DEFAULT_NAME,
    path: Annotated[bool, typer.Option("--path", help="Print where the file is, not what it says.")] = False,
) -> None:
    """Print an admin's kubeconfig for a cluster."""
    twin = state.load(name)
    file = twin.kubeconfig(twin.spec.cluster(cluster).name)
    typer.echo(str(file) if path else file.read_text().rstrip())


def load(
    name: Name = DEFAULT_NAME,
    form: FormOption = Form.TABLE,
    factor: Annotated[float | None, typer.Option("--factor", help="Change the rate: 2 doubles it, 0 stops it.")] = None,
    failures: Annotated[bool, typer.Option("--failures", help="Every failed or slow request instead.")] = False,
) -> None:
    """Show what the load generator has sent and how it was answered."""
    twin = state.load(name)
    if factor is not None:
        traffic.set_load_factor(twin, factor)
        tell(f"the load is {factor:g} times its rate from now on")
        return
    if failures:
        show(traffic.failures(twin), Form.JSON, "")
        return
    report = traffic.load_report(twin)
    show(report, form, _load_table(report))


def _picture(found: TwinStatus) -> Group:
    clusters = Table("cluster", "location", "version", "server", box=None, pad_edge=False)
    for each in found.clusters:
        clusters.add_row(each.name, each.location, str(each.version), each.server)
    processes = Table("process", "state", "pid", "restarts", "since", box=None, pad_edge=False)
    for process in found.processes:
        words = Text(process.state, style=_COLOURS.get(process.state, "red"))
        processes.add_row(process.name, words, str(process.pid or ""), str(process.restarts), process.since[:19])
    ends = Text(f"traffic     {found.traffic}\nHAProxy     {found.balancer_socket}\nfleet file  {found.fleet_file}")
    return Group(clusters, Text(), processes, Text(), ends)


def _load_table(report: traffic.LoadReport) -> Table:
    table = Table(f"since {report.began[:19]}", Column(f"{report.rate:g}/s", justify="right"), box=None, pad_edge=False)
    counts = ("sent", report.sent), ("served", report.served), ("failed", report.failed), ("slow", report.slow)
    for words, value in (*counts, ("sent again", report.resent)):
        table.add_row(words, f"{value}")
    for share in (0.5, 0.99):
        table.add_row(f"p{share * 100:g}", f"{report.percentile_ms(share):.1f} ms")
    for cluster, served in sorted(report.by_cluster.items()):
        table.add_row(f"served by {cluster}", f"{served}")
    return table


def _print_log(path: Path, lines: int, *, follow: bool) -> None:
    with path.open(errors="replace") as log:
        typer.echo("".join(deque(log, maxlen=lines)), nl=False)
        while follow:
            typer.echo(log.read(), nl=False)
            # The supervisor cuts what has grown long.
            if path.stat().st_size < log.tell():
                log.seek(0)
            time.sleep(0.2)
