"""`fairlead upgrade watch`: a live view on a terminal, one line for each event in a pipe."""

import asyncio
import sys
import time
from pathlib import Path

import typer
from rich.live import Live

from fairlead.cli.output import FLEET_DEFAULT, FleetOption, Form, FormOption, console, say, tell
from fairlead.cli.upgrade.runs import Exit, come_back, exit_of, runs_of, waits_for_a_person
from fairlead.cli.upgrade.screen import Screen
from fairlead.fleet.loading import load_fleet
from fairlead.model import wire
from fairlead.model.errors import UnreachableError
from fairlead.upgrade.report import Event, events_of
from fairlead.upgrade.run import Runs, RunView

_EVERY = 1.0
# A worker or server that is being restarted is away for seconds; a person need not be told of that.
_PATIENCE = 120.0


def watch(fleet: FleetOption = FLEET_DEFAULT, output: FormOption = Form.TABLE) -> None:
    """Follow the run until it ends; ctrl-C stops watching, not the run."""
    raise typer.Exit(asyncio.run(_watch(fleet, output)))


async def _watch(path: Path, output: Form) -> int:
    return await follow(await runs_of(load_fleet(path)), path, output)


async def follow(runs: Runs, path: Path, output: Form) -> int:
    """Show the run until its end, or in a pipe until it waits for a person; the exit code."""
    try:
        if output is Form.TABLE and sys.stdout.isatty():
            view = await _live(runs)
        else:
            view = await _lines(runs, output)
    except (KeyboardInterrupt, asyncio.CancelledError):
        tell(f"\n{come_back(path)}")
        return Exit.DONE
    if view.run.ended is None:
        tell(f"held: {', '.join(view.run.held)}; `fairlead upgrade retry`, `skip` or `abort` decides")
    return exit_of(view.run)


async def _live(runs: Runs) -> RunView:
    view = await _view(runs)
    # Drawn when there is something new to draw: a view that redraws itself costs a third of a core.
    with Live(Screen(view), console=console(), auto_refresh=False, transient=False) as live:
        while view.run.ended is None:
            await asyncio.sleep(_EVERY)
            view = await _view(runs)
            live.update(Screen(view), refresh=True)
    return view


async def _lines(runs: Runs, output: Form) -> RunView:
    told: set[tuple[str, str, str]] = set()
    while True:
        view = await _view(runs)
        for event in events_of(view.run):
            key = (event.at.isoformat(), event.cluster, event.text)
            if key not in told:
                told.add(key)
                _print(event, output)
        if view.run.ended is not None or waits_for_a_person(view.run):
            return view
        await asyncio.sleep(_EVERY)


async def _view(runs: Runs) -> RunView:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return await runs.view()
        except UnreachableError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(_EVERY)


def _print(event: Event, output: Form) -> None:
    if output is Form.JSON:
        sys.stdout.write(wire.encode(event).decode() + "\n")
    else:
        say(f"{event.at.astimezone():%H:%M:%S}  {event.cluster or 'run':<16}  {event.text}")
    sys.stdout.flush()
