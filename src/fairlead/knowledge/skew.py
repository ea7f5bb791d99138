"""How far apart the versions of Kubernetes' components may be (https://kubernetes.io/releases/version-skew-policy/)."""

from functools import cache

import msgspec

from fairlead.knowledge.minors import Minor, minors_between
from fairlead.knowledge.stored import stored
from fairlead.model.version import Version

AnyMinor = Version | Minor | str


class Allowance(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    How many minors a component may be `newer` or `older` than the API server.

    A component below `below` may be only `older_below` minors older.
    """

    name: str
    newer: int
    older: int
    older_below: int | None = None
    below: Minor | None = None

    def older_for(self, own: Minor) -> int:
        if self.below is None or self.older_below is None or own >= self.below:
            return self.older
        return self.older_below


class Skew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`beside_kubelet` is kube-proxy's, against the kubelet of its node."""

    source: str
    checked: str
    between_api_servers: int
    step: int
    components: tuple[Allowance, ...]
    beside_kubelet: Allowance


@cache
def known() -> Skew:
    return stored("skew", Skew)


def why_not(component: str, own: AnyMinor, api_server: AnyMinor) -> str:
    """
    Why a component of this version may not run against this API server; empty where it may.

    In a control plane of several versions, ask for the oldest and for the newest API server. ValueError for a component
    the policy does not name.
    """
    return _why_not(_allowance(component), Minor.of(own), Minor.of(api_server), "API server")


def why_not_beside_kubelet(proxy: AnyMinor, kubelet: AnyMinor) -> str:
    """Why a kube-proxy may not run on a node with this kubelet; empty where it may."""
    rule = known().beside_kubelet
    mine, other = Minor.of(proxy), Minor.of(kubelet)
    behind = minors_between(mine, other)
    if abs(behind) <= rule.older_for(mine):
        return ""
    return f"kube-proxy {mine} and kubelet {other} are {abs(behind)} minors apart; {rule.older_for(mine)} are allowed"


def oldest(component: str, api_server: AnyMinor) -> Minor:
    """The oldest minor a component may have against this API server. ValueError as `why_not`."""
    rule, server = _allowance(component), Minor.of(api_server)
    within = (Minor(server.major, server.minor - behind) for behind in range(rule.older, -1, -1))
    return next(minor for minor in within if not _why_not(rule, minor, server, "API server"))


def newest_api_server(component: str, own: AnyMinor) -> Minor:
    """How far the API server may move while this component stays. ValueError as `why_not`."""
    mine = Minor.of(own)
    return Minor(mine.major, mine.minor + _allowance(component).older_for(mine))


def _why_not(rule: Allowance, own: Minor, other: Minor, name: str) -> str:
    behind = minors_between(own, other)
    if behind < -rule.newer:
        return f"{rule.name} {own} is newer than the {name}, {other}; {rule.newer or 'no'} minors ahead are allowed"
    if behind > rule.older_for(own):
        return f"{rule.name} {own} is {behind} minors behind the {name}, {other}; {rule.older_for(own)} are allowed"
    return ""


def _allowance(component: str) -> Allowance:
    for each in known().components:
        if each.name == component:
            return each
    names = ", ".join(each.name for each in known().components)
    raise ValueError(f"the skew policy does not name `{component}`, only {names}")
