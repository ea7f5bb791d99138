"""`fairlead twin up | down | build`."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from fairlead.cli.twin.options import DEFAULT_NAME, Format, Name, Output, print_json, tell
from fairlead.cli.twin.progress import BuildProgress
from fairlead.model.errors import UsageError
from fairlead.twin import boot, state, tools
from fairlead.twin import spec as specs
from fairlead.twin.down import sweep, take_down
from fairlead.twin.status import TwinStatus, status_of

SpecFile = Annotated[
    Path | None, typer.Option("--spec", help="A file that describes other clusters than the default three.")
]


def up(
    name: Name = DEFAULT_NAME,
    spec: SpecFile = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the data of a twin that crashed or was kept.")
    ] = False,
    output: Format = Output.TEXT,
) -> None:
    """Start a twin and wait until it serves. What a crashed twin of that name left is cleared away first."""
    wanted = specs.read(spec, name) if spec else specs.default(name)
    specs.validate(wanted)
    with BuildProgress() as progress:
        tools.ensure(progress=progress)
    status = asyncio.run(_up(wanted, resume=resume))
    if output is Output.JSON:
        print_json(status)
    else:
        typer.echo(_where_to_look(status))


async def _up(wanted: state.TwinSpec, *, resume: bool) -> TwinStatus:
    begun = time.monotonic()
    former = state.find(wanted.name)
    if former is not None and await boot.is_up(former):
        tell(f"twin `{wanted.name}` is up already")
        return await status_of(former)
    if resume and former is None:
        raise UsageError(f"there is no twin `{wanted.name}` to resume", hint="leave `--resume` out")
    if resume and former is not None:
        boot.prepare_again(former)
        now = former
    else:
        now = boot.prepare(wanted)
    await boot.boot(now, tell)
    tell(f"twin `{wanted.name}` is up after {time.monotonic() - begun:.1f} s")
    return await status_of(now)


def down(
    name: Name = DEFAULT_NAME,
    keep: Annotated[bool, typer.Option("--keep", help="Leave data and logs on disk, for `up --resume`.")] = False,
    output: Format = Output.TEXT,
) -> None:
    """Stop a twin, whatever state it is in, and remove its folder. Leaves neither process nor port behind."""
    former = state.find(name)
    hunted = asyncio.run(take_down(former, keep=keep)) if former else sweep(state.folder_of(name))
    if output is Output.JSON:
        print_json({"name": name, "found": former is not None, "hunted": hunted, "kept": keep})
    else:
        tell(_words_for_down(name, found=former is not None, hunted=hunted))


def build(output: Format = Output.TEXT) -> None:
    """Build the tools a twin is made of, once; they are kept outside of any checkout."""
    with BuildProgress() as progress:
        paths = tools.ensure(progress=progress)
    if output is Output.JSON:
        print_json({tool: str(path) for tool, path in paths.items()})
    else:
        tell(f"{len(paths)} tools are built")


def _words_for_down(name: str, *, found: bool, hunted: int) -> str:
    if not found and not hunted:
        return f"there is no twin `{name}`: nothing to take down"
    ends = f", {hunted} processes had lost their supervisor" if hunted else ""
    return f"twin `{name}` is down{ends}"


def _where_to_look(status: TwinStatus) -> str:
    clusters = [
        f"  {each.name:<10} {each.location:<18} {each.version!s:<18} KUBECONFIG={each.kubeconfig}"
        for each in status.clusters
    ]
    return "\n".join(
        [*clusters, f"  traffic    {status.traffic}", f"  fleet file {status.fleet_file}"],
    )
