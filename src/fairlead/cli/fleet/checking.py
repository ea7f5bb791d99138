"""`fairlead fleet validate | schema`: whether the fleet file is right, and what may stand in it."""

import asyncio
import json
import sys
from typing import Annotated

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from fairlead.cli.fleet.reach import eyes_of
from fairlead.cli.output import FLEET_DEFAULT, FleetOption, Form, FormOption, show
from fairlead.fleet.file import Fleet
from fairlead.fleet.loading import load_fleet
from fairlead.fleet.schema import schema as fleet_schema
from fairlead.survey.checkup import Check, Verdict, checkup

_COLOURS = {Verdict.GOOD: "green", Verdict.WRONG: "red", Verdict.UNKNOWN: "yellow"}


class Validation(msgspec.Struct, frozen=True):
    """What `fairlead fleet validate` found; without a wrong or unknown check it is all `good`."""

    fleet: str
    good: bool
    checks: tuple[Check, ...]


def validate(
    fleet: FleetOption = FLEET_DEFAULT,
    offline: Annotated[bool, typer.Option("--offline", help="Only read the file; ask nobody.")] = False,
    output: FormOption = Form.TABLE,
) -> None:
    """
    Check the fleet file, and that clusters and balancers are as it says.

    Exit codes: 0 all good; 1 something is wrong; 2 the file itself is wrong; 3 somebody did not answer.
    """
    loaded = load_fleet(fleet)
    members = len(loaded.spec.clusters)
    checks: tuple[Check, ...] = (
        Check("", Verdict.GOOD, f"{fleet}: {members} clusters, {len(loaded.spec.balancers)} balancers"),
    )
    if not offline:
        checks += asyncio.run(_ask(loaded))
    verdicts = {check.verdict for check in checks}
    show(Validation(loaded.metadata.name, verdicts == {Verdict.GOOD}, checks), output, _table(checks))
    if verdicts != {Verdict.GOOD}:
        raise typer.Exit(1 if Verdict.WRONG in verdicts else 3)


def schema() -> None:
    """Print the JSON Schema of the fleet file, for editors."""
    sys.stdout.write(json.dumps(fleet_schema(), indent=2) + "\n")


async def _ask(fleet: Fleet) -> tuple[Check, ...]:
    from fairlead.worker import wiring

    async with eyes_of(fleet) as eyes:
        return await checkup(fleet, eyes, wiring.balancers_of(fleet.spec.balancers))


def _table(checks: tuple[Check, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for check in checks:
        table.add_row(
            Text(check.verdict.value, _COLOURS[check.verdict]), Text(check.message), Text(check.subject, "dim")
        )
    return table
