"""Known issues are found by version and by what can be seen, and each match says on what it stands."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.knowledge import known_issues
from fairlead.knowledge.known_issues import KnownIssue
from fairlead.knowledge.ranges import VersionRange
from fairlead.knowledge.symptoms import EventSymptom, LogSymptom, TextPattern, pattern_of
from fairlead.model.version import Version

IP_LEAK = "KNO001"


def ids(matches: list[known_issues.Match]) -> set[str]:
    return {match.issue.id for match in matches}


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("1.21.14-gke.18100", False),
        ("1.22.17-gke.3099", True),
        ("1.22.17-gke.3100", False),
        ("1.23.14-gke.1800", True),
        ("1.23.16-gke.200", False),
        ("1.24.9-gke.3199", True),
        ("1.24.9-gke.3200", False),
        ("1.24.10-gke.2300", False),
        ("1.25.6-gke.100", True),
        ("1.26.0-gke.100", False),
        ("1.24.3", False),  # not GKE's
    ],
)
def test_the_address_leak_is_matched_by_gke_patch(version: str, affected: bool) -> None:
    assert (IP_LEAK in ids(known_issues.matching(Version(version)))) is affected


def test_a_match_says_the_fact_it_stands_on() -> None:
    leak = next(m for m in known_issues.matching(Version("1.24.9-gke.2000")) if m.issue.id == IP_LEAK)
    assert leak.because == "version 1.24.9-gke.2000 is in >=1.24 <1.24.9-gke.3200, if it has dataplane-v2"


def test_an_issue_of_a_feature_needs_it() -> None:
    version = Version("1.24.9-gke.2000")
    assert IP_LEAK in ids(known_issues.matching(version, having={"dataplane-v2"}))
    assert IP_LEAK not in ids(known_issues.matching(version, having=()))


def test_other_software_has_versions_of_its_own() -> None:
    assert ids(known_issues.matching(Version("2.8.1"), versions_of="argo-cd")) == {"KNO511"}
    assert not known_issues.matching(Version("2.8.2"), versions_of="argo-cd")
    assert "KNO511" not in ids(known_issues.matching(Version("2.8.1")))


def test_only_the_component_that_was_asked_for() -> None:
    found = known_issues.matching(Version("1.28.1"), "kubelet")
    assert "KNO110" in ids(found)
    assert {match.issue.component for match in found} == {"kubelet"}


def test_the_patch_that_mends_is_matched_no_more() -> None:
    assert "KNO110" in ids(known_issues.matching(Version("1.28.1")))
    assert "KNO110" not in ids(known_issues.matching(Version("1.28.2")))
    assert "KNO207" in ids(known_issues.matching(Version("1.27.7")))
    assert "KNO207" not in ids(known_issues.matching(Version("1.27.8")))


def test_what_an_upgrade_brings_and_what_it_mends() -> None:
    now, then = Version("1.27.3"), Version("1.28.1")
    assert {"KNO110", "KNO116"} <= ids(known_issues.arriving(now, then))
    assert "KNO207" not in ids(known_issues.arriving(now, then))  # both have it
    assert "KNO206" in ids(known_issues.mended(now, then))
    assert not known_issues.arriving(now, now)


@pytest.mark.parametrize("issue", known_issues.known(), ids=lambda issue: issue.id)
def test_no_bug_is_claimed_of_versions_nobody_saw_it_in(issue: KnownIssue) -> None:
    if issue.kind in {"bug", "regression", "security"}:
        assert all("<" in text for text in issue.affected)


EVENT = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "f3": '
    "failed to allocate for range 0: no IP addresses available in range set: 10.4.1.129-10.4.1.190"
)


def test_an_event_is_matched_by_reason_and_message() -> None:
    assert ids(known_issues.match_event("FailedCreatePodSandBox", EVENT)) == {IP_LEAK}
    assert not known_issues.match_event("BackOff", EVENT)


def test_a_log_is_matched_by_its_lines_and_the_line_is_named() -> None:
    log = f"I0101 syncing\nE0101 kubelet: {EVENT}\n[512.3] nf_conntrack: table full, dropping packet\n"
    found = known_issues.match_text(log)
    assert ids(found) == {IP_LEAK, "KNO101"}
    assert found[1].because == "`[512.3] nf_conntrack: table full, dropping packet`"


def test_a_text_matches_no_issue_that_the_version_has_not() -> None:
    assert ids(known_issues.match_text(EVENT, version=Version("1.24.8-gke.100"))) == {IP_LEAK}
    assert not known_issues.match_text(EVENT, version=Version("1.30.1-gke.100"))


def test_pieces_of_a_pattern_are_in_one_line_and_in_order() -> None:
    pattern = TextPattern("pull * x509")
    assert pattern.found_in("a\n  pull b: x509 c \nd") == "pull b: x509 c"
    assert pattern.found_in("pull\nb x509") == ""
    assert pattern.found_in("x509 pull b") == ""
    assert pattern.found_in("pull b\npull c x509") == "pull c x509"
    assert TextPattern("no*more*more").found_in("no more") == ""


@given(st.lists(st.text("ab.[(", min_size=1, max_size=2), min_size=1, max_size=3), st.text("ab.[(\n", max_size=30))
def test_a_pattern_means_what_its_regular_expression_means(pieces: list[str], text: str) -> None:
    pattern = TextPattern("*".join(pieces))
    assert bool(pattern.found_in(text)) == bool(re.search(pattern.regex(), text))


def test_time_grows_with_the_text_and_no_faster() -> None:
    # Nothing but near misses: quadratic work would take minutes here.
    pattern = TextPattern("a*b*c*d")
    start = time.process_time()
    assert pattern.found_in("ab" * 2_000_000) == ""
    assert pattern.found_in("ab\n" * 300_000) == ""
    assert time.process_time() - start < 5


@pytest.mark.parametrize("text", ["", "1.24", ">=1.24,<1.25", ">1.24", ">=1.25 <1.24", ">=1.24 <1.24", ">=latest"])
def test_a_range_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a|nothing is in"):
        VersionRange(text)


def test_a_minor_starts_before_its_release_candidates() -> None:
    assert Version("1.24.0-rc.1") in VersionRange(">=1.24")
    assert Version("1.24.0-alpha.1") not in VersionRange("<1.24")
    assert Version("1.23.99-gke.9999") in VersionRange("<1.24")


VERSIONS = st.builds(
    lambda minor, patch, build: Version(f"1.{minor}.{patch}" + (f"-gke.{build}" if build else "")),
    st.integers(20, 30),
    st.integers(0, 12),
    st.integers(0, 3) | st.integers(0, 9999),
)


@given(VERSIONS, VERSIONS, VERSIONS)
def test_a_range_is_an_interval(one: Version, two: Version, three: Version) -> None:
    low, version, high = sorted((one, two, three))
    if low == high:
        return
    within = VersionRange(f">={low} <{high}")
    assert (version in within) == (low <= version < high)


@pytest.mark.parametrize("issue", known_issues.known(), ids=lambda issue: issue.id)
def test_an_issue_tells_all_a_person_needs(issue: KnownIssue) -> None:
    assert re.fullmatch(r"KNO\d{3}", issue.id)
    assert len(issue.title) <= 200
    assert not issue.title.endswith(".")
    assert issue.workaround
    assert issue.symptoms
    assert issue.source.startswith("https://")
    assert re.fullmatch(r"20\d\d(-\d\d-\d\d)?", issue.date)
    assert known_issues.of(issue.id) is issue


@pytest.mark.parametrize("issue", known_issues.known(), ids=lambda issue: issue.id)
def test_a_fixed_version_is_affected_no_more(issue: KnownIssue) -> None:
    for fixed in map(Version, issue.fixed_in):
        assert issue.range_with(fixed) == ""


@pytest.mark.parametrize("issue", known_issues.known(), ids=lambda issue: issue.id)
def test_each_pattern_finds_its_own_issue(issue: KnownIssue) -> None:
    for symptom in issue.symptoms:
        match symptom:
            case EventSymptom(reason=reason, message=pattern):
                assert issue.id in ids(known_issues.match_event(reason, _example(pattern)))
            case LogSymptom(line=pattern):
                assert issue.id in ids(known_issues.match_text(_example(pattern)))


def _example(pattern: str) -> str:
    assert pattern_of(pattern)
    return "before " + pattern.replace("*", "something") + " after"


def test_no_id_is_given_twice() -> None:
    assert len({issue.id for issue in known_issues.known()}) == len(known_issues.known())
