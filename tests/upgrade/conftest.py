"""A real Temporal dev server for the whole session, and a small fleet of fakes."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.engine.embedded import EmbeddedServer
from fairlead.twin.tools import ensure


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dev server of this session's own."""
    folder = tmp_path_factory.mktemp("temporal")
    server = EmbeddedServer(dying_with_us(temporal_binary(), folder), folder)
    state = asyncio.run(server.ensure())
    yield state.address
    server.stop()


def temporal_binary() -> Path:
    found = shutil.which("temporal")
    return Path(found) if found else ensure(["temporal"])["temporal"]


def dying_with_us(binary: Path, folder: Path) -> Path:
    """A program that becomes `binary`; the kernel kills it when this process ends, in whatever way (prctl(2))."""
    wrapper = folder / "temporal"
    wrapper.write_text(_WRAPPER.format(python=sys.executable, parent=os.getpid(), binary=str(binary)))
    wrapper.chmod(0o700)
    return wrapper


# 1 is PR_SET_PDEATHSIG; who became an orphan before it was set gets no signal.
_WRAPPER = """#!{python} -IS
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() == {parent}:
    os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""
