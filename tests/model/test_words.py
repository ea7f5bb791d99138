"""Versions and durations: their order, and that they survive every wire."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.model import wire
from fairlead.model.duration import Duration
from fairlead.model.version import Version

numbers = st.integers(0, 99)
versions = st.builds(
    lambda major, minor, patch, build: Version(f"{major}.{minor}.{patch}" + (f"-gke.{build}" if build else "")),
    numbers, numbers, numbers, st.none() | st.integers(1, 10**7),
)  # fmt: skip


class Pair(msgspec.Struct):
    version: Version
    duration: Duration


def test_versions_are_ordered_as_gke_releases_them() -> None:
    texts = ["1.35.4-rc.1", "1.35.4", "1.35.4-gke.100", "1.35.4-gke.1100", "1.35.10-gke.1", "1.36.0-gke.1"]
    assert sorted(map(Version, reversed(texts))) == list(map(Version, texts))


@given(versions, versions)
def test_order_is_total_and_agrees_with_equality(one: Version, other: Version) -> None:
    assert (one < other) + (one == other) + (one > other) == 1
    assert one.minors_ahead_of(other) == -other.minors_ahead_of(one)


@given(versions, st.integers(0, 10**7))
def test_what_goes_over_a_wire_comes_back_the_same(version: Version, seconds: int) -> None:
    pair = Pair(version, Duration(seconds=seconds))
    assert wire.decode(wire.encode(pair), Pair) == pair


@given(st.integers(0, 10**9))
def test_a_duration_reads_what_it_writes(milliseconds: int) -> None:
    duration = Duration(milliseconds=milliseconds // 1000 * 1000 if milliseconds > 1000 else milliseconds)
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m", "5mm", "m5", "1h-30m", "PT5M"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["", "1.35", "latest", "1.35.x", "1.35.4-gke.1100 x", "٣.1.2"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        Version(text)


def test_a_v_in_front_is_dropped() -> None:
    assert str(Version("v1.36.3-gke.1000")) == "1.36.3-gke.1000"
