"""What is counted while a rule is judged, and what comes of it."""

from fairlead.checks.rule import Rule
from fairlead.checks.state import Outcome, State


class Tally:
    """What is known about one rule so far."""

    __slots__ = ("because", "failed", "found", "judged", "rule", "unread", "where")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.judged = 0
        self.found = 0
        self.failed = 0
        self.because = ""
        self.where = ""  # the object it failed on first
        self.unread = ""  # the kind it looked for in vain

    def fails(self, error: Exception, where: str = "") -> None:
        """A rule that breaks on one object, `where`, goes on with the next."""
        self.failed += 1
        if not self.because:
            self.because = f"{where or 'the whole scope'}: {error or type(error).__name__}"
            self.where = where

    def outcome(self) -> Outcome:
        if self.failed:
            state = State.FAILED
        elif self.found:
            state = State.FOUND
        else:
            state = State.CLEAN if self.judged else State.NOT_APPLICABLE
        return Outcome(self.rule.id, state, self.judged, self.found, self.because, self.where)
