"""Reads rules from tables: lists of mappings, as YAML files hold them."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from fairlead.checks.rule import ObjectRule, Rule
from fairlead.model.errors import UsageError

_HINT = "docs/guides/writing-rules.md shows what a rule looks like"


def rules_of(table: Any, file: str) -> list[ObjectRule]:
    """The rules of one file; UsageError names the rule and the field that cannot be meant."""
    if not isinstance(table, list):
        raise UsageError("expected a list of rules", place=file, hint=_HINT)
    return [_rule_of(entry, file, number) for number, entry in enumerate(table, 1)]


def without_repeats(rules: Iterable[tuple[Rule, str]]) -> None:
    """UsageError where two rules of different places have the same id."""
    seen: dict[str, str] = {}
    for rule, place in rules:
        if rule.id in seen:
            raise UsageError(f"`{rule.id}` is also a rule of {seen[rule.id]}", place=place, hint="give it another id")
        seen[rule.id] = place


def chosen(
    rules: Sequence[Rule], *, only: Sequence[str], skip: Sequence[str], areas: Sequence[str], everything: bool
) -> list[Rule]:
    """
    The rules asked for: those that are on unless named or `everything`, of these ids or areas, without the skipped.

    `only` and `skip` take ids and beginnings of ids (`SEC`, `PSS2`). UsageError for a word that fits none.
    """
    for word in (*only, *skip, *areas):
        if not any(rule.id.startswith(word) for rule in rules):
            raise UsageError(f"no rule is called `{word}`", hint="`fairlead check rules` lists them")
    return [
        rule
        for rule in rules
        if (rule.enabled or everything or rule.id in only)
        and (not only or rule.id.startswith(tuple(only)))
        and (not areas or rule.area in areas)
        and not (skip and rule.id.startswith(tuple(skip)))
    ]


def _rule_of(entry: Any, file: str, number: int) -> ObjectRule:
    named = entry.get("id") if isinstance(entry, dict) else None
    place = f"{file}: rule {named or number}"
    try:
        return msgspec.convert(entry, ObjectRule)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), place=place, hint=_HINT) from error
