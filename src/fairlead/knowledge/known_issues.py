"""Known issues: which one a version has, which one a text shows, and the fact each match stands on."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Literal

import msgspec

from fairlead.knowledge.ranges import range_of
from fairlead.knowledge.stored import stored
from fairlead.knowledge.symptoms import EventSymptom, LogSymptom, Symptom, pattern_of
from fairlead.model.finding import Severity
from fairlead.model.version import Version

Feature = Literal["cgroup-v2", "cos", "dataplane-v2", "ipvs", "kubeadm", "private-nodes", "spot-nodes"]
IssueKind = Literal["bug", "regression", "change", "removal", "security", "limit"]


class KnownIssue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    One thing that is known to go wrong.

    `component` is what misbehaves. `affected` are ranges of versions (`fairlead.knowledge.ranges`) of `versions_of`:
    Kubernetes' own, which on GKE have a build (`1.24.9-gke.3200`), or another software's. Where nobody has published
    which versions, it is empty. `provider` is where alone it happens (`gke`, `eks`, `aks`); `needs` are features
    without which it does not (`dataplane-v2`). `fixed_in` are the first good versions, one a line of releases;
    `verified` says where a second source was found.
    """

    id: str
    title: str
    kind: IssueKind
    component: str
    severity: Severity
    affected: tuple[str, ...] = ()
    versions_of: str = "kubernetes"
    provider: str = ""
    needs: tuple[Feature, ...] = ()
    fixed_in: tuple[str, ...] = ()
    fix: str = ""
    symptoms: tuple[Symptom, ...] = ()
    workaround: str
    source: str
    refs: tuple[str, ...] = ()
    date: str
    verified: str = ""

    def range_with(self, version: Version) -> str:
        """The affected range that holds this version; empty where none does."""
        return next((text for text in self.affected if version in range_of(text)), "")


class Match(msgspec.Struct, frozen=True):
    """An issue, and the fact it was matched on."""

    issue: KnownIssue
    because: str


@cache
def known() -> tuple[KnownIssue, ...]:
    """All issues by id; read at the first question and kept."""
    return stored("known-issues", tuple[KnownIssue, ...])


def of(issue_id: str) -> KnownIssue | None:
    return _by_id().get(issue_id)


def matching(
    version: Version,
    component: str | None = None,
    *,
    versions_of: str = "kubernetes",
    provider: str | None = None,
    having: Collection[Feature] | None = None,
) -> list[Match]:
    """
    The issues a version is known to have; with `component`, only that component's.

    The version is Kubernetes' (a control plane's or a node's), or that of the software `versions_of` names
    (`argo-cd`). `provider` is told from GKE's and EKS's builds when not given; a version without a build matches no
    provider's issue. `having` are the cluster's features: unknown when None, and then an issue that needs one is in,
    with the need named.

    An issue that states no version is never in: it takes a symptom to see it.
    """
    where = provider if provider is not None else provider_of(version)
    return [
        Match(issue, _because(issue, version))
        for issue in known()
        if issue.versions_of == versions_of
        and issue.provider in {"", where}
        and component in {None, issue.component}
        and (having is None or set(issue.needs) <= set(having))
        and issue.range_with(version)
    ]


def arriving(
    now: Version, then: Version, *, provider: str | None = None, having: Collection[Feature] | None = None
) -> list[Match]:
    """What an upgrade brings: the issues and changes of Kubernetes that `then` has and `now` has not."""
    here = {match.issue.id for match in matching(now, provider=provider, having=having)}
    there = matching(then, provider=provider, having=having)
    return [match for match in there if match.issue.id not in here]


def mended(
    now: Version, then: Version, *, provider: str | None = None, having: Collection[Feature] | None = None
) -> list[Match]:
    """What an upgrade leaves behind: the issues that `now` has and `then` has not."""
    return arriving(then, now, provider=provider, having=having)


def match_text(text: str, *, version: Version | None = None) -> list[Match]:
    """
    The issues whose event messages or log lines are in a text, of one line or many.

    With a version (Kubernetes'), issues that state versions are in only where it is among them. Time is linear in the
    text.
    """
    return [
        Match(issue, f"`{seen}`")
        for issue in known()
        if (seen := _first_line(issue, text)) and _may_have(issue, version)
    ]


def match_event(reason: str, message: str, *, version: Version | None = None) -> list[Match]:
    """The issues that show as this event; `version` as in `match_text`."""
    return [
        Match(issue, f"event {reason}: `{seen}`")
        for issue in known()
        if (seen := _in_event(issue, reason, message)) and _may_have(issue, version)
    ]


def provider_of(version: Version) -> str:
    """`gke` or `eks` where the version carries their build; empty otherwise, also for AKS, which adds none."""
    _, _, build = str(version).partition("-")
    word = build.partition(".")[0]
    return word if word in {"gke", "eks"} else ""


def _may_have(issue: KnownIssue, version: Version | None) -> bool:
    # Only Kubernetes' version is known beside a text; other software's may be any.
    if version is None or not issue.affected or issue.versions_of != "kubernetes":
        return True
    return bool(issue.range_with(version))


def _because(issue: KnownIssue, version: Version) -> str:
    name = "version" if issue.versions_of == "kubernetes" else issue.versions_of
    need = f", if it has {' and '.join(issue.needs)}" if issue.needs else ""
    return f"{name} {version} is in {issue.range_with(version)}{need}"


def _first_line(issue: KnownIssue, text: str) -> str:
    return next((seen for pattern in _patterns(issue) if (seen := pattern_of(pattern).found_in(text))), "")


def _patterns(issue: KnownIssue) -> Iterator[str]:
    for symptom in issue.symptoms:
        match symptom:
            case EventSymptom(message=pattern) | LogSymptom(line=pattern):
                yield pattern


def _in_event(issue: KnownIssue, reason: str, message: str) -> str:
    for symptom in issue.symptoms:
        if isinstance(symptom, EventSymptom) and symptom.reason in {"", reason}:
            seen = pattern_of(symptom.message).found_in(message)
            if seen:
                return seen
    return ""


@cache
def _by_id() -> dict[str, KnownIssue]:
    return {issue.id: issue for issue in known()}
