"""Reads a cluster's traffic from every balancer that carries it."""

from collections.abc import Mapping
from datetime import datetime

from fairlead.fleet.file import FleetCluster
from fairlead.snapshot.traffic import TrafficReading
from fairlead.traffic.port import Balancer, Entry
from fairlead.traffic.reading import reading


async def entries_of(cluster: FleetCluster, balancers: Mapping[str, Balancer]) -> list[Entry]:
    """The cluster's entries; BalancerUnreachableError where one does not answer."""
    found: list[Entry] = []
    for entry in cluster.traffic:
        found += await balancers[entry.balancer].entries([entry.server])
    return found


async def traffic_of(cluster: FleetCluster, balancers: Mapping[str, Balancer], now: datetime) -> TrafficReading | None:
    """None for a cluster that no balancer carries."""
    if not cluster.traffic:
        return None
    return reading(await entries_of(cluster, balancers), now, cluster.capacity)
