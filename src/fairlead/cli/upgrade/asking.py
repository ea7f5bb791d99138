"""`fairlead upgrade pause | resume | retry | skip | abort`: what a person decides about a run or one cluster."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from fairlead.cli.output import FLEET_DEFAULT, FleetOption, tell
from fairlead.cli.upgrade.runs import runs_of, whoami
from fairlead.fleet.loading import load_fleet
from fairlead.upgrade.state import Action, Command

ClusterOption = Annotated[str, typer.Option("--cluster", "-c", help="Only this cluster; without it the whole run.")]
ReasonOption = Annotated[str, typer.Option("--reason", "-m", help="Why; kept in the run's records.")]


def pause(fleet: FleetOption = FLEET_DEFAULT, cluster: ClusterOption = "", reason: ReasonOption = "") -> None:
    """Start no further step and no further cluster; a step under way is finished."""
    _tell(fleet, cluster, Action.PAUSE, reason)


def resume(fleet: FleetOption = FLEET_DEFAULT, cluster: ClusterOption = "", reason: ReasonOption = "") -> None:
    """Go on after a pause."""
    _tell(fleet, cluster, Action.RESUME, reason)


def retry(fleet: FleetOption = FLEET_DEFAULT, cluster: ClusterOption = "", reason: ReasonOption = "") -> None:
    """Look again at what is held, and go on if it may."""
    _tell(fleet, cluster, Action.RETRY, reason)


def skip(fleet: FleetOption = FLEET_DEFAULT, cluster: ClusterOption = "", reason: ReasonOption = "") -> None:
    """Leave a held cluster as it is and go on with the others; out of the balancer it stays out."""
    _tell(fleet, cluster, Action.SKIP, reason)


def abort(fleet: FleetOption = FLEET_DEFAULT, cluster: ClusterOption = "", reason: ReasonOption = "") -> None:
    """Stop, and open no further cluster; what was parked is restored, what is out of the balancer stays out."""
    _tell(fleet, cluster, Action.ABORT, reason)


def _tell(fleet: Path, cluster: str, action: Action, reason: str) -> None:
    tell(asyncio.run(_ask(fleet, cluster, Command(action, whoami(), reason))))


async def _ask(path: Path, cluster: str, command: Command) -> str:
    runs = await runs_of(load_fleet(path))
    return await (runs.tell_cluster(cluster, command) if cluster else runs.tell(command))
