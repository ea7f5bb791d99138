"""`fairlead policies export`: rules as ValidatingAdmissionPolicies with their bindings, ready for `kubectl apply`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from fairlead.checks.scope import NEWEST_MINOR
from fairlead.cli.check.options import ConfigOption, RulesOption, minor_of
from fairlead.cli.output import tell
from fairlead.model.errors import UsageError
from fairlead.policies import Action, Exported, Unsayable, exported
from fairlead.review.config import read_configuration
from fairlead.review.reviewing import Wanted, chosen
from fairlead.review.rulebook import open_rulebook

Words = list[str] | None


class Form(StrEnum):
    """`-o`."""

    YAML = "yaml"
    JSON = "json"


def export(
    rule: Annotated[Words, typer.Option(help="Only these rules: an id or the beginning of one (`SEC1`).")] = None,
    skip: Annotated[Words, typer.Option(help="Not these rules.")] = None,
    area: Annotated[Words, typer.Option(help="Only rules of this area (`RES`).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also rules that are off unless asked for.")] = False,
    action: Annotated[
        list[Action] | None, typer.Option(help="What becomes of an object that breaks a rule. Without it: `Warn`.")
    ] = None,
    spare: Annotated[
        Words, typer.Option(help="Namespaces that are not judged. Without it: `kube-system`; '' spares none.")
    ] = None,
    version: Annotated[
        str, typer.Option("--kubernetes-version", help="Of the cluster it is for. Without it: the newest known.")
    ] = "",
    rules: RulesOption = None,
    config: ConfigOption = None,
    output: Annotated[Form, typer.Option("-o", "--output", help="yaml or json.")] = Form.YAML,
) -> None:
    """
    Print rules as ValidatingAdmissionPolicies with a binding each.

    Rules that look at several objects, or at files of a node, cannot be said so; they are told on stderr.
    """
    configured = read_configuration(config)
    book = open_rulebook((*(rules or ()), *map(Path, configured.rules)))
    wanted = Wanted(
        only=tuple(rule or configured.only),
        skip=(*(skip or ()), *configured.skip),
        areas=tuple(area or configured.areas),
        everything=everything or configured.everything,
        params=configured.params,
    )
    made = [
        exported(
            each,
            minor=minor_of(version or configured.kubernetes_version) or NEWEST_MINOR,
            params=configured.params.get(each.id),
            actions=action or [Action.WARN],
            spared=[name for name in (["kube-system"] if spare is None else spare) if name],
        )
        for each in chosen(book, wanted)
    ]
    _tell([each for each in made if isinstance(each, Unsayable)], named=bool(rule))
    sayable = [each for each in made if isinstance(each, Exported)]
    if not sayable:
        raise UsageError("none of these rules can be an admission policy", hint="`fairlead check` judges by them")
    _print([part for each in sayable for part in (each.policy, each.binding)], output)


def _tell(unsayable: list[Unsayable], *, named: bool) -> None:
    """One line for each rule somebody named, one for each reason otherwise."""
    reasons: dict[str, list[str]] = {}
    for each in unsayable:
        reasons.setdefault(each.because, []).append(each.rule)
    for because, ids in reasons.items():
        listed = ", ".join(ids) if named or len(ids) < 4 else f"{len(ids)} rules ({', '.join(ids[:3])}, …)"
        tell(f"left out: {listed}: {because}")


def _print(objects: list[dict[str, Any]], form: Form) -> None:
    if form is Form.JSON:
        whole = {"apiVersion": "v1", "kind": "List", "items": objects}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n")
        return
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Expressions as folded text: in quotes, each of theirs would be doubled."""

    def text(dumper: Any, value: str) -> Any:
        style = ">" if len(value) > 80 and value.isprintable() else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    yaml.dump_all(objects, sys.stdout, Dumper, sort_keys=False, allow_unicode=True, width=120)
