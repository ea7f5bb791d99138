"""The processes that stand around the clusters: the GKE emulator, the global balancer, edge gateways and the load."""

import sys

from fairlead.twin.process import ProcessSpec, TcpReady
from fairlead.twin.state import TwinState
from fairlead.twin.traffic.processes import process_specs


def around(state: TwinState) -> tuple[ProcessSpec, ...]:
    """In the order in which they should start."""
    return (_gke(state), *process_specs(state))


def _gke(state: TwinState) -> ProcessSpec:
    argv = (sys.executable, "-m", "fairlead.twin.gke", state.folder)
    return ProcessSpec(name="gke", argv=argv, ready=TcpReady(state.ports["gke"]))
