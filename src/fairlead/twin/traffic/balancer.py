"""The global HAProxy of a twin: its configuration, and how it is reloaded."""

import asyncio
import os
import signal
from pathlib import Path

from fairlead.model.errors import UnreachableError
from fairlead.traffic.haproxy import answers
from fairlead.traffic.haproxy.socket import ask_master
from fairlead.twin.state import ClusterSpec, TwinState
from fairlead.twin.traffic.pods import POD_CONCURRENCY

_HEAD = """\
# Written by fairlead for the twin `{name}`.
global
    # `expose-fd listeners` lets a reload take the listening sockets over, so that no connection is refused.
    stats socket {admin} mode 600 level admin expose-fd listeners
    nbthread 1
    maxconn 4000
    hard-stop-after 10m
    # There is no server-state-file, as on most balancers: a reload forgets every drain.

defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 10s
    timeout queue 2s
    timeout http-request 5s
    timeout http-keep-alive 15s
    # Only what never reached a server is tried again, the last time at another one. A request that a server has seen
    # is not repeated, so every failure it makes is counted.
    retries 2
    retry-on conn-failure
    option redispatch 1
    # A hanging-up client must not use up what the pods can do.
    option abortonclose

frontend edge
    bind 127.0.0.1:{port}
    use_backend api if {{ path_beg /api/ }}
    default_backend shop

frontend stats
    bind 127.0.0.1:{stats}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    stats enable
    stats uri /
    stats refresh 2s
"""

_BACKEND = """
backend {name}
    balance roundrobin
    option httpchk
    http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host gateway
    http-check expect status 200
    default-server check inter 1s fastinter 300ms downinter 500ms fall 2 rise 2
"""

# What part of a cluster's pods each service may keep busy; together they are all.
_SHARES = {"shop": 0.75, "api": 0.25}
# The heaviest server's, and HAProxy's highest, so that percentages of a light one's are still whole numbers.
_TOP_WEIGHT = 256


def config_file(state: TwinState) -> Path:
    return state.root / "balancer.cfg"


def write_config(state: TwinState) -> None:
    """`balancer.cfg` in the twin's folder, atomically."""
    draft = config_file(state).with_suffix(".cfg.new")
    draft.write_text(config(state))
    draft.replace(config_file(state))


def config(state: TwinState) -> str:
    """
    One server per cluster, named like it, in each of the backends `shop` and `api` (`/api/…`).

    Weights are in proportion to each cluster's `rps`, so that the one stream of requests reaches the clusters at those
    rates, and when one is drained the others take its share. `maxconn` is what the cluster's pods can do at once.
    """
    head = _HEAD.format(
        name=state.spec.name,
        admin=state.balancer_socket,
        port=state.ports["balancer"],
        stats=state.ports["balancer-stats"],
    )
    return head + "".join(_backend(state, name) for name in _SHARES)


def _backend(state: TwinState, name: str) -> str:
    top = max(cluster.rps for cluster in state.spec.clusters)
    return _BACKEND.format(name=name) + "".join(_server(state, cluster, name, top) for cluster in state.spec.clusters)


def _server(state: TwinState, cluster: ClusterSpec, backend: str, top_rps: float) -> str:
    # Under 10 a first step of ten percent would be no weight at all.
    weight = max(10, round(_TOP_WEIGHT * cluster.rps / top_rps)) if top_rps > 0 else _TOP_WEIGHT
    limit = max(1, round(cluster.web_replicas * POD_CONCURRENCY * _SHARES[backend]))
    address = f"127.0.0.1:{state.clusters[cluster.name].gateway}"
    return f"    server {cluster.name} {address} weight {weight} maxconn {limit}\n"


async def reload(state: TwinState) -> None:
    """
    Make the master start new workers with the configuration on disk; the old ones finish what they have.

    Returns when a new worker serves. UnreachableError when there is no master, or no new worker after 10 s: the
    master goes on with the old one when the configuration is wrong.
    """
    await reload_master(str(state.balancer_master))


async def reload_master(address: str, within: float = 10.0) -> None:
    """The same for the master CLI at `address`."""
    # A master that answers here has its signal handlers in place; one that has only just begun would not notice.
    before = await _listed(address)
    os.kill(next(each.pid for each in before if each.kind == "master"), signal.SIGUSR2)
    known = {each.pid for each in before}
    try:
        async with asyncio.timeout(within):
            await _new_worker(address, known)
    except TimeoutError:
        raise UnreachableError(f"no new worker came within {within:g}s of the reload", place=address) from None


async def _new_worker(address: str, known: set[int]) -> int:
    while True:
        for each in await _listed(address):
            if each.kind == "worker" and each.pid not in known:
                return each.pid
        await asyncio.sleep(0.05)


async def _listed(address: str) -> list[answers.Worker]:
    listed = answers.processes(await ask_master(address, "show proc", within=5.0))
    if not any(each.kind == "master" for each in listed):
        raise UnreachableError("`show proc` names no master", place=address)
    return listed
