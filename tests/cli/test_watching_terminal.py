"""`fairlead upgrade watch` on a real terminal: what is seen, and what ctrl-C ends."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli.terminal import Terminal, a_fleet
from fairlead.engine.embedded import EmbeddedServer
from fairlead.model.duration import Duration
from fairlead.upgrade.state import Action
from fairlead.worker.places import temporal_binary
from fakes.run import Rig

pytestmark = pytest.mark.twin

CTRL_C = b"\x03"
# Its own terminal, with a driver that makes a signal of ctrl-C; what is written to us goes there. Whoever runs the
# tests in the background of a shell has them ignore that signal, which children inherit: a terminal's commands do not.
ON_A_TERMINAL = (
    "import os, pty, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
)


@pytest.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[str]:
    server = EmbeddedServer(temporal_binary(), tmp_path / "temporal")
    try:
        yield (await server.ensure()).address
    finally:
        server.stop()


@asynccontextmanager
async def watching(home: Terminal, temporal: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ON_A_TERMINAL, sys.executable, "-m", "fairlead", "upgrade", "watch"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**home.surroundings, "FAIRLEAD_TEMPORAL_ADDRESS": temporal, "TERM": "xterm", **environment},
        cwd=home.folder,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def seen_until(child: asyncio.subprocess.Process, word: str) -> str:
    """All that came on the screen up to `word`."""
    assert child.stdout is not None
    shown = ""
    async with asyncio.timeout(30):
        while word not in shown:
            more = await child.stdout.read(4096)
            assert more, f"it ended before it showed {word!r}: {shown}"
            shown += more.decode(errors="replace")
    return shown


async def test_ctrl_c_ends_the_view_and_not_the_run_and_says_so(temporal: str, tmp_path: Path) -> None:
    home = Terminal(tmp_path)
    async with Rig().with_policy(bake=Duration(seconds=60)).working(temporal) as rig:
        path = home.file(a_fleet("tokyo", name=rig.fleet.metadata.name))
        await rig.start()
        async with watching(home, temporal) as child:
            await seen_until(child, "osaka")
            assert child.stdin is not None
            child.stdin.write(CTRL_C)
            last = await seen_until(child, "comes back to it")
            assert "the run goes on; `fairlead upgrade watch --fleet" in last
            assert path.name in last
            assert "Traceback" not in last
            # The cursor, hidden while the view is drawn, is given back.
            assert "\x1b[?25h" in last
            async with asyncio.timeout(30):
                assert await child.wait() == 0
        assert (await rig.runs.view()).run.ended is None
        await rig.tell(Action.ABORT)
        await rig.end()


async def test_a_narrow_terminal_without_colour_is_enough(temporal: str, tmp_path: Path) -> None:
    home = Terminal(tmp_path)
    async with Rig().with_policy(bake=Duration(seconds=60)).working(temporal) as rig:
        home.file(a_fleet("tokyo", name=rig.fleet.metadata.name))
        await rig.start()
        async with watching(home, temporal, COLUMNS="60", LINES="20", NO_COLOR="1") as child:
            shown = await seen_until(child, "osaka")
        await rig.tell(Action.ABORT)
        await rig.end()
    assert not re.search(r"\x1b\[(3|4|9|10)\d", shown), "there is colour"
    assert max(len(re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", line).rstrip()) for line in shown.splitlines()) <= 60
