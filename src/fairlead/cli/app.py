"""The root command: which groups there are, loaded only when asked for, and how errors end."""

import importlib
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

import typer
from typer._click.exceptions import NoArgsIsHelpError
from typer.core import TyperCommand
from typer.exceptions import TyperException

from fairlead.cli.plain import PlainGroup
from fairlead.model.errors import FairleadError, UsageError


class Door(NamedTuple):
    """Where a command lives (module with an `app: typer.Typer`) and its line in `fairlead --help`."""

    module: str
    help: str


DOORS: Mapping[str, Door] = {
    "fleet": Door("fairlead.cli.fleet", "Describe the fleet: discover, list, show, validate."),
    "upgrade": Door("fairlead.cli.upgrade", "Plan, run and watch upgrades of the fleet."),
    "check": Door("fairlead.cli.check", "Check manifests or running clusters: are they ready for production?"),
    "policies": Door("fairlead.cli.policies", "Rules as admission policies of a cluster."),
    "worker": Door("fairlead.cli.worker", "Run the Temporal worker that carries upgrades out."),
    "twin": Door("fairlead.cli.twin", "A real fleet on this machine, to rehearse and to test on."),
}


class LazyGroup(PlainGroup):
    """Knows each group's name and help line, and loads its module when it is the one that runs."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, door in DOORS.items():
            self.commands.setdefault(name, TyperCommand(name, help=door.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Also what completion calls on its way down."""
        if args and (door := DOORS.get(args[0])):
            command = typer.main.get_command(importlib.import_module(door.module).app)
            command.name = args[0]
            self.commands[args[0]] = command
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"fairlead {version('fairlead')}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    """Keep a fleet of production Kubernetes clusters upgraded, healthy and lean, under full traffic."""


def main() -> NoReturn:
    """Run the command line; an error a person can act on is printed without a traceback. Raises SystemExit."""
    # Where nobody answers at the metadata server's address, the default of three tries takes 12 seconds to say so. On
    # Google's machines the first one is answered, and the firmware's name tells where we are even if it is not.
    os.environ.setdefault("GCE_METADATA_DETECT_RETRIES", "1")
    try:
        code = app(standalone_mode=False)
    except FairleadError as error:
        _print_error(str(error), error.hint)
        sys.exit(error.exit_code)
    except TyperException as error:
        _print_misuse(error)
        sys.exit(UsageError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _print_misuse(error: TyperException) -> None:
    """What Typer says of words and options that are none, as we say things; without any word it shows its help."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return
    said = error.format_message().replace("Value error, ", "").strip().rstrip(".")
    said = re.sub(r"'([^']*)'|(?<![\w'-])(--?[a-zA-Z][\w-]*)", lambda found: f"`{found[1] or found[2]}`", said)
    context = getattr(error, "ctx", None)
    hint = (
        f"`{context.command_path} --help` shows what it takes" if context else "`fairlead --help` shows what there is"
    )
    _print_error(said[:1].lower() + said[1:], hint)


def _print_error(message: str, hint: str) -> None:
    typer.echo(f"error: {message}", err=True)
    if hint:
        typer.echo(f"\nhint: {hint}", err=True)


def enter() -> NoReturn:
    """
    `main` for a process of its own, which ends without taking the interpreter apart: threads of Temporal's client may
    still be at work in it, and CPython then aborts with a core dump after all has been said and done (about one time
    in ten on a busy machine).
    """
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    for stream in (sys.stdout, sys.stderr):
        # Whoever read us has gone, as `head` does.
        with suppress(BrokenPipeError):
            stream.flush()
    os._exit(code)
