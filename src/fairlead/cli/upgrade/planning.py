"""`fairlead upgrade plan` and `start`."""

import asyncio
import uuid
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fairlead.cli.output import FLEET_DEFAULT, FleetOption, Form, FormOption, show, tell
from fairlead.cli.upgrade.runs import Exit, come_back, refuse_a_second, runs_of, whoami
from fairlead.cli.upgrade.watching import follow
from fairlead.fleet.file import Fleet
from fairlead.fleet.loading import load_fleet
from fairlead.model.errors import UsageError
from fairlead.upgrade.fleetplan import FleetPlan, access_of, freeze, plan_fleet
from fairlead.upgrade.plan.preview import ClusterPreview, PoolPreview
from fairlead.worker.wiring import ports_of

OnlyOption = Annotated[list[str] | None, typer.Option("--cluster", "-c", help="Only these clusters; may be repeated.")]

ReturnOption = Annotated[
    bool,
    typer.Option(
        "--return-drained",
        help="Also verify and return clusters that are out of the balancer before the run; without it they stay out.",
    ),
]


def plan(
    fleet: FleetOption = FLEET_DEFAULT,
    cluster: OnlyOption = None,
    return_drained: ReturnOption = False,
    output: FormOption = Form.TABLE,
) -> None:
    """Show what a run would do now: order, waves, versions, surge, forecast, and what stands against it."""
    planned = asyncio.run(_plan(load_fleet(fleet), cluster or [], return_drained=return_drained))
    show(planned, output, as_table(planned))
    if planned.blocked:
        raise typer.Exit(Exit.FAILED)


def start(
    fleet: FleetOption = FLEET_DEFAULT,
    cluster: OnlyOption = None,
    watch: Annotated[bool, typer.Option("--watch/--detach", help="Follow the run, or return at once.")] = True,
    return_drained: ReturnOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    output: FormOption = Form.TABLE,
) -> None:
    """Freeze the plan into a run and start it; it goes on without this terminal."""
    if dry_run:
        plan(fleet, cluster, return_drained, output)
        return
    raise typer.Exit(asyncio.run(_start(fleet, cluster or [], output, watch=watch, return_drained=return_drained)))


async def _plan(fleet: Fleet, only: list[str], *, return_drained: bool) -> FleetPlan:
    return await plan_fleet(fleet, ports_of(access_of(fleet)), only, return_drained=return_drained)


async def _start(path: Path, only: list[str], output: Form, *, watch: bool, return_drained: bool) -> int:
    fleet = load_fleet(path)
    planned = await _plan(fleet, only, return_drained=return_drained)
    _refuse_the_impossible(planned)
    # A run that has all but ended leaves nothing to plan, and is to be named all the same.
    await refuse_a_second(fleet)
    if planned.empty:
        tell("nothing to do: every cluster is where the fleet file wants it")
        for each in planned.clusters.values():
            for warning in each.warnings:
                tell(f"{each.cluster} {warning.message}: {warning.fix}")
        return Exit.DONE
    for each in planned.clusters.values():
        for finding in each.blockers:
            tell(f"{each.cluster} will be held: {finding.subject}: {finding.message}")
    # Only now: what cannot be meant leaves no engine behind.
    runs = await runs_of(fleet, start=True)
    run = await runs.start(freeze(fleet, planned, uuid.uuid4().hex[:12], whoami()))
    tell(f"started {run}")
    if watch:
        return await follow(runs, path, output)
    tell(come_back(path))
    return Exit.DONE


def _refuse_the_impossible(planned: FleetPlan) -> None:
    """A version that cannot be reached is a mistake in the file, not something that mends itself."""
    for each in planned.clusters.values():
        if each.target is None and each.blockers:
            finding = each.blockers[0]
            raise UsageError(f"{finding.subject}: {finding.message}", hint=finding.fix)


def as_table(planned: FleetPlan) -> RenderableType:
    """The plan as people read it."""
    if planned.empty:
        nothing = Text("nothing to do: every cluster is where the fleet file wants it")
        return Group(nothing, *(_notes(each) for each in planned.clusters.values() if each.warnings))
    parts: list[RenderableType] = [_overview(planned)]
    for wave in planned.lineup.waves:
        parts += [_steps(planned.clusters[name]) for name in wave.clusters if planned.clusters[name].steps]
    parts += [_notes(each) for each in planned.clusters.values() if each.blockers or each.warnings or each.forced]
    if planned.lineup.left_out:
        parts.append(Text(f"\nin no wave: {', '.join(planned.lineup.left_out)}", style="yellow"))
    parts.append(Text(f"\nforecast for all: {_minutes(planned.minutes)}", style="bold"))
    return Group(*parts)


def _overview(planned: FleetPlan) -> Table:
    table = Table(title=f"upgrade of fleet {planned.fleet}", title_justify="left", title_style="bold")
    for column in ("wave", "cluster", "requests/s", "control plane", "node pools", "forecast", "blockers"):
        table.add_column(column, justify="right" if column in {"requests/s", "forecast"} else "left")
    for wave in planned.lineup.waves:
        for number, name in enumerate(wave.clusters):
            each = planned.clusters[name]
            table.add_row(
                f"{wave.name}\n{wave.concurrency} at a time" if number == 0 else "",
                name,
                "?" if each.rate is None else f"{each.rate:.0f}",
                _move(str(each.before), str(each.target or "?")),
                Text("\n").join(_pool(pool) for pool in each.pools),
                _minutes(each.minutes),
                Text(str(len(each.blockers)), style="red") if each.blockers else Text("none", style="green"),
                end_section=number == len(wave.clusters) - 1,
            )
    return table


def _steps(each: ClusterPreview) -> RenderableType:
    table = Table(title=f"\n{each.cluster}", title_justify="left", box=None, pad_edge=False, show_header=False)
    for number, step in enumerate(each.steps, 1):
        table.add_row(f"{number:>3}", Text(step.name), _minutes(step.minutes))
    return table


def _notes(each: ClusterPreview) -> RenderableType:
    lines = [Text(f"\n{each.cluster}", style="bold")]
    for finding in each.blockers:
        lines.append(Text.assemble(("  blocks  ", "red"), f"{finding.subject}: {finding.message}"))
        lines.append(Text.assemble("          ", ("remove it: ", "dim"), finding.fix))
    lines += [
        Text.assemble(("  warns   ", "yellow"), f"{each.subject}: {each.message}; {each.fix}") for each in each.warnings
    ]
    lines += [Text.assemble(("  forced by the provider  ", "yellow"), text) for text in each.forced]
    return Group(*lines)


def _pool(pool: PoolPreview) -> Text:
    size = f"{pool.name} ({pool.nodes})  "
    if pool.before != pool.after and pool.blue_green:
        return Text.assemble(size, _move(str(pool.before), str(pool.after)), ("  blue/green, its own settings", "cyan"))
    if pool.max_surge is None:
        return Text.assemble(size, (f"stays on {pool.before}", "dim"))
    unavailable = f", unavailable {pool.max_unavailable}" if pool.max_unavailable else ""
    return Text.assemble(
        size, _move(str(pool.before), str(pool.after)), (f"  surge {pool.max_surge}{unavailable}", "cyan")
    )


def _move(before: str, after: str) -> Text:
    if before == after:
        return Text(before, style="dim")
    return Text.assemble((before, "dim"), " → ", (after, "bold"))


def _minutes(minutes: float) -> str:
    if minutes and minutes < 1:
        return f"{minutes * 60:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
