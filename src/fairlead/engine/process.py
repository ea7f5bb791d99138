"""Processes that outlive the command that started them: known by pid and start time, so that no stranger is hit."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

# Those this very process has started, so that their end is noticed; whoever outlives us is reaped by init.
_CHILDREN: dict[int, "subprocess.Popen[bytes]"] = {}


class Pid(msgspec.Struct, frozen=True):
    """A process: pids are used again, a pid with its start time (clock ticks since boot) is not."""

    pid: int
    began: int


def start_detached(argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Pid:
    """In a session of its own, so that ctrl-C in a terminal does not reach it; output is added to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=dict(environment) if environment is not None else None,
        )
    _CHILDREN[child.pid] = child
    return Pid(child.pid, _began(child.pid) or 0)


def is_alive(process: Pid) -> bool:
    """Whether that very process runs; one that has ended and was not reaped does not."""
    if (child := _CHILDREN.get(process.pid)) is not None and child.poll() is not None:
        del _CHILDREN[process.pid]
    return _began(process.pid) == process.began


def stop(process: Pid, grace: float = 10.0) -> None:
    """SIGTERM, then SIGKILL; returns when it is gone."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        if not is_alive(process):
            return
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return
        until = time.monotonic() + patience
        while is_alive(process) and time.monotonic() < until:
            time.sleep(0.05)


def _began(pid: int) -> int | None:
    """Field 22 of `/proc/PID/stat` (proc(5)); None where there is none, or only its zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if after_name[0] in {"Z", "X"} else int(after_name[19])
