"""What the load generator has seen so far, and the files in the twin's folder where it says so."""

import time
from bisect import bisect_left
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from fairlead.model import wire
from fairlead.model.errors import UsageError
from fairlead.twin.state import TwinState

# Upper ends in ms, a quarter more each time: any percentile is told to within 25 %.
BOUNDS_MS = tuple(round(1.25**step, 1) for step in range(42))


class Failure(msgspec.Struct, frozen=True):
    """
    One request that failed or was slow. `sent` and `ended` are ISO 8601 in UTC; `status` 0: there was no answer, and
    `reason` says why. `cluster` is empty when the answer named none.
    """

    kind: Literal["failed", "slow"]
    sent: str
    ended: str
    path: str
    status: int
    cluster: str
    milliseconds: float
    reason: str = ""


class LoadReport(msgspec.Struct, frozen=True):
    """
    Totals since `began`; `updated` is when they were written (once a second), both ISO 8601 in UTC.

    `served`: answered 200. `failed`: any other answer, or none. `slow`: served, but not within `slow_ms`. `resent`: a
    kept connection turned out closed before any answer began, and the request went once more over a new one, as RFC
    9110, 9.2.2 lets clients do. What the generator itself did wrong: `late` requests it sent too late (they count as
    usual), `unsent` those it did not send at all because too many were under way. `latency_counts` has a count for each
    of `latency_bounds_ms` and one for what lies beyond.
    """

    began: str
    updated: str
    rate: float
    sent: int = 0
    served: int = 0
    failed: int = 0
    slow: int = 0
    resent: int = 0
    late: int = 0
    unsent: int = 0
    in_flight: int = 0
    slow_ms: float = 500.0
    starts: int = 1
    unrecorded: int = 0
    by_cluster: dict[str, int] = {}
    latency_bounds_ms: tuple[float, ...] = BOUNDS_MS
    latency_counts: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)

    def percentile_ms(self, share: float) -> float:
        """The time that `share` (0-1) of the served requests took at most; 0 where none was served."""
        wanted, seen = share * sum(self.latency_counts), 0
        for bound, count in zip(self.latency_bounds_ms, self.latency_counts, strict=False):
            seen += count
            if seen >= wanted and seen:
                return bound
        return float("inf") if seen < wanted else 0.0


class LoadSettings(msgspec.Struct, frozen=True):
    """What may be changed while the load runs: `factor` on the rate of the twin's spec."""

    factor: float = 1.0


def load_report(state: TwinState) -> LoadReport:
    """The newest totals; UsageError where there has been no load yet."""
    report = _read_report(state.root)
    if report is None:
        raise UsageError(f"the load on twin `{state.spec.name}` has not begun", hint="`fairlead twin status` shows why")
    return report


def failures(state: TwinState) -> list[Failure]:
    """Every failed or slow request on record, oldest first."""
    path = _failures_file(state.root)
    if not path.exists():
        return []
    # The last line may be half written at this moment.
    whole = path.read_bytes().rpartition(b"\n")[0]
    return [wire.decode(line, Failure) for line in whole.splitlines()]


def set_load_factor(state: TwinState, factor: float) -> None:
    """From the next second on the load is `factor` times what the spec says; 0 stops it."""
    if not 0 <= factor <= 20:
        raise UsageError(f"a load factor of {factor:g} is not between 0 and 20")
    _write(state.root / "load-settings.json", LoadSettings(factor))


def read_settings(folder: Path) -> LoadSettings:
    try:
        return wire.decode((folder / "load-settings.json").read_bytes(), LoadSettings)
    except FileNotFoundError:
        return LoadSettings()


class Record:
    """Counts, and writes `load.json` and `load-failures.jsonl`. Goes on where an earlier generator was killed."""

    # With everything failing, 300 lines a second: this is half an hour, 30 MB.
    _MOST_FAILURES = 500_000

    def __init__(self, folder: Path, rate: float, slow_ms: float = 500.0) -> None:
        before = _read_report(folder)
        now = iso(time.time())
        self._folder = folder
        self._report = before or LoadReport(began=now, updated=now, rate=rate, slow_ms=slow_ms, starts=0)
        self._counts = list(self._report.latency_counts)
        self._clusters = dict(self._report.by_cluster)
        self._failures = _failures_file(folder).open("ab")
        self._recorded = 0
        self.rate = rate
        self.sent = self._report.sent
        self.served = self._report.served
        self.failed = self._report.failed
        self.slow = self._report.slow
        self.resent = self._report.resent
        self.late = self._report.late
        self.unsent = self._report.unsent
        self.in_flight = 0
        self._unrecorded = self._report.unrecorded

    def serve(self, path: str, cluster: str, sent: float, seconds: float) -> None:
        """A request sent at `sent` (seconds since 1970) was answered 200."""
        milliseconds = seconds * 1000
        self.served += 1
        self._clusters[cluster] = self._clusters.get(cluster, 0) + 1
        self._counts[bisect_left(BOUNDS_MS, milliseconds)] += 1
        if milliseconds > self._report.slow_ms:
            self.slow += 1
            self._put(Failure("slow", iso(sent), iso(sent + seconds), path, 200, cluster, milliseconds))

    def fail(self, path: str, status: int, cluster: str, sent: float, seconds: float, reason: str) -> None:
        """It was answered otherwise (`status`), or not at all (0)."""
        self.failed += 1
        self._put(Failure("failed", iso(sent), iso(sent + seconds), path, status, cluster, seconds * 1000, reason))

    def report(self) -> LoadReport:
        return msgspec.structs.replace(
            self._report,
            updated=iso(time.time()),
            rate=self.rate,
            starts=self._report.starts + 1,
            sent=self.sent,
            served=self.served,
            failed=self.failed,
            slow=self.slow,
            resent=self.resent,
            late=self.late,
            unsent=self.unsent,
            in_flight=self.in_flight,
            unrecorded=self._unrecorded,
            by_cluster=dict(sorted(self._clusters.items())),
            latency_counts=tuple(self._counts),
        )

    def write(self) -> None:
        """`load.json`, atomically."""
        _write(_report_file(self._folder), self.report())

    def close(self) -> None:
        self.write()
        self._failures.close()

    def _put(self, failure: Failure) -> None:
        if self._recorded >= self._MOST_FAILURES:
            self._unrecorded += 1
            return
        self._recorded += 1
        self._failures.write(wire.encode(failure) + b"\n")
        self._failures.flush()


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _report_file(folder: Path) -> Path:
    return folder / "load.json"


def _failures_file(folder: Path) -> Path:
    return folder / "load-failures.jsonl"


def _read_report(folder: Path) -> LoadReport | None:
    try:
        return wire.decode(_report_file(folder).read_bytes(), LoadReport)
    except FileNotFoundError:
        return None


def _write(path: Path, value: msgspec.Struct) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(wire.encode(value))
    draft.replace(path)
