"""Does the world agree with the fleet file: is every cluster there, and does every balancer know its servers?"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from fairlead.fleet.file import Fleet, FleetCluster
from fairlead.model.errors import FairleadError, UnreachableError
from fairlead.snapshot.cluster import ClusterSnapshot
from fairlead.survey.overview import Looking
from fairlead.traffic.port import Balancer


class Verdict(StrEnum):
    """UNKNOWN: somebody did not answer, so nothing is proven."""

    GOOD = "good"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at; `subject` is its path in the fleet file."""

    subject: str
    verdict: Verdict
    message: str


async def checkup(fleet: Fleet, eyes: Looking, balancers: Mapping[str, Balancer]) -> tuple[Check, ...]:
    """Ask everybody; one check per cluster, and one per entry of a balancer."""
    servers = {name: await _servers(balancer) for name, balancer in balancers.items()}
    found = await asyncio.gather(
        *(_cluster(f"spec.clusters[{index}]", cluster, eyes) for index, cluster in enumerate(fleet.spec.clusters))
    )
    return (*found, *_entries(fleet, servers))


async def _cluster(path: str, cluster: FleetCluster, eyes: Looking) -> Check:
    try:
        snapshot = await eyes.take(cluster, pods=False)
    except FairleadError as error:
        return _failed(path, cluster.name, error)
    if snapshot.control_plane is None:
        because = "; ".join(snapshot.missing) or "the API server did not answer"
        return Check(path, Verdict.UNKNOWN, f"{cluster.name}: {because}")
    return Check(path, Verdict.GOOD, f"{cluster.name}: {_words(snapshot)}")


def _words(snapshot: ClusterSnapshot) -> str:
    return f"{snapshot.control_plane}, {len(snapshot.nodes)} nodes"


async def _servers(balancer: Balancer) -> Iterable[str] | FairleadError:
    try:
        return {entry.server for entry in await balancer.entries() if not entry.old_process}
    except FairleadError as error:
        return error


def _entries(fleet: Fleet, servers: Mapping[str, Iterable[str] | FairleadError]) -> Iterator[Check]:
    for index, cluster in enumerate(fleet.spec.clusters):
        for number, entry in enumerate(cluster.traffic):
            what = f"{cluster.name}: server `{entry.server}` of `{entry.balancer}`"
            yield _entry(f"spec.clusters[{index}].traffic[{number}]", what, entry.server, servers[entry.balancer])


def _entry(path: str, what: str, server: str, known: Iterable[str] | FairleadError) -> Check:
    if isinstance(known, FairleadError):
        return _failed(path, what, known)
    if server in known:
        return Check(path, Verdict.GOOD, what)
    return Check(path, Verdict.WRONG, f"{what} does not exist; there are {', '.join(sorted(known)) or 'none'}")


def _failed(path: str, what: str, error: FairleadError) -> Check:
    verdict = Verdict.UNKNOWN if isinstance(error, UnreachableError) else Verdict.WRONG
    hint = f" (hint: {error.hint})" if error.hint else ""
    return Check(path, verdict, f"{what}: {error}{hint}")
