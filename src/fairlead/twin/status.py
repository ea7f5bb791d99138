"""How a twin is: whether it is supervised, its processes, its clusters' versions."""

import msgspec

from fairlead.model.errors import UnreachableError
from fairlead.model.version import Version
from fairlead.twin.clusters import planes
from fairlead.twin.control import Control
from fairlead.twin.process import ProcessStatus
from fairlead.twin.state import TwinState
from fairlead.twin.supervisor.records import Records, is_alive


class ClusterStatus(msgspec.Struct, frozen=True):
    """`version` is the control plane's; `server` its API address; `kubeconfig` a file for kubectl."""

    name: str
    location: str
    version: Version
    server: str
    kubeconfig: str


class TwinStatus(msgspec.Struct, frozen=True):
    """
    What `twin status` shows. `serving`: supervised and every process ready. Without a supervisor the processes are
    those on record that still live, in state `orphaned`. `traffic` is HAProxy's address, `balancer_socket` its admin
    socket.
    """

    name: str
    folder: str
    serving: bool
    supervised: bool
    fleet_file: str
    traffic: str
    clusters: tuple[ClusterStatus, ...]
    processes: tuple[ProcessStatus, ...]
    balancer_socket: str = ""


async def status_of(state: TwinState) -> TwinStatus:
    """Looks; changes nothing."""
    try:
        processes, supervised = await Control(state.control_socket, timeout=10).processes(), True
    except UnreachableError:
        processes, supervised = _orphans(state), False
    return TwinStatus(
        name=state.spec.name,
        folder=state.folder,
        serving=supervised and all(process.state == "ready" for process in processes),
        supervised=supervised,
        fleet_file=str(state.fleet_file),
        traffic=f"http://127.0.0.1:{state.ports['balancer']}",
        clusters=_clusters(state),
        processes=processes,
        balancer_socket=str(state.balancer_socket),
    )


def _clusters(state: TwinState) -> tuple[ClusterStatus, ...]:
    wanted = planes.load(state)
    return tuple(
        ClusterStatus(
            name=cluster.name,
            location=cluster.location,
            version=wanted[cluster.name].version,
            server=f"https://127.0.0.1:{state.clusters[cluster.name].endpoint}",
            kubeconfig=str(state.kubeconfig(cluster.name)),
        )
        for cluster in state.spec.clusters
    )


def _orphans(state: TwinState) -> tuple[ProcessStatus, ...]:
    records = Records(state.root).read()
    return tuple(
        ProcessStatus(name, record.pid, "orphaned", 0, "") for name, record in records.items() if is_alive(record)
    )
