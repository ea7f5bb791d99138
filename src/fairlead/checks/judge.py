"""Judges a scope by rules: findings, and what came of each rule."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from fairlead.checks.compiled import Compiled
from fairlead.checks.found import Found
from fairlead.checks.items import Each, Item, items_of
from fairlead.checks.rule import Rule, SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.state import Outcome, State
from fairlead.snapshot.objects import KubeObject


class Verdict(msgspec.Struct, frozen=True):
    findings: tuple[Found, ...]
    outcomes: tuple[Outcome, ...]


class Tally:
    """What is known about one rule so far."""

    __slots__ = ("because", "failed", "found", "judged", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.judged = 0
        self.found = 0
        self.failed = 0
        self.because = ""

    def fails(self, where: str, error: Exception) -> None:
        """A rule that breaks on one object goes on with the next."""
        self.failed += 1
        self.because = self.because or f"{where}: {error or type(error).__name__}"

    def outcome(self) -> Outcome:
        if self.failed:
            state = State.FAILED
        elif self.found:
            state = State.FOUND
        else:
            state = State.CLEAN if self.judged else State.NOT_APPLICABLE
        return Outcome(self.rule.id, state, self.judged, self.found, self.because)


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
    outcomes += [tally.outcome() for tally in tallies]
    return Verdict(tuple(findings), tuple(sorted(outcomes, key=lambda each: each.id)))


def _missing(rule: Rule, scope: Scope) -> Outcome | None:
    if not rule.holds_for(scope.minor):
        return Outcome(rule.id, State.NOT_APPLICABLE, because=f"says nothing about Kubernetes 1.{scope.minor}")
    missing = [name for name in rule.needs if name not in scope.evidence]
    if missing:
        return Outcome(rule.id, State.INSUFFICIENT_EVIDENCE, because=f"needs {', '.join(missing)}")
    return None


def _over_several(rule: SeveralRule, scope: Scope, tally: Tally) -> Iterator[Found]:
    try:
        for found in rule.check(rule, scope):
            tally.judged += 1
            tally.found += 1
            yield found
    except Exception as error:  # noqa: BLE001  (whatever breaks a rule must not take the others with it)
        tally.fails("the whole scope", error)
    # Rules over several objects do not count what they looked at; kinds they are about were there or not.
    tally.judged = tally.judged or int(not rule.about or any(scope.objects.of(kind) for kind in rule.about))


def _one_by_one(scope: Scope, rules: Sequence[tuple[Compiled, Tally]]) -> Iterator[Found]:
    by_kind: dict[tuple[str, bool], list[tuple[Compiled, Tally]]] = {}
    for each in scope.objects:
        if _is_made_by_another(each):
            continue
        key = (each.key, each.pod_spec is not None)
        chosen = by_kind.get(key)
        if chosen is None:
            chosen = by_kind[key] = [pair for pair in rules if pair[0].applies_to(*key)]
        if chosen:
            yield from _one_object(each, chosen, scope.minor)


def _is_made_by_another(each: KubeObject) -> bool:
    """A Deployment's ReplicaSet and its pods say again what the Deployment says."""
    metadata = each.raw.get("metadata")
    if each.pod_spec is None or not isinstance(metadata, dict):
        return False
    owners = metadata.get("ownerReferences")
    return isinstance(owners, list) and any(isinstance(owner, dict) and owner.get("controller") for owner in owners)


class Bindings:
    """The variables of CEL for one object: one mapping for it, and one for each item of each list asked for."""

    __slots__ = ("_items", "whole")

    def __init__(self, each: KubeObject, minor: int) -> None:
        pod, about_pod = ({}, {}) if each.pod_spec is None else (each.pod_spec, pod_meta(each))
        self.whole = {"object": each.raw, "pod": pod, "podMeta": about_pod, "kubernetes": minor, "params": {}}
        self._items: dict[Each, list[tuple[dict[str, Any], Item | None]]] = {}

    def of(self, each: Each) -> list[tuple[dict[str, Any], Item | None]]:
        """The mappings to judge one by one."""
        known = self._items.get(each)
        if known is None:
            items = items_of(each, self.whole.get(each.root))
            known = self._items[each] = [({**self.whole, each.variable: item.value}, item) for item in items]
        return known


def pod_meta(each: KubeObject) -> dict[str, Any]:
    """The metadata of the pods an object makes; of a Pod its own."""
    holder: Any = each.raw
    for step in each.pod_path[:-1]:
        holder = holder[step]
    metadata = holder.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _one_object(each: KubeObject, rules: Iterable[tuple[Compiled, Tally]], minor: int) -> Iterator[Found]:
    bindings = Bindings(each, minor)
    whole: list[tuple[dict[str, Any], Item | None]] = [(bindings.whole, None)]
    for compiled, tally in rules:
        params, when, expect = compiled.params, compiled.when, compiled.expect
        for variables, item in bindings.of(compiled.each) if compiled.each is not None else whole:
            variables["params"] = params
            try:
                if when is not None and when(variables) is not True:
                    continue
                tally.judged += 1
                if expect(variables) is True:
                    continue
                message = compiled.message(variables)
            except Exception as error:  # noqa: BLE001  (CEL's errors, and whatever else a rule breaks of)
                tally.fails(each.ref, error)
                continue
            tally.found += 1
            label = item.label if item else ""
            yield compiled.rule.found(each, message, path=compiled.path_of(each, item), item=label)
