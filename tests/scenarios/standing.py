"""Where scenarios play: a small twin in a state folder of its own, with the engine, and nothing left of them after."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlead.model.version import Version
from fairlead.twin import boot, tools
from fairlead.twin import spec as specs
from fairlead.twin.down import take_down
from fairlead.twin.state import ClusterSpec, PoolSpec, TwinSpec, TwinState
from fairlead.worker.keeper import stop_engine
from fairlead.worker.places import engine_folder

_OLD = Version("1.35.4-gke.1100")


def small_twin(name: str, version: Version = _OLD) -> TwinSpec:
    """Three small clusters, two regional and one zonal; any two of them carry the traffic of all."""
    return TwinSpec(
        name=name,
        project=specs.PROJECT,
        clusters=(
            _cluster("tokyo", "asia-northeast1", version, rps=34, spread=True),
            _cluster("osaka", "asia-northeast2", version, rps=22),
            _cluster("taipei", "asia-east1-a", version, rps=14),
        ),
    )


def _cluster(name: str, location: str, version: Version, rps: float, *, spread: bool = False) -> ClusterSpec:
    region = "-".join(location.split("-")[:2])
    zones = tuple(f"{region}-{letter}" for letter in "abc")
    # Different on purpose: what is restored must be each pool's own. Zones roll one after the other: one is quick.
    pools = (
        PoolSpec("app", "app", 3, zones if spread else zones[:1]),
        PoolSpec("system", "system", 2, zones[1:2], auto_repair=False, max_surge=2, max_unavailable=1),
    )
    return ClusterSpec(name, location, version, pools, rps=rps)


@contextmanager
def standing(spec: TwinSpec) -> Iterator[TwinState]:
    """
    A twin that serves, in a state folder of its own, which `XDG_STATE_HOME` names; the engine comes with the first run.

    At the end both are stopped, and nothing of them may be left: no process that knows the folder.
    """
    tools.ensure()
    # Short: paths of unix sockets end at 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="fl-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        patch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
        patch.delenv("FAIRLEAD_TEMPORAL_ADDRESS", raising=False)
        specs.validate(spec)
        twin = boot.prepare(spec)
        try:
            asyncio.run(boot.boot(twin, _say_nothing))
            yield twin
        finally:
            left = _take_down(twin, home)
    assert left == [], f"these processes were left behind: {left}"


def _take_down(twin: TwinState, home: Path) -> list[str]:
    if os.environ.get("FAIRLEAD_KEEP_LOGS"):
        shutil.copytree(home, os.environ["FAIRLEAD_KEEP_LOGS"], dirs_exist_ok=True, ignore=_sockets)
    stop_engine(engine_folder())
    asyncio.run(take_down(twin))
    until = time.monotonic() + 5
    while (left := processes_of(home)) and time.monotonic() < until:
        time.sleep(0.1)
    words = [f"{pid}: {line}" for pid, line in left.items()]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)
    return words


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_socket()]


def processes_of(folder: Path) -> dict[int, str]:
    """Every process with that folder in its arguments or its environment, ourselves left out."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue  # it ended while we looked, or is somebody else's
            if str(folder).encode() in line + environment:
                found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace")
    return found


def _say_nothing(words: str) -> None:
    """Who boots a twin for a test is not told how it goes."""
