"""Running clusters judged: for their own version, honest about what was not read, quiet about what they bring."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from fairlead.checks.examples import written_out
from fairlead.checks.rule import ObjectRule
from fairlead.checks.scope import WHOLE
from fairlead.checks.state import State
from fairlead.model.finding import Severity
from fairlead.review.live import minor_of, review_inventory, together, unanswered
from fairlead.review.needs import kinds_of
from fairlead.review.report import terminal
from fairlead.review.result import Review, exit_code
from fairlead.review.reviewing import Wanted
from fairlead.review.rulebook import Rulebook, open_rulebook
from fairlead.snapshot.inventory import Inventory, UnreadKind
from fairlead.snapshot.objects import KubeObject

BOOK = open_rulebook()
PRIVILEGED = {"container": {"securityContext": {"privileged": True}}}
SERVICE = {"kind": "Service", "spec": {"selector": {"app": "cart"}}}
ANETD = {"kind": "DaemonSet", "pod": {}, "metadata": {"namespace": "kube-system", "name": "anetd"}}
FORBIDDEN = "GET /api/v1/secrets was answered 403: forbidden"


def inventory(*manifests: dict[str, Any], **about: Any) -> Inventory:
    objects = tuple(KubeObject(written_out(each)) for each in manifests)
    taken = datetime(2026, 11, 21, 13, 50, tzinfo=UTC)
    whole: dict[str, Any] = {"cluster": "tokyo", "version": "v1.35.4-gke.1", "kinds": kinds_of(BOOK.rules), **about}
    return Inventory(taken=taken, objects=objects, **whole)


def reviewed(found: Inventory, *only: str, book: Rulebook = BOOK, system: bool = False, **wanted: Any) -> Review:
    return review_inventory(found, book, Wanted(only=only, **wanted), today=date(2026, 11, 21), system=system)


def states(review: Review) -> dict[str, State]:
    return {each.id: each.state for each in review.outcomes}


def test_a_cluster_is_judged_for_its_own_version_unless_another_is_named() -> None:
    assert (reviewed(inventory(), "SEC101").kubernetes, reviewed(inventory(), "SEC101").assumed) == ("1.35", False)
    assert reviewed(inventory(), "SEC101", minor=37).kubernetes == "1.37"


@pytest.mark.parametrize(
    ("text", "minor"),
    [("v1.36.3-gke.1000", 36), ("v1.30.0+k3s1", 30), ("1.29+", 29), ("v2.1.0", None), ("fake", None), ("", None)],
)
def test_versions_as_servers_say_them(text: str, minor: int | None) -> None:
    assert minor_of(text) == minor


def test_the_summary_says_which_cluster_and_when() -> None:
    said = terminal.text_of(reviewed(inventory(PRIVILEGED), "SEC101"))
    assert "1 object of cluster tokyo (v1.35.4-gke.1, read 2026-11-21 13:50 UTC)" in said


def test_what_could_not_be_read_is_incomplete_by_name_and_never_clean() -> None:
    done = reviewed(inventory(unread=(UnreadKind("Secret", FORBIDDEN),)), "CFG118", "SEC101")
    (unread,) = done.unread
    assert (unread.file, "Secret" in unread.message, "rbac" in unread.hint) == ("cluster tokyo", True, True)
    assert states(done) == {"CFG118": State.INSUFFICIENT_EVIDENCE, "SEC101": State.NOT_APPLICABLE}
    assert exit_code(done, Severity.ERROR) == 3


def test_what_is_beyond_the_namespaces_asked_for_makes_nothing_incomplete() -> None:
    unread = UnreadKind("ClusterRole", FORBIDDEN, outside=True)
    done = reviewed(inventory(PRIVILEGED, namespaces=("shop",), unread=(unread,)), "SEC101", "SEC2", "NET201")
    assert (done.unread, exit_code(done, None)) == ((), 0)
    assert {state for rule, state in states(done).items() if rule.startswith("SEC2")} >= {State.INSUFFICIENT_EVIDENCE}


def test_a_file_that_was_written_for_fewer_rules_says_so() -> None:
    done = reviewed(inventory(kinds=frozenset({"workloads", "Namespace"})), "CFG118", "SEC101")
    assert states(done)["CFG118"] is State.INSUFFICIENT_EVIDENCE
    assert "not asked for" in done.unread[0].message


def test_what_is_absent_from_a_whole_cluster_is_missing() -> None:
    assert [found.id for found in reviewed(inventory(SERVICE), "NET201").findings] == ["NET201"]
    assert not reviewed(inventory(SERVICE, namespaces=("shop",)), "NET201").findings


@pytest.mark.parametrize(
    "brought",
    [
        PRIVILEGED | {"metadata": {"namespace": "kube-system"}},
        PRIVILEGED | {"metadata": {"namespace": "gke-managed-cim"}},
    ],
)
def test_what_a_cluster_brings_is_counted_and_shown_when_asked_for(brought: dict[str, Any]) -> None:
    done = reviewed(inventory(brought), "SEC101")
    assert (done.findings, done.system, exit_code(done, Severity.ERROR)) == ((), 1, 0)
    assert len(reviewed(inventory(brought), "SEC101", system=True).findings) == 1
    namespace = brought["metadata"]["namespace"]
    assert len(reviewed(inventory(brought, namespaces=(namespace,)), "SEC101").findings) == 1


def test_a_blocker_is_told_wherever_it_is() -> None:
    brought = PRIVILEGED | {"metadata": {"namespace": "kube-system"}}
    done = reviewed(inventory(brought), "SEC101", severities={"SEC101": Severity.BLOCKER})
    assert len(done.findings) == 1


def test_roles_of_the_api_server_are_not_ours() -> None:
    admin = {
        "kind": "ClusterRole",
        "metadata": {"name": "cluster-admin", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    }
    ours = admin | {"metadata": {"name": "ours"}}
    found = {each.subject for each in reviewed(inventory(admin, ours), "SEC2").findings}
    assert found == {"ClusterRole ours"}


def test_only_what_is_in_the_namespace_is_told() -> None:
    other = PRIVILEGED | {"metadata": {"namespace": "other"}}
    done = reviewed(inventory(PRIVILEGED, other, namespaces=("shop",)), "SEC101")
    assert [found.namespace for found in done.findings] == ["shop"]
    assert done.system == 0


def test_clusters_together_name_theirs_and_the_worst_of_each_rule() -> None:
    tokyo = reviewed(inventory(PRIVILEGED), "SEC101", "CFG118")
    unread = (UnreadKind("Secret", FORBIDDEN),)
    osaka = reviewed(inventory(cluster="osaka", version="v1.36.1", unread=unread), "SEC101", "CFG118")
    done = together([tokyo, osaka], [unanswered("taipei", "the API server did not answer")])
    assert [found.file for found in done.findings] == ["cluster tokyo"]
    assert [each.file for each in done.unread] == ["cluster taipei", "cluster osaka"]
    assert (done.kubernetes, len(done.clusters), done.objects) == ("1.35, 1.36", 2, 1)
    assert states(done) == {"SEC101": State.FOUND, "CFG118": State.INSUFFICIENT_EVIDENCE}
    assert "1 object of 2 clusters" in terminal.text_of(done)


def test_rules_may_need_what_only_a_cluster_gives() -> None:
    live = BOOK.find("SEC101")
    assert isinstance(live, ObjectRule)
    node = {"kind": "Node", "metadata": {"name": "a"}}
    for need, found, state in (
        ("live", inventory(), State.NOT_APPLICABLE),
        ("nodes", inventory(), State.INSUFFICIENT_EVIDENCE),
        ("nodes", inventory(node), State.NOT_APPLICABLE),
        (WHOLE, inventory(namespaces=("shop",)), State.INSUFFICIENT_EVIDENCE),
        ("dataplane-v2", inventory(PRIVILEGED), State.NOT_APPLICABLE),
        ("dataplane-v2", inventory(PRIVILEGED, namespaces=("shop",)), State.INSUFFICIENT_EVIDENCE),
        ("dataplane-v2", inventory(PRIVILEGED, ANETD), State.FOUND),
        ("manifests", inventory(PRIVILEGED), State.NOT_APPLICABLE),
    ):
        book = Rulebook([msgspec.structs.replace(live, needs=(need,))], (), ())
        assert states(reviewed(found, book=book)) == {"SEC101": state}
