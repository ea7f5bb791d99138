"""Tries the rules of a user's folders on their own examples."""

from collections.abc import Sequence
from pathlib import Path

from fairlead.checks import trying
from fairlead.checks.cel import CelSyntaxError
from fairlead.model.errors import UsageError
from fairlead.review.rulebook import read_tables, tables_in


def broken_promises(folders: Sequence[Path]) -> tuple[int, list[str]]:
    """How many examples there are, and a sentence for each that is not as it says. UsageError for no rule at all."""
    rules = read_tables((path, path.read_bytes()) for folder in folders for path in tables_in(folder))
    if not rules:
        raise UsageError("there is no rule", place=", ".join(map(str, folders)))
    broken: list[str] = []
    for rule in rules:
        try:
            broken += trying.broken_promises(rule)
        except (CelSyntaxError, ValueError) as error:
            broken.append(f"{rule.id}: {error}")
    return sum(len(rule.good) + len(rule.bad) for rule in rules), broken
