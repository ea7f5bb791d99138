"""Which versions an upgrade goes through: the target, the control plane's next one, and when nodes must follow."""

from collections.abc import Iterable

from fairlead.fleet.file import VersionPolicy
from fairlead.model.finding import Finding, Severity
from fairlead.model.version import Version
from fairlead.snapshot.cluster import ClusterSnapshot, Pool
from fairlead.upgrade.plan.steps import Blocked

# Kubelets may be three minors older than the API server and never newer
# (https://kubernetes.io/releases/version-skew-policy/#kubelet). GKE has let worse pass, so we hold to it ourselves.
OLDEST_NODE = 3


def choose_target(policy: VersionPolicy, snapshot: ClusterSnapshot) -> Version | Blocked:
    """
    The one version this cluster goes to, explicit; Blocked where the policy asks for what cannot be.

    A cluster that is ahead of its channel's default stays where it is; an exact version below it is refused.
    """
    current = snapshot.provider_control_plane
    if policy.exact is not None:
        return _exact(policy.exact, policy, snapshot)
    default = snapshot.channel_defaults.get(policy.channel)
    if default is None:
        return _blocked(snapshot, f"the provider names no default version for channel `{policy.channel}`")
    if default <= current:
        return current
    if default not in policy.exclude and default in snapshot.offered_control_plane:
        return default
    allowed = [each for each in _offered(snapshot, policy) if current <= each < default]
    if not allowed:
        return _blocked(snapshot, f"`{default}`, default of channel `{policy.channel}`, is excluded or not offered")
    return max(allowed)


def _exact(wanted: Version, policy: VersionPolicy, snapshot: ClusterSnapshot) -> Version | Blocked:
    current = snapshot.provider_control_plane
    if wanted in policy.exclude:
        return _blocked(snapshot, f"`{wanted}` is asked for and excluded at once", "take it out of `exclude`")
    if wanted < current:
        return _blocked(snapshot, f"`{wanted}` is lower than `{current}`, and nothing moves backwards")
    if wanted != current and wanted not in snapshot.offered_control_plane:
        offered = ", ".join(f"`{each}`" for each in snapshot.offered_control_plane[:6])
        return _blocked(snapshot, f"`{wanted}` is not offered by the provider", f"offered are {offered}")
    return wanted


def next_control_plane(snapshot: ClusterSnapshot, target: Version, exclude: Iterable[Version]) -> Version | Blocked:
    """
    The control plane's next version on its way to `target`: minor by minor, the newest that is offered of each.

    `target` is newer than the control plane.
    """
    current = snapshot.provider_control_plane
    if target.minors_ahead_of(current) <= 1:
        return target
    steps = [
        each
        for each in snapshot.offered_control_plane
        if each.minors_ahead_of(current) == 1 and each not in frozenset(exclude)
    ]
    if not steps:
        return _blocked(
            snapshot, f"no version of {current.major}.{current.minor + 1} is offered on the way to `{target}`"
        )
    return max(steps)


def falls_too_far_behind(pool: Pool, control_plane: Version) -> bool:
    """Whether the pool's nodes would be out of the supported skew under that control plane."""
    return control_plane.minors_ahead_of(pool.version) > OLDEST_NODE


def wants_to_follow(pool: Pool, control_plane: Version, policy: VersionPolicy) -> bool:
    """Whether the pool should run the control plane's version, by the fleet's policy."""
    if policy.nodes == "follow-always":
        return pool.version < control_plane
    return control_plane.minors_ahead_of(pool.version) > 0


def node_version(snapshot: ClusterSnapshot, policy: VersionPolicy) -> Version | Blocked:
    """The version nodes get: the control plane's own if it is offered for nodes, else the newest of its minor below."""
    control_plane = snapshot.provider_control_plane
    if not snapshot.offered_nodes or control_plane in snapshot.offered_nodes:
        return control_plane
    fitting = [
        each
        for each in snapshot.offered_nodes
        if each.same_minor(control_plane) and each < control_plane and each not in policy.exclude
    ]
    if not fitting:
        return _blocked(snapshot, f"no version of {control_plane.minor_text} is offered for nodes")
    return max(fitting)


def _offered(snapshot: ClusterSnapshot, policy: VersionPolicy) -> list[Version]:
    return [each for each in snapshot.offered_control_plane if each not in policy.exclude]


def _blocked(
    snapshot: ClusterSnapshot, message: str, fix: str = "name another version in `upgrade.version`"
) -> Blocked:
    return Blocked((Finding("UPG001", Severity.BLOCKER, f"{snapshot.ref} version", message, fix),))
