"""KWOK with our own stages: nodes and pods that behave, in time, like real ones."""

from pathlib import Path

from fairlead.twin import tools
from fairlead.twin.process import HttpReady, ProcessSpec
from fairlead.twin.state import TwinState

STAGES = Path(__file__).with_name("stages.yaml")


def kwok(state: TwinState, cluster: str) -> ProcessSpec:
    """One per cluster; it plays the kubelets of all its nodes."""
    port = state.ports[f"{cluster}/kwok"]
    argv = (
        str(tools.path("kwok")),
        f"--kubeconfig={state.kubeconfig(cluster)}",
        "--manage-all-nodes=true",
        f"--config={STAGES}",
        # Room for the pods' addresses; nobody ever sends a packet to one.
        "--cidr=10.64.0.0/14",
        "--node-ip=127.0.0.1",
        f"--server-address=127.0.0.1:{port}",
        "--v=-1",
    )
    return ProcessSpec(name=f"{cluster}/kwok", argv=argv, ready=HttpReady(f"http://127.0.0.1:{port}/healthz"))
