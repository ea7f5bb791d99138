"""What a rule may still say where some kinds could not be read: that something is found, never that all is well."""

import msgspec

from fairlead.checks.rule import ObjectRule, Rule, SeveralRule
from fairlead.checks.state import Outcome, State


def with_unread(outcome: Outcome, rule: Rule, missed: str, unread: frozenset[str]) -> Outcome:
    """`missed` is the kind the rule looked for in vain; its outcome as it is where nothing it is about is unread."""
    if not unread and not missed:
        return outcome
    lacking = frozenset({missed}) if missed else unread & _about(rule) if _about(rule) else unread
    if not lacking or (outcome.state not in {State.CLEAN, State.NOT_APPLICABLE} and not missed):
        return outcome
    state = State.FOUND if outcome.found else State.INSUFFICIENT_EVIDENCE
    return msgspec.structs.replace(outcome, state=state, because=f"could not read {', '.join(sorted(lacking))}")


def _about(rule: Rule) -> frozenset[str]:
    """The kinds it is about, `workloads` among them; none for all."""
    if isinstance(rule, SeveralRule):
        return frozenset(rule.about)
    if not isinstance(rule, ObjectRule) or rule.applies == "all":
        return frozenset()
    return frozenset({rule.applies}) if isinstance(rule.applies, str) else frozenset(rule.applies)
