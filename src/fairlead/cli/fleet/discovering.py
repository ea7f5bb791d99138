"""`fairlead fleet init`: writes a fleet file from what is found."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from fairlead.cli.output import FLEET_DEFAULT, FleetOption, Form, FormOption, show, tell
from fairlead.fleet.drafting import Draft, as_text, draft, name_of
from fairlead.fleet.file import FleetBalancer, GkeSettings, HaproxyProcess
from fairlead.model.cluster import GkePlace
from fairlead.model.errors import UsageError

# As in `fairlead fleet ls`.
INCOMPLETE = 3


class Found(msgspec.Struct, frozen=True):
    """What `fairlead fleet init` wrote to `path`, and what it could not find out."""

    path: str
    clusters: tuple[str, ...]
    missing_zones: tuple[str, ...]
    without_traffic: tuple[str, ...]
    unmatched_servers: tuple[str, ...]


def init(
    project: Annotated[list[str], typer.Option("--project", "-p", help="A Google Cloud project; may be repeated.")],
    fleet: FleetOption = FLEET_DEFAULT,
    name: Annotated[str, typer.Option("--name", "-n", help="The fleet's name; the first project's without it.")] = "",
    balancer: Annotated[str, typer.Option("--balancer", help="The name of the balancer of those sockets.")] = "edge",
    balancer_socket: Annotated[
        list[str] | None,
        typer.Option("--balancer-socket", "-b", help="An HAProxy admin socket (path or `host:port`); may be repeated."),
    ] = None,
    balancer_master: Annotated[
        list[str] | None,
        typer.Option("--balancer-master", help="The master CLI of each socket, in the same order."),
    ] = None,
    credentials_file: Annotated[
        Path | None,
        typer.Option("--credentials-file", help="Credentials JSON instead of Application Default Credentials."),
    ] = None,
    emulator: Annotated[str | None, typer.Option("--emulator", help="`127.0.0.1:PORT` of a twin's GKE.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    output: FormOption = Form.TABLE,
) -> None:
    """Write a fleet file from what GKE and HAProxy say. Exit code 3: it is written, but some zones did not answer."""
    if fleet.exists() and not force:
        raise UsageError(f"`{fleet}` is already there", hint="`--force` overwrites it, `--fleet FILE` writes another")
    settings = GkeSettings(
        credentials_file=str(credentials_file.resolve()) if credentials_file else None, emulator=emulator
    )
    balancers = _balancers(balancer, balancer_socket or [], balancer_master or [])
    places, missing_zones, servers = asyncio.run(_discover(project, settings, balancers))
    if not places:
        raise UsageError(
            f"there are no clusters in {', '.join(f'`{each}`' for each in project)}",
            hint=f"these zones did not answer: {', '.join(missing_zones)}"
            if missing_zones
            else "is it the right project?",
        )
    drafted = draft(name or name_of(project[0]), places, settings, balancers, servers)
    fleet.write_text(as_text(drafted.fleet), encoding="utf-8")
    _report(drafted, fleet, missing_zones, output)


async def _discover(
    projects: Sequence[str], settings: GkeSettings, balancers: Sequence[FleetBalancer]
) -> tuple[list[GkePlace], tuple[str, ...], dict[str, list[str]]]:
    from fairlead.worker import wiring

    cloud = wiring.cloud_of(settings)
    try:
        found = [await cloud.discover(project) for project in projects]
    finally:
        await cloud.close()
    known = {
        name: sorted({entry.server for entry in await each.entries()})
        for name, each in wiring.balancers_of(balancers).items()
    }
    zones = tuple(sorted({zone for each in found for zone in each.missing_zones}))
    return [cluster.place for each in found for cluster in each.clusters], zones, known


def _balancers(name: str, sockets: Sequence[str], masters: Sequence[str]) -> tuple[FleetBalancer, ...]:
    if masters and len(masters) != len(sockets):
        raise UsageError(
            f"{len(masters)} `--balancer-master` for {len(sockets)} `--balancer-socket`",
            hint="give each socket its master CLI, in the same order, or none at all",
        )
    if not sockets:
        return ()
    processes = tuple(
        HaproxyProcess(socket=socket, master=masters[number] if masters else None)
        for number, socket in enumerate(sockets)
    )
    return (FleetBalancer(name=name_of(name), haproxy=processes),)


def _report(drafted: Draft, path: Path, missing_zones: tuple[str, ...], output: Form) -> None:
    clusters = drafted.fleet.spec.clusters
    found = Found(
        str(path),
        tuple(cluster.name for cluster in clusters),
        missing_zones,
        drafted.without_traffic if drafted.fleet.spec.balancers else (),
        drafted.unmatched_servers,
    )
    table = Table("cluster", "place", "balancer entries", box=None)
    for cluster in clusters:
        entries = ", ".join(f"{entry.balancer}/{entry.server}" for entry in cluster.traffic)
        table.add_row(Text(cluster.name, "bold"), Text(cluster.gke.path), Text(entries or "-"))
    show(found, output, table)
    tell(f"wrote {path}; `fairlead fleet validate` checks it")
    if found.without_traffic:
        tell(f"no server is named like {', '.join(found.without_traffic)}: without `traffic` they are never drained")
    if found.unmatched_servers:
        tell(f"servers that mean no cluster: {', '.join(found.unmatched_servers)}")
    if missing_zones:
        tell(f"these zones did not answer, so their clusters are missing: {', '.join(missing_zones)}")
        raise typer.Exit(INCOMPLETE)
