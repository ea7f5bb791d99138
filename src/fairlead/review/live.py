"""A review of a running cluster, from its inventory; and of several clusters, as one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import msgspec

from fairlead.checks.found import Found
from fairlead.checks.scope import DATAPLANE_V2, LIVE, MANIFESTS, WHOLE
from fairlead.checks.state import Outcome, State
from fairlead.manifests import Problem, Read
from fairlead.model.finding import Severity
from fairlead.review.needs import kinds_of
from fairlead.review.result import Looked, Review, Unread
from fairlead.review.reviewing import Wanted, chosen, in_order, review
from fairlead.review.rulebook import Rulebook
from fairlead.review.system import system_refs
from fairlead.snapshot.inventory import Inventory, UnreadKind
from fairlead.snapshot.objects import WORKLOADS, Place

# What rules may need, as `live`.
NODES = "nodes"
_UNREAD = "DEL018"
_KNOWN_ISSUES = "KNO"
# The worst first: a rule that broke on one cluster is not called clean because it held on another.
_WORST = (State.FAILED, State.FOUND, State.INSUFFICIENT_EVIDENCE, State.CLEAN, State.NOT_APPLICABLE)


def review_inventory(
    inventory: Inventory, rulebook: Rulebook, wanted: Wanted, *, today: date, fairlead: str = "", system: bool = False
) -> Review:
    """
    Judge it for its own version, unless `wanted` names another. Findings about what a cluster brings with itself are
    only counted, blockers and known issues excepted, unless `system`; those outside the namespaces that were asked for
    are not told.
    """
    inventory = _with_what_was_not_asked_for(inventory, kinds_of(chosen(rulebook, wanted)))
    evidence = _evidence(inventory)
    problems = [_problem(inventory.cluster, each) for each in inventory.unread if not each.outside]
    judged = msgspec.structs.replace(
        wanted,
        minor=wanted.minor if wanted.minor is not None else minor_of(inventory.version),
        evidence=wanted.evidence | evidence,
        ruled_out=_ruled_out(inventory, evidence),
        unread=inventory.unread_kinds,
        unasked=inventory.others,
        passes=_passing(inventory, system=system),
    )
    done = review(Read(list(inventory.objects), problems), rulebook, judged, today=today, fairlead=fairlead)
    looked = Looked(inventory.cluster, inventory.version, inventory.taken, len(inventory.objects), inventory.namespaces)
    return msgspec.structs.replace(done, clusters=(looked,))


def together(reviews: Sequence[Review], silent: Iterable[Unread] = ()) -> Review:
    """Several clusters' reviews as one: each finding's `file` then names its cluster. `silent` did not answer."""
    named = [_naming_cluster(each) for each in reviews]
    return Review(
        fairlead="".join(sorted({each.fairlead for each in reviews})),
        kubernetes=", ".join(sorted({each.kubernetes for each in reviews})),
        assumed=any(each.assumed for each in reviews),
        objects=sum(each.objects for each in reviews),
        clusters=tuple(looked for each in reviews for looked in each.clusters),
        findings=in_order(found for each in named for found in each.findings),
        excepted=tuple(excepted for each in named for excepted in each.excepted),
        unread=(*silent, *(unread for each in named for unread in each.unread)),
        known=sum(each.known for each in reviews),
        hidden=sum(each.hidden for each in reviews),
        system=sum(each.system for each in reviews),
        outcomes=_summed(outcome for each in reviews for outcome in each.outcomes),
    )


def unanswered(cluster: str, because: str, hint: str = "") -> Unread:
    """What to tell of a cluster that could not be read at all."""
    return Unread(_UNREAD, _place(cluster), 0, because, hint)


def minor_of(version: str) -> int | None:
    """36 of `v1.36.3-gke.1000`; None where it says nothing of the kind."""
    major, _, rest = version.lstrip("v").partition(".")
    digits = rest.partition(".")[0].rstrip("+")
    return int(digits) if major == "1" and digits.isascii() and digits.isdigit() else None


def _with_what_was_not_asked_for(inventory: Inventory, kinds: frozenset[str]) -> Inventory:
    """Rules may be newer than a snapshot file, or others than it was written for."""
    lacking = [
        UnreadKind(kind, "it was not asked for when this was read", makes_pods=kind == WORKLOADS)
        for kind in sorted(kinds - inventory.kinds)
    ]
    return msgspec.structs.replace(inventory, unread=(*inventory.unread, *lacking)) if lacking else inventory


def _evidence(inventory: Inventory) -> frozenset[str]:
    found = {LIVE}
    if not inventory.namespaces:
        found.add(WHOLE)  # where a kind could not be read, asking for it is an error, not an absence
    if any(each.key == "Node" for each in inventory.objects):
        found.add(NODES)
    # Its agent on every node.
    if any(each.ref == "DaemonSet kube-system/anetd" for each in inventory.objects):
        found.add(DATAPLANE_V2)
    return frozenset(found)


def _ruled_out(inventory: Inventory, evidence: frozenset[str]) -> frozenset[str]:
    unseen = inventory.namespaces or "DaemonSet" in inventory.unread_kinds or WORKLOADS not in inventory.kinds
    known = frozenset({MANIFESTS}) if unseen else frozenset({MANIFESTS, DATAPLANE_V2})
    return known - evidence


def _passing(inventory: Inventory, *, system: bool) -> Callable[[Found], bool | None]:
    namespaces = frozenset(inventory.namespaces)
    brought = frozenset() if system else system_refs(inventory.objects, but=namespaces)

    def passes(found: Found) -> bool | None:
        if namespaces and not _is_within(found, namespaces):
            return None
        if found.severity is Severity.BLOCKER or found.id.startswith(_KNOWN_ISSUES):
            return True
        return (found.kind, found.namespace, found.name) not in brought

    return passes


def _is_within(found: Found, namespaces: frozenset[str]) -> bool:
    return found.namespace in namespaces or (found.kind == "Namespace" and found.name in namespaces) or not found.kind


def _problem(cluster: str, unread: UnreadKind) -> Problem:
    hint = "`fairlead check rbac` prints a ClusterRole that allows it" if "answered 403" in unread.because else ""
    return Problem(_UNREAD, Place(_place(cluster)), f"{unread.kind}: {unread.because}", hint)


def _place(cluster: str) -> str:
    return f"cluster {cluster}"


def _naming_cluster(review: Review) -> Review:
    place = _place(review.clusters[0].name) if review.clusters else ""

    def named(found: Found) -> Found:
        return msgspec.structs.replace(found, file=f"{place}, {found.file}" if found.file else place)

    return msgspec.structs.replace(
        review,
        findings=tuple(map(named, review.findings)),
        excepted=tuple(msgspec.structs.replace(each, finding=named(each.finding)) for each in review.excepted),
    )


def _summed(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    by_rule: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_rule.setdefault(outcome.id, []).append(outcome)
    return tuple(_one_outcome(rule_id, each) for rule_id, each in sorted(by_rule.items()))


def _one_outcome(rule_id: str, outcomes: Sequence[Outcome]) -> Outcome:
    worst = min(outcomes, key=lambda outcome: _WORST.index(outcome.state))
    judged, found = sum(each.judged for each in outcomes), sum(each.found for each in outcomes)
    return Outcome(rule_id, worst.state, judged, found, worst.because, worst.where)
