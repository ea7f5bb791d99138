"""`fairlead twin status | logs | kubeconfig | load`."""

import asyncio
import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairlead.cli.twin.options import DEFAULT_NAME, Format, Name, Output, print_json, tell
from fairlead.model.errors import UsageError
from fairlead.twin import state, traffic
from fairlead.twin.status import TwinStatus, status_of

_COLOURS = {"ready": "green", "starting": "yellow", "paused": "yellow", "stopped": "dim"}


def status(name: Name = DEFAULT_NAME, output: Format = Output.TEXT) -> None:
    """Show clusters and processes. Exit code 0: all serve; 1: something does not; 2: there is no such twin."""
    found = asyncio.run(status_of(state.load(name)))
    if output is Output.JSON:
        print_json(found)
    else:
        _show(found)
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
    output: Format = Output.TEXT,
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
        print_json(traffic.failures(twin))
    elif output is Output.JSON:
        print_json(traffic.load_report(twin))
    else:
        _show_load(traffic.load_report(twin))


def _show(found: TwinStatus) -> None:
    console = Console(highlight=False)
    if not found.supervised:
        console.print(Text(f"twin {found.name} has no supervisor", style="red"))
    clusters = Table("cluster", "location", "version", "server", box=None, pad_edge=False)
    for each in found.clusters:
        clusters.add_row(each.name, each.location, str(each.version), each.server)
    processes = Table("process", "state", "pid", "restarts", "since", box=None, pad_edge=False)
    for process in found.processes:
        words = Text(process.state, style=_COLOURS.get(process.state, "red"))
        processes.add_row(process.name, words, str(process.pid or ""), str(process.restarts), process.since[:19])
    console.print(clusters, Text(), processes, sep="\n")
    console.print(f"\ntraffic {found.traffic}\nfleet file {found.fleet_file}", markup=False, soft_wrap=True)


def _show_load(report: traffic.LoadReport) -> None:
    typer.echo(f"since {report.began[:19]}, {report.rate:g} requests a second asked for")
    for words, value in (
        ("sent", report.sent),
        ("served", report.served),
        ("failed", report.failed),
        ("slow", report.slow),
        ("sent again", report.resent),
    ):
        typer.echo(f"  {words:<12}{value:>10}")
    for share in (0.5, 0.99):
        typer.echo(f"  p{share * 100:<11g}{report.percentile_ms(share):>10.1f} ms")
    for cluster, served in sorted(report.by_cluster.items()):
        typer.echo(f"  by {cluster:<9}{served:>10}")


def _print_log(path: Path, lines: int, *, follow: bool) -> None:
    with path.open(errors="replace") as log:
        typer.echo("".join(deque(log, maxlen=lines)), nl=False)
        while follow:
            if line := log.readline():
                typer.echo(line, nl=False)
            else:
                time.sleep(0.2)
