"""Reads a cluster's traffic from every balancer that carries it."""

from collections.abc import Mapping
from datetime import datetime

from fairlead.fleet.file import FleetCluster
from fairlead.snapshot.traffic import TrafficReading
from fairlead.traffic.port import Balancer, BalancerRefusedError, Entry
from fairlead.traffic.reading import reading


async def entries_of(cluster: FleetCluster, balancers: Mapping[str, Balancer]) -> list[Entry]:
    """The cluster's entries; BalancerUnreachableError for no answer, BalancerRefusedError where a balancer has none."""
    found: list[Entry] = []
    for place in cluster.traffic:
        entries = await balancers[place.balancer].entries([place.server])
        if not entries:
            raise BalancerRefusedError(
                f"balancer `{place.balancer}` has no server `{place.server}`",
                place=cluster.name,
                hint="is `traffic` in the fleet file as HAProxy's configuration names it?",
            )
        found += entries
    return found


async def traffic_of(cluster: FleetCluster, balancers: Mapping[str, Balancer], now: datetime) -> TrafficReading | None:
    """None for a cluster that no balancer carries."""
    if not cluster.traffic:
        return None
    return reading(await entries_of(cluster, balancers), now, cluster.capacity)
