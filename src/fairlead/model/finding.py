"""One thing a rule found: what, where, how bad, and what would mend it."""

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    BLOCKER = "blocker"
    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Finding(msgspec.Struct, frozen=True):
    """`subject` is the object it is about (`web/tokyo-1 PodDisruptionBudget shop/db`); `fix` what would remove it."""

    id: str
    severity: Severity
    subject: str
    message: str
    fix: str = ""
