"""Processes under supervision: real ones, small ones."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlead.model.errors import FairleadError, UnreachableError, UsageError
from fairlead.twin import pki
from fairlead.twin.control import Control
from fairlead.twin.down import sweep
from fairlead.twin.process import ProcessSpec, TcpReady
from fairlead.twin.supervisor.logs import shorten
from fairlead.twin.supervisor.readiness import Probe
from fairlead.twin.supervisor.records import MARK, Record, Records, is_alive, marked, record_of
from fairlead.twin.supervisor.table import Table

_SLEEP = ProcessSpec("sleep", ("sleep", "1000"))


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    folder = tmp_path_factory.mktemp("pki")
    pki.write(folder)
    return Probe(folder)


@pytest.fixture
async def table(tmp_path: Path, probe: Probe) -> AsyncIterator[Table]:
    made = Table(tmp_path, Records(tmp_path), probe)
    yield made
    await made.stop_all()


def _pid(table: Table, name: str) -> int:
    pid = table.find(name).pid
    assert pid is not None
    return pid


async def _until_restarted(table: Table, name: str, times: int = 1) -> None:
    async with asyncio.timeout(5):
        while table.find(name).status.restarts < times or table.find(name).status.state != "ready":  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_is_killed_comes_back(table: Table) -> None:
    await table.start(_SLEEP)
    before = _pid(table, "sleep")
    table.find("sleep").kill()
    await _until_restarted(table, "sleep")
    assert _pid(table, "sleep") != before


async def test_starting_twice_is_one_process(table: Table) -> None:
    await asyncio.gather(table.start(_SLEEP), table.start(_SLEEP))
    before = _pid(table, "sleep")
    await table.start(_SLEEP)
    assert _pid(table, "sleep") == before


async def test_another_specification_replaces_the_process(table: Table) -> None:
    await table.start(_SLEEP)
    before = record_of(_pid(table, "sleep"))
    await table.start(ProcessSpec("sleep", ("sleep", "2000")))
    assert before is not None
    assert not is_alive(before)
    assert len(table.statuses()) == 1


async def test_what_is_stopped_stays_away(table: Table) -> None:
    await table.start(_SLEEP)
    record = record_of(_pid(table, "sleep"))
    await table.stop("sleep")
    assert record is not None
    assert not is_alive(record)
    assert table.find("sleep").status.state == "stopped"


async def test_who_does_not_listen_to_sigterm_is_ended_all_the_same(table: Table) -> None:
    deaf = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)"
    await table.start(ProcessSpec("deaf", (sys.executable, "-c", deaf), grace=0.1))
    record = record_of(_pid(table, "deaf"))
    await table.stop("deaf")
    assert record is not None
    assert not is_alive(record)


async def test_what_it_started_ends_with_it(table: Table, tmp_path: Path) -> None:
    await table.start(ProcessSpec("parent", ("sh", "-c", "sleep 1001 & wait")))
    async with asyncio.timeout(5):
        while len(marked(tmp_path)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await table.stop("parent")
    assert not marked(tmp_path)


async def test_what_keeps_dying_is_told_with_its_last_words(table: Table) -> None:
    spec = ProcessSpec("broken", ("sh", "-c", "echo no such flag; exit 1"), ready=TcpReady(1))
    with pytest.raises(FairleadError, match="`broken` did not get ready; it said: no such flag"):
        await table.start(spec)


async def test_what_is_paused_comes_back_by_itself(table: Table) -> None:
    await table.start(_SLEEP)
    table.find("sleep").stay_away(0.3)
    await asyncio.sleep(0.15)
    assert table.find("sleep").status.state == "paused"
    assert table.find("sleep").pid is None
    await _until_restarted(table, "sleep")


async def test_a_newcomer_takes_name_and_place_and_goes_on(table: Table, tmp_path: Path) -> None:
    await table.start(_SLEEP)
    await table.start(ProcessSpec("other", ("sleep", "1002")))
    await table.start(ProcessSpec("sleep-next", ("sleep", "1003")))
    newcomer = _pid(table, "sleep-next")
    await table.supersede("sleep", "sleep-next")
    assert [status.name for status in table.statuses()] == ["sleep", "other"]
    assert _pid(table, "sleep") == newcomer
    assert set(Records(tmp_path).read()) == {"sleep", "other"}


async def test_every_pid_is_on_disk(table: Table, tmp_path: Path) -> None:
    await table.start(_SLEEP)
    assert Records(tmp_path).read() == {"sleep": record_of(_pid(table, "sleep"))}


async def test_an_unknown_process_is_named_with_those_there_are(table: Table) -> None:
    await table.start(_SLEEP)
    with pytest.raises(UsageError, match="no process `snooze`") as caught:
        table.find("snooze")
    assert "sleep" in caught.value.hint


def test_a_pid_that_was_given_to_someone_else_is_not_ours() -> None:
    record = record_of(os.getpid())
    assert record is not None
    assert is_alive(record)
    assert not is_alive(Record(record.pid, record.began - 1))


def test_the_sweep_finds_what_no_record_tells_of(tmp_path: Path) -> None:
    stray = subprocess.Popen(("sleep", "1000"), env={**os.environ, MARK: str(tmp_path)})
    stranger = subprocess.Popen(("sleep", "1000"), env={**os.environ, MARK: str(tmp_path / "other")})
    try:
        assert sweep(tmp_path) == 1
        assert stray.wait(1) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_no_supervisor_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="supervisor does not answer"):
        await Control(tmp_path / "control.sock").processes()


def test_a_long_log_keeps_its_last_lines_and_its_writer_goes_on_after_them(tmp_path: Path) -> None:
    log = tmp_path / "etcd.log"
    with log.open("ab") as writer:
        for number in range(100):
            writer.write(b"line %03d\n" % number)
        writer.flush()
        shorten(log, most=1000, left=50)
        assert log.read_text().count("\n") == 100, "it is not longer than it may be"
        shorten(log, most=800, left=50)
        writer.write(b"line 100\n")
    assert log.read_text().splitlines() == [f"line {number:03}" for number in range(95, 101)]
