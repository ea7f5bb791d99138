"""What `fairlead upgrade` shows and how it ends, without a fleet behind it."""

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from rich.console import Console, RenderableType

from fairlead.cli import main
from fairlead.cli.upgrade import planning, reporting
from fairlead.cli.upgrade.runs import Exit, exit_of
from fairlead.cli.upgrade.screen import Screen
from fairlead.model import wire
from fairlead.model.finding import Finding, Severity
from fairlead.model.version import Version
from fairlead.snapshot.cluster import Budget, Pod
from fairlead.upgrade.fleetplan import freeze, plan_fleet
from fairlead.upgrade.plan.steps import RollPool, UpgradeControlPlane, words_of
from fairlead.upgrade.report import report_of
from fairlead.upgrade.run import Live, RunView
from fairlead.upgrade.state import (
    ClusterState,
    FleetState,
    Hold,
    Phase,
    PoolRecord,
    Progress,
    Refusal,
    StepRecord,
    TrafficTotals,
    WaveState,
)
from fakes.run import Rig

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TO = Version("1.36.3-gke.1000")


def text_of(shown: RenderableType, width: int = 160) -> str:
    output = io.StringIO()
    Console(file=output, width=width, no_color=True).print(shown)
    return output.getvalue()


async def a_view() -> RunView:
    """Osaka rolls its pool, the others wait."""
    rig = Rig()
    order = freeze(rig.fleet, await plan_fleet(rig.fleet, rig.ports), "r1", "me")
    step = RollPool("app", TO, 4, 2, 1, 0)
    osaka = ClusterState(
        "osaka",
        TO,
        phase=Phase.RUNNING,
        before=Version("1.35.4-gke.1100"),
        after=TO,
        pools=[PoolRecord("app", Version("1.35.4-gke.1100"), TO, 4)],
        steps=[StepRecord(step, words_of(step), NOW - timedelta(seconds=90), 36.0)],
        began=NOW - timedelta(minutes=3),
    )
    run = FleetState(
        order,
        waves=[WaveState(w.name, w.clusters, w.concurrency, 0.0, Phase.RUNNING, NOW) for w in order.waves],
        clusters={"osaka": osaka},
        open={"osaka": "w"},
        began=NOW - timedelta(minutes=3),
    )
    live = {"osaka": Live(Progress(waits_for="operation-7", nodes_done=3, nodes_total=4))}
    return RunView(NOW, run, live, TrafficTotals(50_000, 0, 290.0, 12.5, 7))


async def test_the_plan_shows_order_traffic_versions_surge_and_forecast() -> None:
    rig = Rig(pools=("app", "batch"))
    shown = text_of(planning.as_table(await rig.plan()))
    assert shown.index("osaka") < shown.index("taipei") < shown.index("tokyo")
    for word in ("canary", "1.35.4-gke.1100 → 1.36.3-gke.1000", "surge 1", "forecast for all", "roll pool batch"):
        assert word in shown


async def test_the_plan_names_what_blocks_and_what_would_be_forced() -> None:
    rig = Rig()
    node = "app-1.35.4-gke.1100-0"
    rig.eyes.pods["tokyo"] = (Pod("shop", "db-0", node, "Running", ready=True, owner="StatefulSet/db"),)
    rig.eyes.budgets["tokyo"] = (Budget("shop", "db", 1, 1, 1, 0),)
    planned = await plan_fleet(rig.fleet, rig.ports)
    assert planned.blocked
    shown = text_of(planning.as_table(planned))
    for word in ("PodDisruptionBudget shop/db", "remove it:", "forced by the provider", "after an hour"):
        assert word in shown


async def test_a_finished_fleet_has_nothing_to_do() -> None:
    rig = Rig(pools=("app", "batch"))
    for name in rig.rates:
        rig.cloud.change_cluster(name, control_plane=TO)
        for pool in ("app", "batch"):
            rig.cloud.change_pool(name, pool, version=TO)
    planned = await plan_fleet(rig.fleet, rig.ports)
    assert planned.empty
    assert "nothing to do" in text_of(planning.as_table(planned))


async def test_the_view_shows_step_nodes_traffic_and_time_left() -> None:
    shown = text_of(Screen(await a_view()))
    for word in (
        "wave canary",
        "roll pool app",
        "3/4 nodes",
        "290 requests/s",
        "50,000 served",
        "0 failed",
        "7 slow",
        "left",
    ):
        assert word in shown


@pytest.mark.parametrize("width", [60, 80, 109, 110])
async def test_no_terminal_is_too_narrow_for_the_step_at_hand(width: int) -> None:
    view = await a_view()
    step = UpgradeControlPlane(TO)
    view.run.clusters["osaka"].steps = [StepRecord(step, words_of(step), NOW - timedelta(seconds=90), 8.0)]
    lines = text_of(Screen(view), width).splitlines()
    upper = lines[: next(number for number, line in enumerate(lines) if "events" in line)]
    shown = " ".join(" ".join(upper).split())
    for word in ("operation-7", "0/4 nodes", "290 requests/s", "50,000 served", "7 slow", "1:30"):
        assert word in shown
    # In a column of its own it may go on in the next line, with what stands beside it between.
    assert all(word in shown for word in words_of(step).split())
    assert max(map(len, lines)) <= width
    if width < 110:
        assert words_of(step) in shown


async def test_what_a_cluster_says_cannot_paint_the_screen() -> None:
    view = await a_view()
    evil = Finding("X", Severity.BLOCKER, "[red]osaka[/red]", "[link=http://evil]click[/link] [/]")
    view.run.clusters["osaka"].hold = Hold((evil,), NOW)
    shown = text_of(Screen(view)) + text_of(reporting.as_table(report_of(view.run)))
    assert "[link=http://evil]click[/link] [/]" in shown


async def test_the_report_is_json_with_what_was_asked_for() -> None:
    view = await a_view()
    report = msgspec.json.decode(wire.encode(report_of(view.run, view.traffic)))
    assert report["traffic"] == {"requests": 50_000, "failed": 0, "rate": 290.0, "mean_ms": 12.5, "slow": 7}
    assert report["clusters"][0]["pools"] == [
        {"name": "app", "nodes": 4, "before": "1.35.4-gke.1100", "after": "1.36.3-gke.1000"}
    ]
    assert report["clusters"][0]["steps"][0]["forecast_minutes"] == 36.0


async def test_the_report_names_the_budgets_that_were_waited_for() -> None:
    view = await a_view()
    view.run.clusters["osaka"].refusals = [Refusal("app", "PodDisruptionBudget shop/db", 94.0)]
    made = report_of(view.run)
    assert "pool app waited about 1.6 min for PodDisruptionBudget shop/db" in text_of(reporting.as_table(made))
    assert made.clusters[0].refusals[0].seconds == 94.0


@pytest.mark.parametrize(("slow", "said"), [(7, "50,000, 0 failed, 7 slow"), (None, "slow not counted")])
async def test_the_report_says_how_many_requests_were_slow(slow: int | None, said: str) -> None:
    view = await a_view()
    made = report_of(view.run, TrafficTotals(50_000, 0, 290.0, 12.5, slow))
    assert said in text_of(reporting.as_table(made))


@pytest.mark.parametrize(
    ("phase", "ended", "held", "code"),
    [
        (Phase.DONE, True, False, Exit.DONE),
        (Phase.FAILED, True, False, Exit.FAILED),
        (Phase.ABORTED, True, False, Exit.FAILED),
        (Phase.SKIPPED, True, False, Exit.FAILED),
        (Phase.RUNNING, False, False, Exit.DONE),
        (Phase.RUNNING, False, True, Exit.HELD),
    ],
)
async def test_exit_codes_say_how_a_run_stands(phase: Phase, ended: bool, held: bool, code: Exit) -> None:
    run = (await a_view()).run
    run.phase, run.ended = phase, NOW if ended else None
    run.held = ["osaka"] if held else []
    assert exit_of(run) is code


FLEET = """
apiVersion: fairlead.dev/v1
kind: Fleet
metadata: {name: nowhere}
spec:
  clusters:
    - {name: tokyo, gke: {project: p, location: asia-northeast1, cluster: tokyo}}
  gke: {emulator: "127.0.0.1:1"}
"""


def run_cli(arguments: list[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> int:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.delenv("FAIRLEAD_TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setattr(sys, "argv", ["fairlead", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_a_missing_fleet_file_is_a_mistake_of_usage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["upgrade", "plan", "--fleet", str(tmp_path / "none.yaml")], monkeypatch, tmp_path) == Exit.USAGE
    assert "there is no fleet file" in capsys.readouterr().err


def test_an_unknown_cluster_is_named_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(FLEET)
    asked = ["upgrade", "plan", "--fleet", str(fleet), "--cluster", "nagoya"]
    assert run_cli(asked, monkeypatch, tmp_path) == Exit.USAGE
    said = capsys.readouterr().err
    assert "there is no cluster `nagoya`" in said
    assert "`tokyo`" in said


def test_without_a_server_the_hint_says_what_starts_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(FLEET)
    assert run_cli(["upgrade", "status", "--fleet", str(fleet)], monkeypatch, tmp_path) == Exit.UNREACHABLE
    assert "`fairlead upgrade start`" in capsys.readouterr().err
