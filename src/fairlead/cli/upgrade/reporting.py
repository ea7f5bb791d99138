"""`fairlead upgrade status | report | history`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fairlead.cli.output import FLEET_DEFAULT, FleetOption, Form, FormOption, show, tell
from fairlead.cli.upgrade.runs import exit_of, runs_of
from fairlead.cli.upgrade.screen import Screen, slow_style
from fairlead.fleet.loading import load_fleet
from fairlead.model import wire
from fairlead.upgrade.report import ClusterReport, Report, report_of
from fairlead.upgrade.run import PastRun, RunView
from fairlead.upgrade.state import TrafficTotals

RunArgument = Annotated[str, typer.Argument(help="An earlier run, as `history` lists it; without it the newest.")]


def status(run: RunArgument = "", fleet: FleetOption = FLEET_DEFAULT, output: FormOption = Form.TABLE) -> None:
    """Show the run as it is now, or as an earlier one ended."""
    view = asyncio.run(_view(fleet, run))
    show(view, output, Screen(view))
    raise typer.Exit(exit_of(view.run))


def report(
    run: RunArgument = "",
    fleet: FleetOption = FLEET_DEFAULT,
    output: FormOption = Form.TABLE,
    write: Annotated[Path | None, typer.Option("--write", help="Also write it as JSON to this file.")] = None,
) -> None:
    """Show what the run did: versions, times against forecast, requests, evictions, what was parked and restored."""
    view = asyncio.run(_view(fleet, run))
    made = report_of(view.run, view.traffic)
    if write is not None:
        write.parent.mkdir(parents=True, exist_ok=True)
        write.write_text(wire.encode_pretty(made) + "\n")
        tell(f"written to {write}")
    show(made, output, as_table(made))
    raise typer.Exit(exit_of(view.run))


def history(fleet: FleetOption = FLEET_DEFAULT, output: FormOption = Form.TABLE) -> None:
    """List the runs of this fleet, newest first."""
    past = asyncio.run(_history(fleet))
    table = Table("run", "began", "ended", "status", box=None, pad_edge=False)
    for each in past:
        ended = f"{each.ended.astimezone():%Y-%m-%d %H:%M:%S}" if each.ended else "-"
        table.add_row(each.id, f"{each.began.astimezone():%Y-%m-%d %H:%M:%S}", ended, each.status)
    show(past, output, table)


async def _view(path: Path, run: str) -> RunView:
    runs = await runs_of(load_fleet(path))
    return await (runs.finished(run) if run else runs.view())


async def _history(path: Path) -> list[PastRun]:
    return await (await runs_of(load_fleet(path))).history()


def as_table(made: Report) -> RenderableType:
    """The report as people read it."""
    parts: list[RenderableType] = [_head(made), _clusters(made)]
    parts += [_steps(each) for each in made.clusters]
    if made.not_started:
        parts.append(Text(f"\nnot started: {', '.join(made.not_started)}", style="yellow"))
    parts += [_out(each) for each in made.clusters if each.out_of_balancer and each.phase.ended]
    if made.left_out:
        parts.append(Text(f"\nin no wave: {', '.join(made.left_out)}", style="yellow"))
    return Group(*parts)


def _head(made: Report) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_row("fleet", Text(made.fleet, "bold"))
    grid.add_row("run", Text(f"{made.run}, started by {made.started_by}: {made.phase}"))
    if made.minutes is not None:
        grid.add_row("took", Text(_minutes(made.minutes)))
    if made.traffic is not None:
        grid.add_row("requests", _requests(made.traffic))
    elif made.traffic_missing:
        grid.add_row("requests", Text(f"not counted: {made.traffic_missing}", "yellow"))
    grid.add_row("pods evicted", _count(made.pods_evicted))
    grid.add_row("budgets waited for", _count(made.budget_waits))
    return grid


def _requests(traffic: TrafficTotals) -> Text:
    failed = (f"{traffic.failed:,} failed", "bold red" if traffic.failed else "green")
    slow = ("slow not counted", "dim") if traffic.slow is None else (f"{traffic.slow:,} slow", slow_style(traffic.slow))
    return Text.assemble(f"{traffic.requests:,}, ", failed, ", ", slow, f", {traffic.mean_ms:.0f} ms in the mean")


def _clusters(made: Report) -> RenderableType:
    table = Table(title="\nclusters", title_justify="left", title_style="bold")
    for column in ("wave", "cluster", "came to", "control plane", "pools", "took", "forecast", "parked"):
        table.add_column(column, justify="right" if column in {"took", "forecast"} else "left")
    for each in made.clusters:
        parked = [f"{pool.pool}: {'restored' if pool.restored else 'NOT RESTORED'}" for pool in each.parked]
        table.add_row(
            each.wave,
            each.cluster,
            Text(f"{each.phase}{' (out of balancer)' if each.out_of_balancer else ''}"),
            _move(str(each.before), str(each.after)),
            Text("\n").join(
                Text.assemble(f"{pool.name} ({pool.nodes})  ", _move(str(pool.before), str(pool.after)))
                for pool in each.pools
            ),
            _minutes(each.minutes),
            _minutes(each.forecast_minutes),
            "\n".join(parked),
        )
    return table


def _steps(each: ClusterReport) -> RenderableType:
    table = Table(title=f"\n{each.cluster}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("step", "state", "took", "forecast", "what came of it"):
        table.add_column(column, justify="right" if column in {"took", "forecast"} else "left")
    for step in each.steps:
        said = f"{step.reason}{f' ({step.decided_by})' if step.decided_by else ''}"
        table.add_row(Text(step.name), step.state, _minutes(step.minutes), _minutes(step.forecast_minutes), Text(said))
    waited = [
        Text(f"pool {refusal.pool} waited about {_minutes(refusal.seconds / 60)} for {refusal.budget}", style="yellow")
        for refusal in each.refusals
    ]
    held = [Text(f"held: {reason}", style="red") for reason in each.held]
    return Group(table, *waited, *held)


def _out(each: ClusterReport) -> RenderableType:
    """What nobody does any more once the run has ended."""
    return Text(
        f"\n{each.cluster} was left out of the balancer ({', '.join(each.entries)}), and nobody keeps it out once the "
        "run has ended: put `disabled` on its server lines in HAProxy's configuration until it is returned",
        style="yellow",
    )


def _move(before: str, after: str) -> Text:
    return Text(before, "dim") if before == after else Text.assemble((before, "dim"), " → ", (after, "bold"))


def _minutes(minutes: float | None) -> str:
    if minutes is None:
        return "-"
    return f"{minutes * 60:.0f} s" if minutes < 1 else f"{minutes:.1f} min"


def _count(number: int | None) -> str:
    return "not known" if number is None else str(number)
