"""What came of a rule on a scope. Only `clean` means that all is well."""

from enum import StrEnum

import msgspec


class State(StrEnum):
    FOUND = "found"
    CLEAN = "clean"
    NOT_APPLICABLE = "not applicable"
    INSUFFICIENT_EVIDENCE = "insufficient evidence"
    FAILED = "failed"


class Outcome(msgspec.Struct, frozen=True):
    """
    One rule on one scope. `judged` counts the objects or items it was applied to; `because` says which evidence is
    missing or how the rule failed, and where first; `where` is the object it failed on first, if it was one.
    """

    id: str
    state: State
    judged: int = 0
    found: int = 0
    because: str = ""
    where: str = ""
