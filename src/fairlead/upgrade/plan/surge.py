"""How many nodes of a pool roll at a time."""

import math
from typing import NamedTuple

from fairlead.fleet.file import Surge
from fairlead.snapshot.cluster import Pool

# GKE refuses more than twenty nodes at once, surge and unavailable together.
MOST_AT_ONCE = 20


class SurgeSize(NamedTuple):
    max_surge: int
    max_unavailable: int


def surge_of(policy: Surge, pool: Pool) -> SurgeSize:
    """
    Percent of the pool, rounded up, at least one, with `max_unavailable` at most twenty.

    GKE applies the setting zone by zone, so that many extra nodes stand in one zone at a time and in the whole pool;
    more than the largest zone has nodes would change nothing. A policy that leaves no room for one surge node is
    refused as a blocker (UPG103) before this is used.
    """
    wanted = min(math.ceil(pool.nodes * policy.percent / 100), nodes_in_zone(pool.nodes, len(pool.zones)))
    return SurgeSize(max(1, min(wanted, MOST_AT_ONCE - policy.max_unavailable)), policy.max_unavailable)


def nodes_in_zone(nodes: int, zones: int) -> int:
    """The largest zone of an evenly spread pool."""
    return math.ceil(nodes / max(1, zones))
