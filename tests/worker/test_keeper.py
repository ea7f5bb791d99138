"""The keeper brings Temporal and the worker back whatever kills them, and `stop` leaves nothing."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.worker.keeper import EngineStatus, ensure_engine, status, stop_engine
from fairlead.worker.places import engine_folder

pytestmark = pytest.mark.twin


def until(folder: Path, what: Callable[[EngineStatus], bool]) -> EngineStatus:
    for _ in range(600):
        now = status(folder)
        if what(now):
            return now
        time.sleep(0.1)
    raise AssertionError(f"it never came: {now}")


async def test_what_is_killed_comes_back_and_stop_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = engine_folder()
    try:
        state = await ensure_engine(folder)
        assert (await ensure_engine(folder)).address == state.address
        before = status(folder)
        assert before.worker
        assert before.server
        os.kill(before.worker, signal.SIGKILL)
        os.kill(before.server, signal.SIGKILL)
        after = until(folder, lambda now: bool(now.worker and now.server and now.worker != before.worker))
        assert after.server != before.server
        assert after.address == before.address
        assert after.keeper == before.keeper
    finally:
        assert stop_engine(folder)
    left = status(folder)
    assert (left.keeper, left.server, left.worker) == (None, None, None)
