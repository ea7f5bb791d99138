"""The rules over several objects, all of them in one list."""

from fairlead.checks.rule import SeveralRule
from fairlead.checks.several import (
    apis,
    budgets,
    configuration,
    delivery,
    network_policies,
    network_reach,
    rbac,
    resources,
    retired,
    scaling,
    scaling_room,
    scheduling,
    security,
    shutdown,
    skewed,
    traffic,
    webhooks,
)

SEVERAL: tuple[SeveralRule, ...] = (
    *apis.RULES,
    *budgets.RULES,
    *configuration.RULES,
    *delivery.RULES,
    *network_policies.RULES,
    *network_reach.RULES,
    *rbac.RULES,
    *resources.RULES,
    *retired.RULES,
    *scaling.RULES,
    *scaling_room.RULES,
    *scheduling.RULES,
    *security.RULES,
    *shutdown.RULES,
    *skewed.RULES,
    *traffic.RULES,
    *webhooks.RULES,
)
