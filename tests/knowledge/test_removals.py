"""What the API lifecycle promises to whoever plans an upgrade, and that the data is consistent with itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.knowledge import removals
from fairlead.knowledge.minors import Minor
from fairlead.knowledge.removals import Lifecycle
from fairlead.model.version import Version

KINDS = removals.known().kinds
LIVES = st.sampled_from(KINDS)
MINORS = st.integers(0, 45).map(lambda minor: Minor(1, minor))


def life(api_version: str, kind: str) -> Lifecycle:
    found = removals.of(api_version, kind)
    assert found is not None
    return found


def test_a_removed_api_says_when_and_what_to_write_instead() -> None:
    budget = life("policy/v1beta1", "PodDisruptionBudget")
    assert (str(budget.introduced), str(budget.deprecated), str(budget.removed)) == ("1.5", "1.21", "1.25")
    assert budget.replacement == "policy/v1 PodDisruptionBudget"
    assert "selects every pod" in budget.changes[0]
    assert not budget.planned


@pytest.mark.parametrize(
    ("api_version", "kind", "removed"),
    [
        ("apps/v1beta1", "Deployment", "1.16"),
        ("extensions/v1beta1", "Ingress", "1.22"),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "1.22"),
        ("rbac.authorization.k8s.io/v1alpha1", "ClusterRole", "1.23"),  # others say 1.22
        ("batch/v1beta1", "CronJob", "1.25"),
        ("policy/v1beta1", "PodSecurityPolicy", "1.25"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.26"),
        ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "1.26"),  # others say 1.29
        ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.27"),
        ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", "1.29"),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "1.32"),
        ("networking.k8s.io/v1beta1", "ServiceCIDR", "1.37"),
    ],
)
def test_the_removals_people_meet(api_version: str, kind: str, removed: str) -> None:
    at = Minor.of(removed)
    before = Minor(at.major, at.minor - 1)
    assert removals.served_in(api_version, kind, before) is True
    assert removals.served_in(api_version, kind, at) is False


def test_a_minor_may_be_a_version_or_a_text() -> None:
    for minor in (Version("1.25.3-gke.100"), "1.25", "v1.25.3", Minor(1, 25)):
        assert removals.served_in("batch/v1beta1", "CronJob", minor) is False
    with pytest.raises(ValueError, match="not a version"):
        removals.served_in("batch/v1beta1", "CronJob", "latest")


def test_of_what_is_not_kubernetes_own_nothing_is_said() -> None:
    assert removals.of("argoproj.io/v1alpha1", "Rollout") is None
    assert removals.served_in("argoproj.io/v1alpha1", "Rollout", "1.30") is None
    assert removals.served_in("apps/v1", "CronJob", "1.30") is None


def test_a_kind_in_the_wrong_version_is_told_from_a_custom_resource() -> None:
    assert removals.is_own("apps/v1")
    assert removals.of("apps/v1", "Ingress") is None
    assert [each.api_version for each in removals.versions_of("IngressClass")] == [
        "networking.k8s.io/v1beta1",
        "networking.k8s.io/v1",
    ]
    assert not removals.is_own("argoproj.io/v1alpha1")


def test_a_list_lives_as_long_as_its_items() -> None:
    assert removals.of("batch/v1beta1", "CronJobList") is removals.of("batch/v1beta1", "CronJob")


def test_metrics_find_an_api_by_its_plural() -> None:
    assert removals.of_resource("batch", "v1beta1", "cronjobs") == removals.of("batch/v1beta1", "CronJob")


def test_removals_not_yet_seen_are_called_planned() -> None:
    assert life("resource.k8s.io/v1beta1", "ResourceClaim").planned
    assert not life("storage.k8s.io/v1beta1", "VolumeAttributesClass").planned


def test_what_an_upgrade_takes_away() -> None:
    gone = {str(each) for each in removals.gone_between("1.24", "1.25")}
    assert gone == {
        "autoscaling/v2beta1 HorizontalPodAutoscaler",
        "batch/v1beta1 CronJob",
        "batch/v1beta1 JobTemplate",
        "discovery.k8s.io/v1beta1 EndpointSlice",
        "events.k8s.io/v1beta1 Event",
        "node.k8s.io/v1beta1 RuntimeClass",
        "policy/v1beta1 Eviction",
        "policy/v1beta1 PodDisruptionBudget",
        "policy/v1beta1 PodSecurityPolicy",
    }


def test_going_back_takes_away_what_the_older_does_not_know_yet() -> None:
    assert life("batch/v1", "CronJob") in removals.gone_between("1.21", "1.20")


def test_the_successor_is_served_before_and_after_the_upgrade() -> None:
    schema = life("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema")
    assert str(removals.successor(schema, "1.25", "1.26")) == "flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema"
    assert str(removals.successor(schema, "1.29")) == "flowcontrol.apiserver.k8s.io/v1 FlowSchema"
    assert removals.successor(schema, "1.22", "1.26") is None


def test_a_version_that_is_off_by_default_is_no_successor() -> None:
    claim = life("resource.k8s.io/v1alpha2", "ResourceClaim")
    assert removals.successor(claim, "1.31") is None


def test_an_api_that_is_only_deprecated_stays() -> None:
    endpoints = life("v1", "Endpoints")
    assert endpoints.removed is None
    assert endpoints.deprecated_in("1.33")
    assert not endpoints.deprecated_in("1.32")
    assert endpoints in removals.deprecated_in("1.37")


@given(LIVES)
def test_a_life_has_its_order(each: Lifecycle) -> None:
    dates = [date for date in (each.introduced, each.deprecated, each.removed) if date is not None]
    assert dates == sorted(dates)
    assert each.removed is None or each.removed > each.introduced


@given(LIVES)
def test_the_replacement_is_served_when_the_old_one_goes(each: Lifecycle) -> None:
    if not each.replacement or each.removed is None:
        return
    api_version, _, kind = each.replacement.partition(" ")
    assert life(api_version, kind).served_in(each.removed)


@given(LIVES)
def test_every_fact_has_a_source_and_a_date(each: Lifecycle) -> None:
    assert each.source
    assert all(address.startswith("https://") for address in each.source)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", each.checked)
    assert each.planned == (each.removed is not None and each.removed > removals.known().released)


@given(LIVES)
def test_alphas_are_off_by_default(each: Lifecycle) -> None:
    if "alpha" in each.version and each.form == "resource":
        assert not each.served_by_default


@given(MINORS, MINORS, MINORS)
def test_what_goes_on_the_way_is_gone_at_the_end_or_came_on_the_way(start: Minor, middle: Minor, end: Minor) -> None:
    start, middle, end = sorted((start, middle, end))
    directly = set(map(str, removals.gone_between(start, end)))
    by_steps = {str(each) for each in removals.gone_between(start, middle) + removals.gone_between(middle, end)}
    assert directly == {name for name in by_steps if life(*name.split(" ")).served_in(start)}


@given(LIVES, st.lists(MINORS, min_size=1, max_size=3))
def test_a_successor_is_of_another_version_and_served_everywhere_asked(each: Lifecycle, minors: list[Minor]) -> None:
    following = removals.successor(each, *minors)
    if following is not None:
        assert str(following) != str(each)
        assert all(following.served_in(minor) for minor in minors)


def test_no_two_lives_are_of_the_same_kind() -> None:
    assert len({str(each) for each in KINDS}) == len(KINDS)
