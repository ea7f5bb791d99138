"""The skew policy and the support table answer what an upgrade's planner asks."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.knowledge import skew, support
from fairlead.knowledge.minors import Minor, minors_between
from fairlead.model.version import Version

COMPONENTS = st.sampled_from([each.name for each in skew.known().components])
MINORS = st.integers(13, 45).map(lambda minor: Minor(1, minor))


@pytest.mark.parametrize(
    ("component", "own", "api_server", "allowed"),
    [
        ("kubelet", "1.25", "1.28", True),
        ("kubelet", "1.24", "1.27", False),  # below 1.25 only two behind
        ("kubelet", "1.24", "1.26", True),
        ("kubelet", "1.29", "1.28", False),
        ("kube-proxy", "1.33", "1.36", True),
        ("kube-proxy", "1.32", "1.36", False),
        ("kube-controller-manager", "1.35", "1.36", True),
        ("kube-scheduler", "1.34", "1.36", False),
        ("cloud-controller-manager", "1.37", "1.36", False),
        ("kubectl", "1.37", "1.36", True),
        ("kubectl", "1.34", "1.36", False),
    ],
)
def test_the_policy(component: str, own: str, api_server: str, allowed: bool) -> None:
    assert (skew.why_not(component, own, api_server) == "") is allowed


def test_a_refusal_names_both_versions_and_the_limit() -> None:
    assert skew.why_not("kubelet", Version("1.24.9-gke.3200"), "1.27") == (
        "kubelet 1.24 is 3 minors behind the API server, 1.27; 2 are allowed"
    )


def test_an_unknown_component_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="coredns"):
        skew.why_not("coredns", "1.30", "1.30")


def test_kube_proxy_beside_its_kubelet() -> None:
    assert skew.why_not_beside_kubelet("1.30", "1.33") == ""
    assert "4 minors apart" in skew.why_not_beside_kubelet("1.34", "1.30")
    assert "2 are allowed" in skew.why_not_beside_kubelet("1.24", "1.27")


@given(COMPONENTS, MINORS)
def test_the_oldest_allowed_is_allowed_and_the_one_before_is_not(component: str, api_server: Minor) -> None:
    oldest = skew.oldest(component, api_server)
    assert skew.why_not(component, oldest, api_server) == ""
    assert skew.why_not(component, Minor(1, oldest.minor - 1), api_server)


@given(COMPONENTS, MINORS)
def test_a_component_may_stay_until_the_newest_api_server_and_no_longer(component: str, own: Minor) -> None:
    newest = skew.newest_api_server(component, own)
    assert skew.why_not(component, own, newest) == ""
    assert skew.why_not(component, own, Minor(1, newest.minor + 1))


@given(COMPONENTS, MINORS, MINORS)
def test_no_component_is_further_ahead_than_kubectl(component: str, own: Minor, api_server: Minor) -> None:
    if minors_between(api_server, own) > 1:
        assert skew.why_not(component, own, api_server)


def test_the_minors_supported_on_a_day() -> None:
    assert list(map(str, support.supported_on(dt.date(2026, 11, 21)))) == ["1.35", "1.36", "1.37"]


def test_support_ends_after_its_last_day() -> None:
    ended = support.of("1.34")
    assert ended is not None
    assert not ended.ended(dt.date(2026, 10, 27))
    assert ended.ended(dt.date(2026, 10, 28))
    assert support.of("1.99") is None


def test_support_follows_the_minors() -> None:
    table = support.known().minors
    assert [each.minor for each in table] == sorted(each.minor for each in table)
    assert [each.end for each in table] == sorted(each.end for each in table)
    for each in table:
        assert each.released is None or each.released < each.end
        assert not each.last or Minor.of(each.last) == each.minor
