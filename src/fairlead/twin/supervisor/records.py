"""Which processes a twin has, on disk, so that they can be found again when their supervisor is gone."""

import os
from pathlib import Path

import msgspec

# In the environment of every process of a twin: its folder. Finds what no record tells of.
MARK = "FAIRLEAD_TWIN"


class Record(msgspec.Struct, frozen=True):
    """A pid means nothing without the moment the process began (clock ticks since boot): pids are used again."""

    pid: int
    began: int


def begun(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None where it is gone or only waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name before the last bracket may hold anything; field 3 is the state, field 22 the start.
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] in {b"Z", b"X"} else int(fields[19])


def record_of(pid: int) -> Record | None:
    began = begun(pid)
    return None if began is None else Record(pid, began)


def is_alive(record: Record) -> bool:
    return begun(record.pid) == record.began


class Records:
    """`pids.json` in the twin's folder, written at each change."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "pids.json"
        self._records: dict[str, Record] = {}

    def note(self, name: str, pid: int) -> None:
        record = record_of(pid)
        if record is not None:
            self._records[name] = record
            self._save()

    def forget(self, name: str) -> None:
        if self._records.pop(name, None):
            self._save()

    def rename(self, old: str, new: str) -> None:
        if record := self._records.pop(old, None):
            self._records[new] = record
            self._save()

    def read(self) -> dict[str, Record]:
        """What is on disk; nothing where there is no file."""
        if not self._path.exists():
            return {}
        return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Record])

    def _save(self) -> None:
        draft = self._path.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(self._records))
        draft.replace(self._path)


def marked(folder: Path) -> set[int]:
    """Pids of all processes that carry the twin's mark, ourselves left out."""
    wanted = f"{MARK}={folder}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and wanted in _environment(entry):
            found.add(int(entry.name))
    return found


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        # It ended while we looked, or belongs to somebody else: in neither case ours.
        return []
