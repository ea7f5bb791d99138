"""`fairlead twin fault …`: break something on purpose."""

import asyncio
from collections.abc import Coroutine
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from fairlead.cli.output import Form, FormOption, show, tell
from fairlead.cli.twin.options import DEFAULT_NAME, For, Name
from fairlead.model.duration import Duration
from fairlead.model.errors import UsageError
from fairlead.twin import state, traffic
from fairlead.twin.control import Control
from fairlead.twin.gke import faults
from fairlead.twin.state import TwinState

app = typer.Typer(no_args_is_help=True, help="Break something on purpose.")

Process = Annotated[str, typer.Argument(help="Such as `gke`, `balancer` or `tokyo/apiserver`; see `twin status`.")]
Cluster = Annotated[str, typer.Argument(help="Which cluster.")]
Pool = Annotated[str, typer.Argument(help="Which node pool.")]
Operation = Annotated[str, typer.Argument(help="GKE's operation type: `UPGRADE_MASTER`, `UPGRADE_NODES`, …")]
OnlyCluster = Annotated[str, typer.Option("--cluster", help="Only on this cluster.")]
OnlyPool = Annotated[str, typer.Option("--pool", help="Only on this node pool.")]
Times = Annotated[int, typer.Option("--times", min=1, help="How often.")]

_TEN_SECONDS = Duration(seconds=10)


class Code(StrEnum):
    """The gRPC codes that GKE answers with."""

    ABORTED = "ABORTED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    INTERNAL = "INTERNAL"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"


@app.command()
def kill(process: Process, name: Name = DEFAULT_NAME) -> None:
    """Kill a process by SIGKILL; the supervisor starts it again."""
    _do(_control(name).kill(process), f"killed `{process}`")


@app.command()
def stop(process: Process, name: Name = DEFAULT_NAME) -> None:
    """Stop a process until `twin fault start` starts it again."""
    _do(_control(name).stop(process), f"stopped `{process}`")


@app.command()
def start(process: Process, name: Name = DEFAULT_NAME) -> None:
    """Start again what `twin fault stop` stopped."""
    _do(_control(name).resume(process), f"started `{process}`")


@app.command()
def pause(
    process: Process,
    span: For = _TEN_SECONDS,
    freeze: Annotated[bool, typer.Option("--freeze", help="Stopped in its tracks by SIGSTOP, not killed.")] = False,
    name: Name = DEFAULT_NAME,
) -> None:
    """Keep a process away for some time."""
    _do(_control(name).pause(process, span.total_seconds(), freeze=freeze), f"`{process}` is away for {span}")


@app.command("api-away")
def api_away(cluster: Cluster, span: For = _TEN_SECONDS, name: Name = DEFAULT_NAME) -> None:
    """Keep a cluster's API server away for some time."""
    twin = state.load(name)
    process = f"{twin.spec.cluster(cluster).name}/apiserver"
    _do(Control(twin.control_socket).pause(process, span.total_seconds()), f"`{process}` is away for {span}")


@app.command("gke-call")
def gke_call(
    method: Annotated[str, typer.Argument(help="The GKE API's method, such as `UpdateMaster`.")],
    code: Annotated[Code, typer.Argument(help="The gRPC code it is answered with.", case_sensitive=False)],
    times: Times = 1,
    name: Name = DEFAULT_NAME,
) -> None:
    """Let the next calls of a GKE method fail."""
    _inject(state.load(name), faults.FailCall(method, code.value, times))


@app.command("gke-operation")
def gke_operation(
    operation: Operation,
    cluster: OnlyCluster = "",
    pool: OnlyPool = "",
    times: Times = 1,
    after_nodes: Annotated[int, typer.Option("--after-nodes", min=0, help="Fail a roll after so many nodes.")] = 0,
    name: Name = DEFAULT_NAME,
) -> None:
    """Let the next GKE operations of a type end DONE with an error inside."""
    twin = _checked(name, cluster, pool)
    _inject(twin, faults.FailOperation(operation, cluster, pool, times, after_nodes=after_nodes))


@app.command("gke-stall")
def gke_stall(operation: Operation, cluster: OnlyCluster = "", pool: OnlyPool = "", name: Name = DEFAULT_NAME) -> None:
    """Let GKE operations of a type stand still until `twin fault clear`."""
    _inject(_checked(name, cluster, pool), faults.StallOperation(operation, cluster, pool))


@app.command("node-never-ready")
def node_never_ready(cluster: Cluster, pool: Pool, times: Times = 1, name: Name = DEFAULT_NAME) -> None:
    """Let the next nodes made in a pool never get Ready."""
    _inject(_checked(name, cluster, pool), faults.NeverReady(cluster, pool, times))


@app.command("stock-out")
def stock_out(
    cluster: Cluster,
    pool: Pool,
    available: Annotated[int, typer.Option("--available", min=0, help="How many extra nodes there are.")] = 0,
    name: Name = DEFAULT_NAME,
) -> None:
    """Let GKE run out of machines for surge nodes."""
    _inject(_checked(name, cluster, pool), faults.StockOut(cluster, pool, available))


@app.command("foreign-operation")
def foreign_operation(
    operation: Operation,
    cluster: Cluster,
    pool: OnlyPool = "",
    span: For = _TEN_SECONDS,
    version: Annotated[str, typer.Option("--version", help="Really upgrade to this version.")] = "",
    name: Name = DEFAULT_NAME,
) -> None:
    """Let Google start an operation by itself."""
    twin = _checked(name, cluster, pool)
    _inject(twin, faults.GoogleOperation(operation, cluster, pool, span.total_seconds(), version))


@app.command("missing-zone")
def missing_zone(zone: Annotated[str, typer.Argument(help="A zone or region.")], name: Name = DEFAULT_NAME) -> None:
    """Let GKE's list of clusters miss a zone or region."""
    _inject(state.load(name), faults.MissingZone(zone))


@app.command("reload-balancer")
def reload_balancer(name: Name = DEFAULT_NAME) -> None:
    """Reload HAProxy: what was set at run time is forgotten, old workers keep their sessions."""
    _do(traffic.reload(state.load(name)), "reloaded the balancer")


@app.command("ls")
def list_faults(name: Name = DEFAULT_NAME, form: FormOption = Form.TABLE) -> None:
    """Show the GKE faults that are still to happen."""
    held = faults.faults(state.load(name).root)
    table = Table("fault", "what", box=None, pad_edge=False)
    for fault in held:
        plain = {key: value for key, value in msgspec.structs.asdict(fault).items() if value}
        table.add_row(type(fault).__name__, Text(", ".join(f"{key}={value}" for key, value in plain.items())))
    show(held, form, table)


@app.command()
def clear(name: Name = DEFAULT_NAME) -> None:
    """Take back every GKE fault that has not happened yet."""
    faults.clear(state.load(name).root)
    tell("no GKE fault is left")


def _control(name: str) -> Control:
    return Control(state.load(name).control_socket)


def _do(work: Coroutine[Any, Any, None], words: str) -> None:
    asyncio.run(work)
    tell(words)


def _checked(name: str, cluster: str, pool: str) -> TwinState:
    twin = state.load(name)
    if not cluster:
        if pool:
            raise UsageError("`--pool` says nothing without a cluster", hint="add `--cluster`")
        return twin
    pools = [each.name for each in twin.spec.cluster(cluster).pools]
    if pool and pool not in pools:
        raise UsageError(f"`{cluster}` has no node pool `{pool}`", hint=f"it has: {', '.join(pools)}")
    return twin


def _inject(twin: TwinState, fault: faults.Fault) -> None:
    faults.inject(twin.root, fault)
    tell(f"{type(fault).__name__} will happen; `fairlead twin fault ls` shows what is still to happen")
