"""`fairlead check`: are these manifests or clusters ready for production? And what the rules are."""

from typing import Any

import typer

from fairlead.cli.check import reviewing, rulebook
from fairlead.cli.plain import PlainGroup


class PathsOrCommand(PlainGroup):
    """A group whose own arguments are paths: only a first word that names a command is one (`./rules` is a path)."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            return super().parse_args(ctx, args)
        super().parse_args(ctx, [])
        ctx._protected_args, ctx.args = args[:1], args[1:]  # noqa: SLF001  (where the parser leaves a command's words)
        return [*args]


app = typer.Typer(
    cls=PathsOrCommand,
    add_completion=False,
    invoke_without_command=True,
    context_settings={"allow_interspersed_args": True},  # options may stand behind the paths
    help="Check manifests or running clusters: are they ready for production, and for the next version?",
    epilog="Exit codes: 0 clean; 1 findings at or above `--fail-on`; 2 asked for what cannot be; 3 something was not "
    "read or a rule failed, so not everything was judged.",
)
app.callback(invoke_without_command=True)(reviewing.check)
app.command()(rulebook.explain)
app.command()(rulebook.rules)
app.command()(rulebook.test)
app.command()(rulebook.rbac)
