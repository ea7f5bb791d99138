"""The world against the fleet file: good, wrong, and what nobody can tell are three different things."""

import msgspec
import pytest

from fairlead.clouds.port import CloudRefusedError, CloudUnavailableError
from fairlead.fleet.file import (
    Fleet,
    FleetBalancer,
    FleetCluster,
    HaproxyProcess,
    Metadata,
    Spec,
    TrafficEntry,
)
from fairlead.model.cluster import GkePlace
from fairlead.snapshot.cluster import ClusterSnapshot
from fairlead.survey.checkup import Verdict, checkup
from fakes.balancer import FakeBalancer
from fakes.pictures import a_snapshot


class Sights:
    def __init__(self, seen: ClusterSnapshot | Exception) -> None:
        self.seen = seen

    async def take(self, cluster: FleetCluster, *, pods: bool = True) -> ClusterSnapshot:
        if isinstance(self.seen, Exception):
            raise self.seen
        return self.seen


def fleet(server: str = "tokyo") -> Fleet:
    cluster = FleetCluster(
        name="tokyo",
        gke=GkePlace("shop", "asia-northeast1", "tokyo"),
        traffic=(TrafficEntry(balancer="edge", server=server),),
    )
    edge = FleetBalancer(name="edge", haproxy=(HaproxyProcess(socket="/run/haproxy.sock"),))
    return Fleet(
        api_version="fairlead.dev/v1",
        kind="Fleet",
        metadata=Metadata(name="shop"),
        spec=Spec(clusters=(cluster,), balancers=(edge,)),
    )


def edge(*, silent: bool = False) -> FakeBalancer:
    balancer = FakeBalancer({"tokyo": 50, "osaka": 50}, name="edge")
    if silent:
        balancer.silent.update(balancer.addresses)
    return balancer


async def verdicts(
    server: str = "tokyo", seen: ClusterSnapshot | Exception | None = None, balancer: FakeBalancer | None = None
) -> list[tuple[str, Verdict]]:
    checks = await checkup(fleet(server), Sights(seen or a_snapshot()), {"edge": balancer or edge()})
    return [(check.subject, check.verdict) for check in checks]


CLUSTER, ENTRY = "spec.clusters[0]", "spec.clusters[0].traffic[0]"


async def test_what_is_there_is_good() -> None:
    assert await verdicts() == [(CLUSTER, Verdict.GOOD), (ENTRY, Verdict.GOOD)]


async def test_a_server_that_no_backend_has_is_wrong() -> None:
    assert (ENTRY, Verdict.WRONG) in await verdicts(server="tokio")


async def test_a_balancer_that_is_silent_proves_nothing() -> None:
    assert (ENTRY, Verdict.UNKNOWN) in await verdicts(balancer=edge(silent=True))


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(CloudUnavailableError("later"), Verdict.UNKNOWN), (CloudRefusedError("no such cluster"), Verdict.WRONG)],
)
async def test_a_provider_that_does_not_answer_is_not_one_that_says_no(error: Exception, verdict: Verdict) -> None:
    assert (CLUSTER, verdict) in await verdicts(seen=error)


async def test_a_silent_api_server_is_told_with_its_reason() -> None:
    seen = msgspec.structs.replace(a_snapshot(), control_plane=None, missing=("API server: no route",))
    checks = await checkup(fleet(), Sights(seen), {"edge": edge()})
    assert checks[0].verdict is Verdict.UNKNOWN
    assert "no route" in checks[0].message
