"""Tries a rule on its own examples: a good one must give no finding of it, a bad one at least one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fairlead.checks.compiled import Compiled
from fairlead.checks.examples import asked_of, written_out
from fairlead.checks.judge import Verdict, judge
from fairlead.checks.rule import Example, ObjectRule, SeveralRule
from fairlead.checks.scope import NEWEST_MINOR, Scope
from fairlead.checks.state import State
from fairlead.snapshot.objects import KubeObject, Objects, Place

Ready = Callable[[ObjectRule], Compiled]


def broken_promises(rule: ObjectRule | SeveralRule, ready: Ready = Compiled) -> Iterator[str]:
    """A sentence for each example that is not what it says; CelSyntaxError where an expression cannot be read."""
    good: Sequence[Example | Sequence[Example]] = rule.good
    bad: Sequence[Example | Sequence[Example]] = rule.bad
    for number, example in enumerate(good, 1):
        verdict = judged(rule, example, ready)
        if verdict.findings:
            yield f"{rule.id}: good example {number} is found: {verdict.findings[0].message}"
        yield from _failed(rule.id, f"good example {number}", verdict)
    for number, example in enumerate(bad, 1):
        verdict = judged(rule, example, ready)
        if not verdict.findings:
            yield f"{rule.id}: bad example {number} is not found"
        if isinstance(rule, ObjectRule) and rule.messageExpression:
            plain = rule.message or rule.title
            if any(found.message == plain for found in verdict.findings):
                yield f"{rule.id}: the message for bad example {number} cannot be evaluated"
        yield from _failed(rule.id, f"bad example {number}", verdict)


def judged(rule: ObjectRule | SeveralRule, example: Example | Sequence[Example], ready: Ready = Compiled) -> Verdict:
    """What the rule says about one of its examples."""
    manifests = [example] if isinstance(example, Mapping) else list(example)
    asked = [asked_of(manifest) for manifest in manifests]
    minors = [minor for _, minor in asked if minor is not None]
    objects = Objects(KubeObject(written_out(manifest)) for manifest in manifests)
    minor = minors[0] if minors else _minor_of(rule)
    scope = Scope(objects, minor=minor, evidence=frozenset(rule.needs))
    if isinstance(rule, SeveralRule):
        return judge(scope, [rule])
    compiled = ready(rule)
    compiled.params = {**compiled.params, **asked[0][0]}
    return judge(scope, [compiled])


def by_all(rules: Sequence[Compiled | SeveralRule], examples: Iterable[Example]) -> Verdict:
    """What many rules say about the examples of one; `document` of a finding is the example's number, from 0."""
    objects = (KubeObject(written_out(each), Place(document=number)) for number, each in enumerate(examples))
    return judge(Scope(Objects(objects)), rules)


def _minor_of(rule: ObjectRule | SeveralRule) -> int:
    """The newest minor the rule holds for."""
    return min(NEWEST_MINOR, int(rule.until.partition(".")[2])) if rule.until else NEWEST_MINOR


def _failed(rule_id: str, example: str, verdict: Verdict) -> Iterator[str]:
    for outcome in verdict.outcomes:
        if outcome.state is State.FAILED:
            yield f"{rule_id}: fails on {example}: {outcome.because}"
