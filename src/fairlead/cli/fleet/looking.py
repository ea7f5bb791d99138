"""`fairlead fleet ls | show`: what the fleet is now."""

import asyncio
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from fairlead.cli.fleet.reach import eyes_of
from fairlead.cli.fleet.tables import overview_table, picture
from fairlead.cli.output import FLEET_DEFAULT, FleetOption, Form, FormOption, tell
from fairlead.cli.output import show as print_data
from fairlead.fleet.file import Fleet, FleetCluster
from fairlead.fleet.loading import load_fleet, names_of
from fairlead.model.errors import UsageError
from fairlead.snapshot.cluster import ClusterSnapshot
from fairlead.survey.overview import Overview, overview

# What is missing does not make what was found wrong: it is shown, and this code says that it is not all.
INCOMPLETE = 3


def _names(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    path = ctx.params.get("fleet") or FLEET_DEFAULT
    yield from (name for name in names_of(Path(path)) if name.startswith(incomplete))


NameArgument = Annotated[str, typer.Argument(help="A cluster of the fleet file.", autocompletion=_names)]


def ls(fleet: FleetOption = FLEET_DEFAULT, output: FormOption = Form.TABLE) -> None:
    """List the clusters: version, pools, nodes, channel, requests a second. Exit code 3: not everything answered."""
    found = asyncio.run(_overview(load_fleet(fleet)))
    print_data(found, output, overview_table(found))
    for line in found.clusters:
        for what in line.missing:
            tell(f"{line.name}: {what}")
    if not found.complete:
        raise typer.Exit(INCOMPLETE)


def show(name: NameArgument, fleet: FleetOption = FLEET_DEFAULT, output: FormOption = Form.TABLE) -> None:
    """Show everything about one cluster now. Exit code 3: not everything answered."""
    loaded = load_fleet(fleet)
    snapshot = asyncio.run(_take(loaded, _member(loaded, name)))
    print_data(snapshot, output, picture(snapshot))
    for what in snapshot.missing:
        tell(f"{name}: {what}")
    if snapshot.missing:
        raise typer.Exit(INCOMPLETE)


async def _overview(fleet: Fleet) -> Overview:
    async with eyes_of(fleet) as eyes:
        return await overview(fleet.metadata.name, fleet.spec.clusters, eyes)


async def _take(fleet: Fleet, cluster: FleetCluster) -> ClusterSnapshot:
    async with eyes_of(fleet) as eyes:
        return await eyes.take(cluster)


def _member(fleet: Fleet, name: str) -> FleetCluster:
    try:
        return fleet.cluster(name)
    except KeyError:
        known = [cluster.name for cluster in fleet.spec.clusters]
        near = get_close_matches(name, known, 1)
        hint = f"did you mean `{near[0]}`?" if near else f"clusters are {', '.join(f'`{each}`' for each in known)}"
        raise UsageError(f"there is no cluster `{name}` in fleet `{fleet.metadata.name}`", hint=hint) from None
