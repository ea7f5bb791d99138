"""The rules over several objects, all of them in one list."""

from fairlead.checks.rule import SeveralRule
from fairlead.checks.several import security, traffic

SEVERAL: tuple[SeveralRule, ...] = (*security.RULES, *traffic.RULES)
