"""`fairlead check explain | rules | test`: what the rules are, and whether a user's own keep their promises."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fairlead.checks.table import chosen
from fairlead.cli.check.options import RulesOption
from fairlead.model.errors import UsageError
from fairlead.model.finding import Severity
from fairlead.review.explaining import Described, describe, explained, listed
from fairlead.review.rulebook import open_rulebook
from fairlead.review.testing import broken_promises

Words = list[str] | None


def explain(
    rule: Annotated[list[str] | None, typer.Argument(help="Ids of rules.")] = None,
    like: Annotated[str, typer.Option(help="Instead: the rules that say what this check of another tool says.")] = "",
    rules: RulesOption = None,
    output: Annotated[str, typer.Option("-o", "--output", help="text or json.")] = "text",
) -> None:
    """Explain rules: why, what to do, and good and bad examples."""
    book = open_rulebook(rules or ())
    if not rule and not like:
        raise UsageError("no rule was named", hint="`fairlead check rules` lists them")
    found = [*(book.find(each) for each in rule or ()), *(book.like(like) if like else [])]
    if not found:
        raise UsageError(
            f"no rule says what `{like}` says", hint="`fairlead check rules -o json` names all that are like"
        )
    if output == "json":
        _print_json([describe(each) for each in found])
    else:
        sys.stdout.write("\n".join(explained(each) for each in found))


def rules(
    word: Annotated[str, typer.Argument(help="Only rules with this in id, title or the names of alike checks.")] = "",
    area: Annotated[Words, typer.Option(help="Only rules of this area (`RES`).")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only rules of this severity.")] = None,
    own: RulesOption = None,
    output: Annotated[str, typer.Option("-o", "--output", help="text or json.")] = "text",
) -> None:
    """List the rules."""
    book = open_rulebook(own or ())
    kept = [
        rule
        for rule in chosen(book.told, only=(), skip=(), areas=tuple(area or ()), everything=True)
        if (severity is None or rule.severity is severity) and _has(describe(rule), word)
    ]
    if output == "json":
        _print_json([describe(rule) for rule in kept])
    else:
        sys.stdout.write(listed(kept))


def test(
    folders: Annotated[list[Path], typer.Argument(help="Folders of own rules.")],
) -> None:
    """
    Try rules on their own examples: a good one must give nothing, a bad one a finding of its rule.

    Exit codes: 0 all do; 1 some do not; 2 a rule cannot be read.
    """
    count, broken = broken_promises(folders)
    for line in broken:
        sys.stdout.write(f"{line}\n")
    sys.stderr.write(f"{count} examples, {len(broken)} of them not as they say\n")
    raise typer.Exit(1 if broken else 0)


def _has(rule: Described, word: str) -> bool:
    asked = word.lower()
    return any(asked in text.lower() for text in (rule.id, rule.title, *rule.like))


def _print_json(rules: list[Described]) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(rules), indent=2).decode() + "\n")
