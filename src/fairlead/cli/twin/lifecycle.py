"""`fairlead twin up | down | build`."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fairlead.cli.output import Form, FormOption, show, tell
from fairlead.cli.twin.options import DEFAULT_NAME, Name
from fairlead.cli.twin.progress import BuildProgress
from fairlead.model.errors import UsageError
from fairlead.twin import boot, state, tools
from fairlead.twin import spec as specs
from fairlead.twin.down import sweep, take_down
from fairlead.twin.status import TwinStatus, status_of

SpecFile = Annotated[
    Path | None, typer.Option("--spec", help="A file that describes other clusters than the default three.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the data of a twin that crashed or was kept.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave data and logs on disk, for `up --resume`.")]


def up(name: Name = DEFAULT_NAME, spec: SpecFile = None, resume: Resume = False, form: FormOption = Form.TABLE) -> None:
    """Start a twin and wait until it serves. What a crashed twin of that name left is cleared away first."""
    wanted = specs.read(spec, name) if spec else specs.default(name)
    specs.validate(wanted)
    former = state.find(name)
    if resume and former is None:
        raise UsageError(f"there is no twin `{name}` to resume", hint="leave `--resume` out")
    with BuildProgress() as progress:
        tools.ensure(progress=progress)
    status = asyncio.run(_up(wanted, former, resume=resume))
    show(status, form, _where_to_look(status))


async def _up(wanted: state.TwinSpec, former: state.TwinState | None, *, resume: bool) -> TwinStatus:
    begun = time.monotonic()
    if former is not None and await boot.is_up(former):
        tell(f"twin `{wanted.name}` is up already")
        return await status_of(former)
    now = _prepare(wanted, former, resume=resume)
    await boot.boot(now, tell)
    tell(f"twin `{wanted.name}` is up after {time.monotonic() - begun:.1f} s")
    return await status_of(now)


def _prepare(wanted: state.TwinSpec, former: state.TwinState | None, *, resume: bool) -> state.TwinState:
    if not resume or former is None:
        return boot.prepare(wanted)
    boot.prepare_again(former)
    return former


def down(name: Name = DEFAULT_NAME, keep: Keep = False, form: FormOption = Form.TABLE) -> None:
    """Stop a twin, whatever state it is in, and remove its folder. Leaves neither process nor port behind."""
    former = state.find(name)
    hunted = asyncio.run(take_down(former, keep=keep)) if former else sweep(state.folder_of(name))
    if form is Form.JSON:
        show({"name": name, "found": former is not None, "hunted": hunted, "kept": keep}, form, "")
    else:
        tell(_words_for_down(name, found=former is not None, hunted=hunted))


def _words_for_down(name: str, *, found: bool, hunted: int) -> str:
    if not found and not hunted:
        return f"there is no twin `{name}`: nothing to take down"
    ends = f"; {hunted} processes had lost their supervisor" if hunted else ""
    return f"twin `{name}` is down{ends}"


def build(form: FormOption = Form.TABLE) -> None:
    """Build the tools a twin is made of, once; they are kept outside of any checkout."""
    with BuildProgress() as progress:
        paths = tools.ensure(progress=progress)
    table = Table("tool", "path", box=None, pad_edge=False)
    for tool, path in paths.items():
        table.add_row(tool, str(path))
    show({tool: str(path) for tool, path in paths.items()}, form, table)


def _where_to_look(status: TwinStatus) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in status.clusters:
        table.add_row(each.name, f"{each.location}  {each.version}")
        table.add_row("", f"KUBECONFIG={each.kubeconfig}")
    table.add_row("traffic", status.traffic)
    table.add_row("fleet file", status.fleet_file)
    return table
