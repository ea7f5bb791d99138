"""Bring a twin up: choose ports, write everything down, start the supervisor, then all else as parallel as it goes."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fairlead.model.errors import FairleadError, UnreachableError
from fairlead.twin import fleet, kubeconfig, pki, ports
from fairlead.twin.clusters import control_plane, etcd, front, kwok, planes
from fairlead.twin.control import Control
from fairlead.twin.down import sweep
from fairlead.twin.extras import around
from fairlead.twin.state import ClusterPorts, ClusterSpec, TwinSpec, TwinState, every, twins_folder
from fairlead.twin.supervisor.records import MARK
from fairlead.twin.traffic.processes import PORTS as TRAFFIC_PORTS
from fairlead.twin.workloads.apply import populate

_PARTS = ("apiserver-a", "apiserver-b", "controller-manager", "scheduler", "kwok")
_TWIN_PORTS = ("etcd", "etcd-peer", "gke", "auth", "review", *TRAFFIC_PORTS)
_WORKLOADS_WITHIN = 90.0

Tell = Callable[[str], None]


def prepare(spec: TwinSpec) -> TwinState:
    """Everything a twin has on disk before its first process; what a former twin of that name left is removed."""
    folder = twins_folder() / spec.name
    sweep(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    state = _with_ports(spec, str(folder))
    state.save()
    state.sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
    pki.write(state.pki)
    kubeconfig.write_review(state)
    for cluster in spec.clusters:
        kubeconfig.write_admin(state, cluster.name)
    fleet.write(state)
    return state


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
    await step("supervisor", _start_supervisor(state, control))
    await asyncio.gather(control.start(etcd.etcd(state)), control.start(front.front(state)))
    async with asyncio.TaskGroup() as group:
        group.create_task(_start_around(state, control))
        for cluster in state.spec.clusters:
            group.create_task(step(f"cluster {cluster.name}", _start_cluster(state, cluster, control)))


async def _start_cluster(state: TwinState, cluster: ClusterSpec, control: Control) -> None:
    plane = planes.load(state)[cluster.name]
    await control.start(control_plane.apiserver(state, cluster.name, plane.version, plane.slot))
    async with asyncio.TaskGroup() as group:
        for part in (control_plane.controller_manager, control_plane.scheduler):
            group.create_task(control.start(part(state, cluster.name, plane.version)))
        group.create_task(control.start(kwok.kwok(state, cluster.name)))
        group.create_task(populate(state, cluster, _WORKLOADS_WITHIN))


async def _start_around(state: TwinState, control: Control) -> None:
    # None of these falls over when what it speaks to is not there yet.
    await asyncio.gather(*(control.start(spec) for spec in around(state)))


async def _start_supervisor(state: TwinState, control: Control) -> None:
    state.logs.mkdir(exist_ok=True)
    with (state.logs / "supervisor.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fairlead.twin.supervisor", state.folder),
            env={**os.environ, MARK: state.folder},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=state.folder,
            # It outlives us, and no ctrl-C of ours reaches it.
            start_new_session=True,
        )
    for _ in range(200):
        if process.returncode is not None:
            break
        try:
            await control.processes()
        except UnreachableError:
            await asyncio.sleep(0.05)
        else:
            return
    raise FairleadError("the twin's supervisor did not start", hint=f"its log is `{state.logs / 'supervisor.log'}`")
