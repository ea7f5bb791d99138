"""What HAProxy's runtime API answers, as types; pure. Formats: HAProxy's `doc/management.txt`, section 9."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntFlag

import msgspec

from fairlead.traffic.port import BalancerUnreachableError, EntryState


class Admin(IntFlag):
    """`srv_admin_state`, from HAProxy's `include/haproxy/server-t.h`, `enum srv_admin`."""

    FMAINT = 0x01
    """Put into maintenance by an operator, or by `disabled` in the configuration at start."""
    IMAINT = 0x02
    """Maintenance taken over from a server that it tracks."""
    CMAINT = 0x04
    """The configuration said `disabled`. A memory of that only: once made ready, such a server serves with this bit."""
    FDRAIN = 0x08
    IDRAIN = 0x10
    RMAINT = 0x20
    """Its name does not resolve."""
    HMAINT = 0x40
    """Its name has not been resolved yet."""

    @property
    def state(self) -> EntryState:
        """What the bits mean for traffic."""
        if self & (Admin.FMAINT | Admin.IMAINT | Admin.RMAINT | Admin.HMAINT):
            return EntryState.MAINTENANCE
        if self & (Admin.FDRAIN | Admin.IDRAIN):
            return EntryState.DRAIN
        return EntryState.READY


class Info(msgspec.Struct, frozen=True):
    """From `show info`. `stopping`: a reload has left this worker behind."""

    pid: int
    uptime_seconds: int
    stopping: bool


class ServerState(msgspec.Struct, frozen=True):
    """A row of `show servers state`: weights as they are (`weight`) and as configured (`initial_weight`)."""

    backend: str
    server: str
    admin: Admin
    running: bool
    weight: int
    initial_weight: int

    @property
    def weight_percent(self) -> int:
        """
        The least that gives this weight. HAProxy rounds down, so a percentage that was set is read back as it was
        where the configured weight is at least 100; with smaller ones it may be less.
        """
        return -(-100 * self.weight // self.initial_weight) if self.initial_weight else 100


class Row(msgspec.Struct, frozen=True):
    """A row of `show stat`, the columns we use by their HAProxy names; empty columns are 0."""

    pxname: str
    svname: str
    type: int
    status: str
    qcur: int
    scur: int
    slim: int
    stot: int
    econ: int
    eresp: int
    wretr: int
    wredis: int
    hrsp_5xx: int
    rate: int
    rate_max: int
    req_tot: int
    mode: str
    qtime: int
    ctime: int
    rtime: int
    ttime: int

    @property
    def mean_ms(self) -> int:
        """
        From the arrival of a request to the begin of its answer; of a TCP connection, all its time.

        Not `ttime` for HTTP: on a kept connection that also counts how long the client was silent before its request
        (seen on 2.6.12: 685 where the server took 101).
        """
        return self.qtime + self.ctime + self.rtime if self.mode == "http" else self.ttime


class Worker(msgspec.Struct, frozen=True):
    """A process in `show proc`; `kind` is `master`, `worker` or `program`; `old` those a reload has left behind."""

    pid: int
    kind: str
    old: bool


FRONTEND, BACKEND, SERVER = 0, 1, 2
_SECTION_END = "\n\n"


def sections(text: str, count: int) -> list[str]:
    """The answers to `count` commands sent in one line; each ends with an empty line."""
    parts = text.split(_SECTION_END)
    if len(parts) < count:
        raise BalancerUnreachableError(f"{len(parts) - 1} answers to {count} commands: `{text[:80].strip()}`")
    return parts[:count]


def info(text: str) -> Info:
    """Read `show info`."""
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    with _readable("show info", text):
        return Info(int(lines["Pid"]), int(lines["Uptime_sec"]), lines.get("Stopping", "0").strip() == "1")


def stat(text: str) -> list[Row]:
    """Read the CSV of `show stat`."""
    with _readable("show stat", text):
        return [msgspec.convert(_numbers(row), Row) for row in _table(text, csv.excel)]


def states(text: str) -> list[ServerState]:
    """Read `show servers state`: a line with the format's version, a header, rows."""
    version, _, table = text.lstrip().partition("\n")
    if version.strip() != "1":
        raise BalancerUnreachableError(f"`show servers state` answered `{text[:80].strip()}`")
    with _readable("show servers state", text):
        return [_server_state(row) for row in _table(table, _Spaces)]


def processes(text: str) -> list[Worker]:
    """Read `show proc` of the master CLI: sections `# workers`, `# old workers`, `# programs`."""
    found, old = [], False
    for line in text.splitlines():
        if line.startswith("#"):
            old = line.startswith("# old")
        elif len(words := line.split()) >= 2 and words[0].isdigit():
            found.append(Worker(int(words[0]), words[1], old))
    if not found:
        raise BalancerUnreachableError(f"`show proc` answered `{text[:80].strip()}`", hint="is it a master CLI?")
    return found


def sessions(text: str, server: str) -> list[str]:
    """Ids of the sessions in `show sess` that are on that server, in whichever backend."""
    return [found["id"] for found in _SESSION.finditer(text) if found["server"] == server]


_SESSION = re.compile(r"^(?P<id>0x[0-9a-f]+): .*? srv=(?P<server>\S+)", re.MULTILINE)


class _Spaces(csv.excel):
    delimiter = " "


@contextmanager
def _readable(command: str, text: str) -> Iterator[None]:
    """Turns what a stranger's answer does to a parser into our error."""
    try:
        yield
    except (KeyError, TypeError, ValueError, csv.Error, msgspec.MsgspecError) as error:
        raise BalancerUnreachableError(f"`{command}` answered `{text[:80].strip()}`") from error


def _table(text: str, dialect: type[csv.Dialect]) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(text.lstrip().removeprefix("# ")), dialect=dialect)


_TEXTS = {"pxname", "svname", "status", "mode"}


def _numbers(row: Mapping[str, str]) -> dict[str, str | int]:
    wanted = Row.__struct_fields__
    return {name: row[name] if name in _TEXTS else int(row[name] or 0) for name in wanted}


def _server_state(row: Mapping[str, str]) -> ServerState:
    return ServerState(
        backend=row["be_name"],
        server=row["srv_name"],
        admin=Admin(int(row["srv_admin_state"])),
        # 0: stopped, 1: starting, 2: running, 3: stopping softly (`enum srv_state`); 1 and 2 get traffic
        running=row["srv_op_state"] in {"1", "2"},
        weight=int(row["srv_uweight"]),
        initial_weight=int(row["srv_iweight"]),
    )
