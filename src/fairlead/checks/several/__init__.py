"""The rules over several objects, all of them in one list."""

from fairlead.checks.rule import SeveralRule
from fairlead.checks.several import configuration, network_policies, network_reach, rbac, security, traffic

SEVERAL: tuple[SeveralRule, ...] = (
    *configuration.RULES,
    *network_policies.RULES,
    *network_reach.RULES,
    *rbac.RULES,
    *security.RULES,
    *traffic.RULES,
)
