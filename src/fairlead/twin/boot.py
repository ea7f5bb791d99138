"""Bring a twin up: choose ports, write everything down, start the supervisor, then all else as parallel as it goes."""

import asyncio
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import httpx

from fairlead.model.errors import FairleadError, UnreachableError, UsageError
from fairlead.twin import fleet, kubeconfig, pki, ports
from fairlead.twin.clusters import control_plane, etcd, front, kwok, planes
from fairlead.twin.control import Control
from fairlead.twin.down import sweep
from fairlead.twin.extras import around
from fairlead.twin.state import ClusterPorts, ClusterSpec, TwinSpec, TwinState, every, folder_of, twins_folder
from fairlead.twin.supervisor.records import MARK
from fairlead.twin.traffic import PORTS as TRAFFIC_PORTS
from fairlead.twin.traffic import load_report
from fairlead.twin.workloads.apply import populate

_PARTS = ("apiserver-a", "apiserver-b", "controller-manager", "scheduler", "kwok")
_TWIN_PORTS = ("etcd", "etcd-peer", "gke", "auth", "review", *TRAFFIC_PORTS)
_WORKLOADS_WITHIN = 90.0
_SERVES_WITHIN = 30.0
_BETWEEN = 0.25

Tell = Callable[[str], None]


async def is_up(state: TwinState) -> bool:
    """Whether a supervisor answers for it."""
    if not state.control_socket.exists():
        return False
    try:
        await Control(state.control_socket, timeout=5).processes()
    except UnreachableError:
        return False
    return True


def prepare_again(state: TwinState) -> None:
    """Make way for a twin that goes on from what is on disk: end whatever of it still runs."""
    sweep(state.root)
    _make_room_for_sockets(state)


def prepare(spec: TwinSpec) -> TwinState:
    """Everything a twin has on disk before its first process; what a former twin of that name left is removed."""
    folder = folder_of(spec.name)
    sweep(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    with (twins_folder() / "ports.lock").open("w") as lock:
        # Two twins that are made at once must see each other's ports.
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = _with_ports(spec, str(folder))
        state.save()
    _make_room_for_sockets(state)
    pki.write(state.pki)
    kubeconfig.write_review(state)
    for cluster in spec.clusters:
        kubeconfig.write_admin(state, cluster.name)
    fleet.write(state)
    return state


def _make_room_for_sockets(state: TwinState) -> None:
    state.sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = state.sockets.stat()
    # Where the folder is one in /tmp, anybody could have made it before us.
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise FairleadError(f"`{state.sockets}` is open to others", hint="remove it and try again")


def _with_ports(spec: TwinSpec, folder: str) -> TwinState:
    names = [*_TWIN_PORTS]
    for cluster in spec.clusters:
        names += [f"{cluster.name}/{part}" for part in (*_PARTS, "endpoint", "gateway")]
    chosen = ports.choose(names, taken={port for other in every() for port in _ports_of(other)})
    clusters = {
        each.name: ClusterPorts(chosen.pop(f"{each.name}/endpoint"), chosen.pop(f"{each.name}/gateway"))
        for each in spec.clusters
    }
    return TwinState(spec=spec, folder=folder, ports=chosen, clusters=clusters)


def _ports_of(state: TwinState) -> Iterable[int]:
    yield from state.ports.values()
    for cluster in state.clusters.values():
        yield from (cluster.endpoint, cluster.gateway)


async def boot(state: TwinState, tell: Tell) -> None:
    """
    Start everything and return when it serves; `tell` hears what is done.

    FairleadError names what did not start; what did start stays up to be looked at.
    """
    begun = time.monotonic()

    async def step(words: str, work: Coroutine[Any, Any, None]) -> None:
        await work
        tell(f"{words} ({time.monotonic() - begun:.1f} s)")

    front.configure(state, planes.load(state))
    control = Control(state.control_socket)
    await step("supervisor", _start_supervisor(state))
    await asyncio.gather(control.start(etcd.etcd(state)), control.start(front.front(state)))
    clusters = (step(f"cluster {each.name}", _start_cluster(state, each, control)) for each in state.spec.clusters)
    await asyncio.gather(_start_around(state, control), *clusters)
    await step("traffic", _until_served(state))


async def _start_cluster(state: TwinState, cluster: ClusterSpec, control: Control) -> None:
    plane = planes.load(state)[cluster.name]
    await control.start(control_plane.apiserver(state, cluster.name, plane.version, plane.slot))
    await asyncio.gather(
        control.start(control_plane.controller_manager(state, cluster.name, plane.version)),
        control.start(control_plane.scheduler(state, cluster.name, plane.version)),
        control.start(kwok.kwok(state, cluster.name)),
        populate(state, cluster, _WORKLOADS_WITHIN),
    )


async def _start_around(state: TwinState, control: Control) -> None:
    # None of these falls over when what it speaks to is not there yet.
    await asyncio.gather(*(control.start(spec) for spec in around(state)))


async def _until_served(state: TwinState) -> None:
    url = f"http://127.0.0.1:{state.ports['balancer']}/"
    async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
        for _ in range(int(_SERVES_WITHIN / _BETWEEN)):
            if await _answers(client, url) and (not state.spec.load or _has_load(state)):
                return
            await asyncio.sleep(_BETWEEN)
    raise FairleadError(
        f"no traffic was served within {_SERVES_WITHIN:g} s", hint="`fairlead twin logs load` may say why"
    )


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _has_load(state: TwinState) -> bool:
    # It begins when the balancer has every cluster up.
    try:
        return load_report(state).served > 0
    except UsageError:
        return False


async def _start_supervisor(state: TwinState) -> None:
    state.logs.mkdir(exist_ok=True)
    with (state.logs / "supervisor.log").open("ab") as log:
        launcher = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fairlead.twin.supervisor", state.folder),
            env={**os.environ, MARK: state.folder},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=state.folder,
        )
        # It ends as soon as the supervisor serves on its own.
        code = await launcher.wait()
    if code:
        raise FairleadError("the twin's supervisor did not start", hint=f"its log is `{state.logs / 'supervisor.log'}`")
