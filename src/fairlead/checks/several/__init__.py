"""The rules over several objects, all of them in one list."""

from fairlead.checks.rule import SeveralRule
from fairlead.checks.several import rbac, security, traffic

SEVERAL: tuple[SeveralRule, ...] = (*rbac.RULES, *security.RULES, *traffic.RULES)
