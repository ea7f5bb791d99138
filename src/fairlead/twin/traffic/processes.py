"""Which processes carry the twin's traffic."""

import shutil
import sys

from fairlead.model.errors import UsageError
from fairlead.twin.process import ProcessSpec, SocketReady, TcpReady
from fairlead.twin.state import TwinState
from fairlead.twin.traffic.balancer import config_file, write_config

PORTS = ("balancer", "balancer-stats")
"""Names in `TwinState.ports` that this part of the twin listens on, beside each cluster's `gateway`."""


def process_specs(state: TwinState) -> tuple[ProcessSpec, ...]:
    """
    The gateways, the balancer and, where the twin wants it, the load; in the order they should start. Writes the
    balancer's configuration. The load waits by itself until the balancer has every server up.
    """
    write_config(state)
    gateways = tuple(_gateway(state, cluster.name) for cluster in state.spec.clusters)
    load = (_load(state),) if state.spec.load else ()
    return (*gateways, _balancer(state), *load)


def haproxy_binary() -> str:
    """UsageError with what to install where there is none. Debian puts it where only root's PATH looks."""
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise UsageError("there is no `haproxy` on this machine", hint="install it with `apt-get install haproxy`")
    return found


def _balancer(state: TwinState) -> ProcessSpec:
    # A master with workers, as in production: only so a reload leaves an old worker behind that its CLI can show.
    return ProcessSpec(
        name="balancer",
        argv=(haproxy_binary(), "-W", "-S", str(state.balancer_master), "-f", str(config_file(state))),
        ready=SocketReady(str(state.balancer_socket)),
    )


def _gateway(state: TwinState, cluster: str) -> ProcessSpec:
    return ProcessSpec(
        name=f"{cluster}/gateway",
        argv=(sys.executable, "-m", "fairlead.twin.traffic.gateway", state.folder, cluster),
        ready=TcpReady(state.clusters[cluster].gateway),
    )


def _load(state: TwinState) -> ProcessSpec:
    return ProcessSpec(name="load", argv=(sys.executable, "-m", "fairlead.twin.traffic.load", state.folder))
