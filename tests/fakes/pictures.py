"""Pictures of clusters for the planner's tests: a healthy one, and a strategy for any."""

from datetime import UTC, datetime

import msgspec
from hypothesis import strategies as st

from fairlead.fleet.file import Drain, DrainMode, Surge, UpgradePolicy, VersionPolicy
from fairlead.model.duration import Duration
from fairlead.model.version import Version
from fairlead.snapshot.cluster import ClusterSnapshot, Node, Pool, RunningOperation
from fairlead.snapshot.traffic import TrafficReading
from fakes.cloud import ref_of

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ALL = tuple(Version(f"1.{minor}.{patch}-gke.1000") for minor in range(38, 27, -1) for patch in (4, 2))


def a_reading(**changes: object) -> TrafficReading:
    healthy = TrafficReading(NOW, "e", 1000, 0, 50.0, 2, 0, 15.0, 100, in_balancer=True, out_of_balancer=False)
    return msgspec.structs.replace(healthy, **changes)


def a_snapshot(
    name: str = "tokyo", version: str = "1.35.4-gke.1000", pools: tuple[Pool, ...] | None = None, **changes: object
) -> ClusterSnapshot:
    """A healthy cluster, its one pool `app` on the control plane's version; name any field to have it otherwise."""
    current = Version(version)
    made = (a_pool("app", version),) if pools is None else pools
    snapshot = ClusterSnapshot(
        ref=ref_of(name),
        taken=NOW,
        provider_control_plane=current,
        control_plane=current,
        channel="",
        state="RUNNING",
        pools=made,
        nodes=tuple(node for pool in made for node in nodes_of(pool)),
        offered_control_plane=ALL,
        offered_nodes=ALL,
        channel_defaults={"stable": Version("1.36.4-gke.1000")},
        traffic=a_reading(),
    )
    return msgspec.structs.replace(snapshot, **changes)


def a_pool(name: str = "app", version: str = "1.35.4-gke.1000", nodes: int = 4, **changes: object) -> Pool:
    pool = Pool(name, Version(version), nodes, ("a", "b"), 1, 0, "{}", True, False, "RUNNING")
    return msgspec.structs.replace(pool, **changes)


def nodes_of(pool: Pool) -> tuple[Node, ...]:
    return tuple(
        Node(f"{pool.name}-{number}", pool.name, "a", pool.version, ready=True, unschedulable=False)
        for number in range(pool.nodes)
    )


@st.composite
def policies(draw: st.DrawFn) -> UpgradePolicy:
    return UpgradePolicy(
        version=VersionPolicy(
            exact=draw(st.sampled_from(ALL)), nodes=draw(st.sampled_from(["follow-minor", "follow-always"]))
        ),
        surge=Surge(percent=draw(st.integers(1, 100)), max_unavailable=draw(st.integers(0, 19))),
        drain=Drain(mode=draw(st.sampled_from(DrainMode))),
        bake=Duration(minutes=draw(st.integers(0, 9))),
    )


@st.composite
def snapshots(draw: st.DrawFn) -> ClusterSnapshot:
    """Any cluster whose nodes are within the skew, in the middle of anything."""
    control_plane = draw(st.sampled_from(ALL))
    behind = [each for each in ALL if each <= control_plane and control_plane.minors_ahead_of(each) <= 3]
    pools = tuple(
        a_pool(f"p{number}", str(draw(st.sampled_from(behind))), draw(st.integers(0, 60)), zones=("a", "b", "c"))
        for number in range(draw(st.integers(0, 4)))
    )
    operations = tuple(
        RunningOperation(f"operation-{number}", draw(st.sampled_from(_KINDS)), draw(st.sampled_from(["", "p0"])), "")
        for number in range(draw(st.integers(0, 2)))
    )
    return a_snapshot(version=str(control_plane), pools=pools, operations=operations)


_KINDS = ("upgrade-control-plane", "upgrade-pool", "repair-pool", "resize")
