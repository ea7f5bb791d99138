"""Judges a scope by rules: findings, and what came of each rule."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from fairlead.checks.compiled import Compiled
from fairlead.checks.found import Found
from fairlead.checks.items import Each, Item, items_of
from fairlead.checks.rule import Rule, SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.shapes import Ready, Shapes, shape_of, shape_of_object
from fairlead.checks.state import Outcome, State
from fairlead.checks.tally import Tally
from fairlead.checks.unread import with_unread
from fairlead.snapshot.objects import POD_KINDS, KubeObject, UnreadKindError


class Verdict(msgspec.Struct, frozen=True):
    findings: tuple[Found, ...]
    outcomes: tuple[Outcome, ...]


_Group = tuple[Each | None, Shapes]


def judge(scope: Scope, rules: Sequence[Compiled | SeveralRule]) -> Verdict:
    """
    Judge all objects by all rules. A rule that breaks is told in its outcome and hides nothing that others find.

    Findings have the place of their object, not yet that of the field: see `fairlead.manifests.locate`.
    """
    findings: list[Found] = []
    outcomes: list[Outcome] = []
    tallies: list[Tally] = []
    single: list[tuple[Compiled, Tally]] = []
    for rule in rules:
        words = rule.rule if isinstance(rule, Compiled) else rule
        if because := _missing(words, scope):
            outcomes.append(because)
            continue
        tally = Tally(words)
        tallies.append(tally)
        if isinstance(rule, Compiled):
            single.append((rule, tally))
        else:
            findings += _over_several(rule, scope, tally)
    findings += _one_by_one(scope, single)
    outcomes += [with_unread(tally.outcome(), tally.rule, tally.unread, scope.objects.unread) for tally in tallies]
    return Verdict(tuple(findings), tuple(sorted(outcomes, key=lambda each: each.id)))


def _missing(rule: Rule, scope: Scope) -> Outcome | None:
    if not rule.holds_for(scope.minor):
        return Outcome(rule.id, State.NOT_APPLICABLE, because=f"says nothing about Kubernetes 1.{scope.minor}")
    missing = [name for name in rule.needs if name not in scope.evidence]
    if not scope.ruled_out.isdisjoint(missing):
        return Outcome(rule.id, State.NOT_APPLICABLE, because=f"is about {', '.join(missing)}")
    if missing:
        return Outcome(rule.id, State.INSUFFICIENT_EVIDENCE, because=f"needs {', '.join(missing)}")
    return None


def _over_several(rule: SeveralRule, scope: Scope, tally: Tally) -> Iterator[Found]:
    try:
        for found in rule.check(rule, scope):
            tally.judged += 1
            tally.found += 1
            yield found
    except UnreadKindError as error:
        tally.unread = str(error)
        return
    except Exception as error:  # noqa: BLE001  (whatever breaks a rule must not take the others with it)
        tally.fails(error)
    # Rules over several objects do not count what they looked at; kinds they are about were there or not.
    tally.judged = tally.judged or int(not rule.about or not scope.objects.kinds.isdisjoint(rule.about))


def _one_by_one(scope: Scope, rules: Sequence[tuple[Compiled, Tally]]) -> Iterator[Found]:
    by_kind: dict[tuple[str, bool], list[_Group]] = {}
    for each in scope.objects:
        if _is_made_by_another(each):
            continue
        key = (each.key, each.pod_spec is not None)
        groups = by_kind.get(key)
        if groups is None:
            groups = by_kind[key] = _grouped(pair for pair in rules if pair[0].applies_to(*key))
        if groups:
            yield from _one_object(each, groups, scope.minor)
    for groups in by_kind.values():
        for _, shapes in groups:
            shapes.count()


def _grouped(rules: Iterable[tuple[Compiled, Tally]]) -> list[_Group]:
    """Rules that judge the same items, so that these are looked for once."""
    groups: dict[Each | None, list[Ready]] = {}
    for compiled, tally in rules:
        ready = Ready(compiled.when, compiled.expect, compiled.params, compiled, tally)
        groups.setdefault(compiled.each, []).append(ready)
    return [(each, Shapes(ready)) for each, ready in groups.items()]


def _is_made_by_another(each: KubeObject) -> bool:
    """A Deployment's ReplicaSet and its pods say again what the Deployment says."""
    metadata = each.raw.get("metadata")
    # Of what a cluster made again only a few words may be there, and no pod spec.
    if (each.pod_spec is None and each.key not in POD_KINDS) or not isinstance(metadata, dict):
        return False
    owners = metadata.get("ownerReferences")
    return isinstance(owners, list) and any(isinstance(owner, dict) and owner.get("controller") for owner in owners)


def pod_meta(each: KubeObject) -> dict[str, Any]:
    """The metadata of the pods an object makes; of a Pod its own."""
    holder: Any = each.raw
    for step in each.pod_path[:-1]:
        holder = holder[step]
    metadata = holder.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _one_object(each: KubeObject, groups: Iterable[_Group], minor: int) -> Iterator[Found]:
    pod, about_pod = ({}, {}) if each.pod_spec is None else (each.pod_spec, pod_meta(each))
    whole = {"object": each.raw, "pod": pod, "podMeta": about_pod, "kubernetes": minor, "params": {}}
    shape = shape_of_object(whole)
    for items, shapes in groups:
        if items is None:
            yield from _by_rules(each, whole, None, shapes.looking_at(shape, whole))
            continue
        for item in items_of(items, whole[items.root]):
            variables = {**whole, items.variable: item.value}
            rules = shapes.looking_at((shape, shape_of(item.value)), variables)
            yield from _by_rules(each, variables, item, rules)


def _by_rules(
    each: KubeObject, variables: dict[str, Any], item: Item | None, rules: Sequence[Ready]
) -> Iterator[Found]:
    """The hottest loop: every rule on every item comes through here."""
    for when, expect, params, compiled, tally in rules:
        variables["params"] = params
        try:
            if when is not None and when(variables) is not True:
                continue
            tally.judged += 1
            if expect(variables) is True:
                continue
            message = compiled.message(variables)
        except Exception as error:  # noqa: BLE001  (CEL's errors, and whatever else a rule breaks of)
            tally.fails(error, each.ref)
            continue
        tally.found += 1
        label = item.label if item else ""
        yield compiled.rule.found(each, message, path=compiled.path_of(each, item), item=label)
