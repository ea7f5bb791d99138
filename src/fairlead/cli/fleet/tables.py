"""What `fairlead fleet` prints for people; all text from outside is shown as it is, never as markup."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from fairlead.snapshot.cluster import ClusterSnapshot
from fairlead.snapshot.traffic import TrafficReading
from fairlead.survey.overview import ClusterLine, Overview, PoolLine

# More rows than this are counted, not listed; `-o json` has them all.
_MOST = 20


def overview_table(found: Overview) -> Table:
    """A row per cluster."""
    columns = ("cluster", "location", "version", "channel", "state", "pools")
    table = Table(*columns, _right("nodes"), _right("req/s"), "balancer", box=None)
    for line in found.clusters:
        table.add_row(
            Text(line.name, "bold"),
            Text(line.location),
            Text(str(line.control_plane or "?")),
            Text(line.channel or "none"),
            Text(line.state.lower() or "?", _colour(line.state)),
            Text(", ".join(_pool_words(pool, line) for pool in line.pools)),
            _nodes(line),
            Text("-" if line.rate is None else f"{line.rate:,.0f}"),
            _balanced(line.in_balancer),
        )
    return table


def picture(snapshot: ClusterSnapshot) -> RenderableType:
    """Everything about one cluster that fits a screen."""
    return Group(*_blocks(snapshot))


def _blocks(snapshot: ClusterSnapshot) -> Iterator[RenderableType]:
    yield _facts(snapshot)
    yield from _section("pools", _pools(snapshot))
    troubled = [node for node in snapshot.nodes if not node.ready or node.unschedulable]
    rows = [
        (node.name, node.pool, "ready" if node.ready else "not ready", "cordoned" if node.unschedulable else "")
        for node in troubled
    ]
    yield from _section("nodes that do not serve fully", _rows(rows))
    yield from _section(
        "workloads that are not whole",
        _rows(
            [
                (each.ref, f"{each.ready} of {each.wanted} ready")
                for each in snapshot.workloads
                if each.ready < each.wanted
            ]
        ),
    )
    yield from _section(
        "disruption budgets",
        _rows(
            [
                (each.ref, f"{each.healthy} of {each.pods} healthy", f"{each.evictions_allowed} evictions allowed")
                for each in snapshot.budgets
            ]
        ),
    )
    yield from _section(
        "admission webhooks",
        _rows(
            [
                (each.name, each.target, "fails closed" if each.fails_closed else "fails open")
                for each in snapshot.webhooks
            ]
        ),
    )
    yield from _section(
        "operations under way", _rows([(each.id, each.kind, each.target, each.began) for each in snapshot.operations])
    )


def _facts(snapshot: ClusterSnapshot) -> Table:
    table = Table.grid(padding=(0, 2))
    facts = {
        "cluster": str(snapshot.ref),
        "place": snapshot.ref.gke.path if snapshot.ref.gke else "",
        "control plane": _control_plane(snapshot),
        "channel": snapshot.channel or "none",
        "state": snapshot.state.lower(),
        "nodes": f"{sum(node.ready for node in snapshot.nodes)} of {len(snapshot.nodes)} ready",
        "pods": f"{sum(pod.ready for pod in snapshot.pods):,} of {len(snapshot.pods):,} ready",
        "traffic": _traffic(snapshot.traffic),
        "taken": snapshot.taken.isoformat(timespec="seconds"),
    }
    for name, value in facts.items():
        table.add_row(Text(name, "dim"), Text(value))
    return table


def _control_plane(snapshot: ClusterSnapshot) -> str:
    if snapshot.control_plane is None:
        return f"{snapshot.provider_control_plane} (the provider's word; the API server is silent)"
    if snapshot.control_plane != snapshot.provider_control_plane:
        return f"{snapshot.control_plane} (the provider says {snapshot.provider_control_plane})"
    return str(snapshot.control_plane)


def _traffic(traffic: TrafficReading | None) -> str:
    if traffic is None:
        return "-"
    where = "in the balancer" if traffic.in_balancer else "out of it" if traffic.out_of_balancer else "partly in it"
    capacity = "" if traffic.capacity is None else f" of {traffic.capacity:,.0f}"
    return f"{traffic.rate:,.0f}{capacity} requests/s, {traffic.mean_ms:.0f} ms, {where} at {traffic.weight_percent}%"


def _pools(snapshot: ClusterSnapshot) -> Table | None:
    table = Table(
        "pool", "version", _right("nodes"), "zones", "surge", "auto-repair", "auto-upgrade", "state", box=None
    )
    for pool in snapshot.pools:
        ready = sum(node.ready for node in snapshot.nodes_of(pool.name))
        table.add_row(
            Text(pool.name, "bold"),
            Text(str(pool.version)),
            Text(f"{ready}/{pool.nodes}"),
            Text(", ".join(pool.zones)),
            Text(f"+{pool.max_surge} -{pool.max_unavailable}"),
            "on" if pool.auto_repair else "off",
            "on" if pool.auto_upgrade else "off",
            Text(pool.state.lower(), _colour(pool.state)),
        )
    return table if snapshot.pools else None


def _rows(rows: Sequence[Sequence[str]]) -> Table | None:
    if not rows:
        return None
    table = Table.grid(padding=(0, 2))
    for row in rows[:_MOST]:
        table.add_row(*(Text(cell) for cell in row))
    if len(rows) > _MOST:
        table.add_row(Text(f"and {len(rows) - _MOST} more", "dim"))
    return table


def _section(title: str, table: Table | None) -> Iterator[RenderableType]:
    if table is not None:
        yield Text(f"\n{title}", "bold")
        yield table


def _pool_words(pool: PoolLine, line: ClusterLine) -> str:
    """The version only where it is not the control plane's."""
    return f"{pool.name} {pool.nodes}" + ("" if pool.version == line.control_plane else f" ({pool.version})")


def _right(name: str) -> Column:
    return Column(name, justify="right")


def _nodes(line: ClusterLine) -> Text:
    if line.nodes is None:
        return Text("?")
    if line.nodes_ready is None:
        return Text(f"?/{line.nodes}", "yellow")
    return Text(f"{line.nodes_ready}/{line.nodes}", "" if line.nodes_ready == line.nodes else "yellow")


def _balanced(inside: bool | None) -> Text:
    return Text("-") if inside is None else Text("in", "green") if inside else Text("out", "yellow")


def _colour(state: str) -> str:
    return "green" if state == "RUNNING" else "yellow"
