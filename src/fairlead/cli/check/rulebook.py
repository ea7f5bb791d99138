"""`fairlead check explain | rules | test | rbac`: what rules are, whether a user's own hold, and what they must see."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fairlead.checks.table import chosen
from fairlead.cli.check.options import RulesOption
from fairlead.cli.check.where import ContextOption, KubeconfigOption, LiveOption, Where
from fairlead.model.errors import UsageError
from fairlead.model.finding import Severity
from fairlead.review.explaining import Described, describe, explained, listed
from fairlead.review.needs import cluster_role, kinds_of, permissions
from fairlead.review.reviewing import Wanted
from fairlead.review.reviewing import chosen as chosen_rules
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


def rbac(
    rule: Annotated[Words, typer.Option(help="Only for this rule, or those that begin so (`SEC1`).")] = None,
    skip: Annotated[Words, typer.Option(help="Not for this rule, nor those that begin so.")] = None,
    area: Annotated[Words, typer.Option(help="Only for rules of this area (`RES`).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also for rules that are off unless asked for.")] = False,
    own: RulesOption = None,
    kube_context: ContextOption = "",
    current: LiveOption = False,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """
    Print the smallest ClusterRole that lets a running cluster be checked.

    With `--context` or `--live` it names what that cluster serves, its own kinds that make pods among them. Bound by a
    RoleBinding it does for `--namespace`.
    """
    wanted = Wanted(only=tuple(rule or ()), skip=tuple(skip or ()), areas=tuple(area or ()), everything=everything)
    kinds = kinds_of(chosen_rules(open_rulebook(own or ()), wanted))
    where = Where(context=kube_context, current=current, kubeconfig=kubeconfig)
    if not where.is_live:
        sys.stdout.write(cluster_role(permissions(kinds)))
        return
    from fairlead.cli.check.live import permissions_of

    sys.stdout.write(cluster_role(permissions_of(where, kinds)))


def _has(rule: Described, word: str) -> bool:
    asked = word.lower()
    return any(asked in text.lower() for text in (rule.id, rule.title, *rule.like))


def _print_json(rules: list[Described]) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(rules), indent=2).decode() + "\n")
