"""How a run looks on a terminal: waves, clusters, the step at hand, nodes done, traffic, and what waits for whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fairlead.upgrade.plan.steps import RollPool
from fairlead.upgrade.report import events_of
from fairlead.upgrade.run import Live, RunView
from fairlead.upgrade.state import ClusterState, Phase, StepState, WaveState
from fairlead.upgrade.timeleft import cluster_minutes, time_left

_LOOK = {
    Phase.WAITING: ("·", "dim"),
    Phase.RUNNING: ("▶", "cyan"),
    Phase.PAUSED: ("‖", "yellow"),
    Phase.HELD: ("■", "bold red"),
    Phase.STOPPING: ("◼", "yellow"),
    Phase.DONE: ("✔", "green"),
    Phase.SKIPPED: ("↷", "yellow"),
    Phase.ABORTED: ("✘", "red"),
    Phase.FAILED: ("✘", "bold red"),
}
_EVENTS = 8
# Versions, step and nodes side by side take so many columns.
_WIDE = 110


@dataclass(frozen=True)
class Screen:
    """The whole view, as wide as the terminal is when it is drawn."""

    view: RunView

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        view, narrow = self.view, options.max_width < _WIDE
        yield _head(view)
        for wave in view.run.waves:
            yield _wave(wave, view, narrow=narrow)
        held = [state for state in view.run.clusters.values() if state.hold is not None]
        if held:
            yield _held(held)
        yield _events(view)


def _head(view: RunView) -> RenderableType:
    run = view.run
    glyph, style = _LOOK[run.phase]
    began = run.began or view.taken
    cells = [
        Text.assemble((f"{glyph} ", style), (run.order.fleet, "bold"), (f"  {run.phase}", style)),
        Text(f"{_clock((run.ended or view.taken) - began)} passed"),
    ]
    if run.ended is None:
        cells.append(Text(f"about {_clock(time_left(run, view.taken))} left"))
    if traffic := view.traffic:
        failed = "green" if traffic.failed == 0 else "bold red"
        cells += [
            Text(f"{traffic.rate:.0f} requests/s"),
            Text(f"{traffic.requests:,} served"),
            Text(f"{traffic.failed:,} failed", style=failed),
        ]
        if traffic.slow is not None:
            cells.append(Text(f"{traffic.slow:,} slow", style=slow_style(traffic.slow)))
    return Panel(Columns(cells, padding=(0, 3)), border_style=style.rsplit(" ", maxsplit=1)[-1])


def slow_style(slow: int) -> str:
    """Slow is worth a look, not an alarm."""
    return "yellow" if slow else "green"


def _wave(wave: WaveState, view: RunView, *, narrow: bool) -> RenderableType:
    glyph, style = _LOOK[wave.phase]
    title = Text.assemble(
        (f"{glyph} ", style), (f"wave {wave.name}", "bold"), (f"  {wave.concurrency} at a time", "dim")
    )
    if wave.soak_until is not None and wave.ended is None:
        title.append(f"  soaks {_clock(wave.soak_until - view.taken)} more", style="yellow")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, expand=True, show_header=False)
    table.add_column(width=2)
    table.add_column(min_width=10)
    if narrow:
        table.add_column(ratio=1)
    else:
        table.add_column(min_width=36)
        table.add_column(ratio=1)
        table.add_column(width=26)
    table.add_column(width=8, justify="right")
    for name in wave.clusters:
        mark, named, *about, clock = _cluster(name, view)
        # Below each other nothing is cut: the step at hand is what people look for.
        table.add_row(mark, named, *([Group(*(each for each in about if each))] if narrow else about), clock)
    return table


def _cluster(name: str, view: RunView) -> list[RenderableType]:
    state = view.run.clusters.get(name)
    order = view.run.order.clusters[name]
    if state is None:
        glyph, style = _LOOK[Phase.WAITING]
        return [
            Text(glyph, style),
            Text(name, style),
            Text(f"to {order.target}", style),
            Text("waiting", style),
            "",
            "",
        ]
    glyph, style = _LOOK[state.phase]
    live = view.live.get(name, Live())
    return [
        Text(glyph, style),
        Text(name, "bold" if not state.phase.ended else ""),
        Text.assemble(
            f"{state.before or '?'}", " → ", (f"{state.target}", "green" if state.after == state.target else "")
        ),
        _now(state, live, view.taken),
        _nodes(state, live),
        Text(_clock(timedelta(minutes=cluster_minutes(state, view.taken))), "dim"),
    ]


def _now(state: ClusterState, live: Live, now: datetime) -> Text:
    if state.phase.ended:
        evicted = f", {state.pods_evicted} pods moved" if state.pods_evicted else ""
        out = " (out of balancer)" if state.memory.out else ""
        return Text(f"{state.phase}{out}{evicted}{': ' + state.reason if state.reason else ''}", _LOOK[state.phase][1])
    if state.hold is not None:
        return Text("held, waits for retry, skip or abort", "bold red")
    running = [step for step in state.steps if step.state is StepState.RUNNING]
    text = Text(running[-1].name if running else "looks")
    if running:
        text.append(f"  {_clock(now - running[-1].began)}", style="dim")
    if waits := live.trouble or live.progress.waits_for or state.waits_for:
        text.append(f"\n{waits}", style="yellow" if live.trouble else "dim")
    return text


def _nodes(state: ClusterState, live: Live) -> RenderableType:
    total = sum(pool.nodes for pool in state.pools)
    rolled = {
        step.step.pool for step in state.steps if isinstance(step.step, RollPool) and step.state is StepState.DONE
    }
    done = sum(pool.nodes for pool in state.pools if pool.name in rolled)
    rolling = [step.step for step in state.steps if isinstance(step.step, RollPool) and step.state is StepState.RUNNING]
    if rolling:
        done += min(live.progress.nodes_done or 0, live.progress.nodes_total or 0)
    if not total:
        return ""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(ProgressBar(total=total, completed=done, width=12), Text(f"{done}/{total} nodes"))
    return grid


def _held(held: list[ClusterState]) -> RenderableType:
    lines = []
    for state in held:
        for finding in state.hold.because if state.hold else ():
            lines.append(Text.assemble((f"{finding.subject}: ", "bold"), finding.message))
            if finding.fix:
                lines.append(Text(f"  {finding.fix}", "dim"))
        lines.append(Text(f"  fairlead upgrade retry|skip|abort --cluster {state.cluster}", "cyan"))
    return Panel(Group(*lines), title="held", title_align="left", border_style="red")


def _events(view: RunView) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for event in events_of(view.run)[-_EVENTS:]:
        style = "red" if event.bad else "dim"
        table.add_row(
            Text(f"{event.at.astimezone():%H:%M:%S}", "dim"),
            Text(event.cluster or "run"),
            Text(event.text, style, overflow="ellipsis", no_wrap=True),
        )
    return Panel(table, title="events", title_align="left", border_style="dim")


def _clock(length: timedelta) -> str:
    seconds = max(0, round(length.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
