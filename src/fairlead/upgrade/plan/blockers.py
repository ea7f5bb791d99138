"""What stands against an upgrade, and what would remove it: judged before anything is touched."""

from collections.abc import Iterable, Iterator, Sequence

from fairlead.fleet.file import Return, Surge, UpgradePolicy
from fairlead.model.finding import Finding, Severity
from fairlead.snapshot.cluster import Budget, ClusterSnapshot, Pod
from fairlead.upgrade.plan.steps import Blocked
from fairlead.upgrade.plan.surge import MOST_AT_ONCE

# Not RUNNING_WITH_ERROR: so a pool is called after a roll that failed, until another one succeeds, and that is what a
# new run is for. Whether its nodes are fit to begin with, they say themselves (UPG102).
# https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters.nodePools#status
_BROKEN = frozenset({"ERROR", "DEGRADED", "STOPPING"})
_FINISHED = frozenset({"Succeeded", "Failed"})


def missing_evidence(snapshot: ClusterSnapshot, *, balanced: bool) -> Blocked | None:
    """Without the cluster's own word nothing is judged: insufficient evidence is never a pass."""
    found = []
    if snapshot.control_plane is None:
        found.append(
            Finding(
                "UPG002",
                Severity.BLOCKER,
                f"{snapshot.ref} API server",
                "does not answer, so neither nodes nor disruption budgets could be read",
                "make its `/version` answer",
            )
        )
    if balanced and snapshot.traffic is None:
        found.append(
            Finding(
                "UPG003",
                Severity.BLOCKER,
                f"{snapshot.ref} traffic",
                "could not be read from its balancers",
                "make every HAProxy admin socket of the fleet file answer",
            )
        )
    return Blocked(tuple(found), may_pass=True) if found else None


def blockers_of(
    snapshot: ClusterSnapshot, pools: Sequence[str], policy: UpgradePolicy, *, touched: bool
) -> Blocked | None:
    """
    What blocks rolling `pools`. Broken pools and nodes that are not Ready block only while nothing was `touched`: in
    the middle of a roll they are what the roll is to mend.
    """
    lasting = [*_lasting_budgets(snapshot, pools), *_no_room(snapshot, policy.surge)]
    if not touched:
        lasting += [*_broken(snapshot), *_too_light(snapshot, policy.returning)]
    if lasting:
        return Blocked(tuple(lasting))
    passing = [*_passing_budgets(snapshot, pools)]
    if not touched:
        passing += _nodes_not_ready(snapshot)
    return Blocked(tuple(passing), may_pass=True) if passing else None


def warnings_of(snapshot: ClusterSnapshot) -> tuple[Finding, ...]:
    """What may go wrong and does not stop an upgrade."""
    return tuple(
        Finding(
            "UPG204",
            Severity.WARNING,
            f"{snapshot.ref} {hook.kind} {hook.configuration}",
            f"`{hook.name}` fails closed: while {hook.target} is away, what it guards cannot be written",
            "keep two replicas on different nodes, or let it fail open",
        )
        for hook in snapshot.webhooks
        if hook.fails_closed
    )


def standing_out(snapshot: ClusterSnapshot, *, will_return: bool) -> tuple[Finding, ...]:
    """Said of a cluster that is out of the balancer before anything begins; who put it there is not known."""
    if snapshot.traffic is None or not snapshot.traffic.out_of_balancer:
        return ()
    then = "the run returns it at its end" if will_return else "it stays out, as a run returns only what it took out"
    stay = "leave it out of the run (`--cluster` names the others) where it is to stay out"
    serve = "`--return-drained` has it verified and returned by the run"
    return (
        Finding(
            "UPG205",
            Severity.WARNING,
            f"{snapshot.ref} traffic",
            f"is out of the balancer; {then}",
            stay if will_return else serve,
        ),
    )


def forced_by_provider(snapshot: ClusterSnapshot, pools: Sequence[str]) -> tuple[str, ...]:
    """
    What GKE would force if it were let: after about an hour of refusals it deletes pods in spite of their budget
    (measured at 61 minutes, https://cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies).
    """
    return tuple(
        f"{budget.ref}: {len(guarded)} pods of {snapshot.ref} would be deleted after an hour"
        for budget, guarded in _refusing(snapshot, pools)
    )


def refusing_budgets(snapshot: ClusterSnapshot, pools: Sequence[str]) -> tuple[str, ...]:
    """Budgets that refuse now, each with the pods it guards on nodes of these pools."""
    return tuple(
        f"{budget.ref} ({', '.join(sorted(f'{pod.name} on {pod.node}' for pod in guarded)[:5])})"
        for budget, guarded in _refusing(snapshot, pools)
    )


def guards(budget: Budget, pod: Pod) -> bool:
    """Whether the budget's selector takes in the pod; an empty selector takes in its whole namespace."""
    return (
        budget.namespace == pod.namespace
        and pod.phase not in _FINISHED
        and all(pod.labels.get(key) == value for key, value in budget.pod_labels.items())
    )


def _refusing(snapshot: ClusterSnapshot, pools: Sequence[str]) -> Iterator[tuple[Budget, list[Pod]]]:
    nodes = {node.name for pool in pools for node in snapshot.nodes_of(pool)}
    pods = [pod for pod in snapshot.pods if pod.node in nodes]
    for budget in snapshot.budgets:
        if budget.pods and not budget.evictions_allowed:
            guarded = [pod for pod in pods if guards(budget, pod)]
            if guarded:
                yield budget, guarded


def _never_allows(budget: Budget) -> bool:
    """Whether it allows nothing even with every pod healthy."""
    return budget.desired_healthy >= budget.pods


def _lasting_budgets(snapshot: ClusterSnapshot, pools: Sequence[str]) -> Iterator[Finding]:
    for budget, guarded in _refusing(snapshot, pools):
        if _never_allows(budget):
            yield _budget_finding(snapshot, budget, guarded, "allows no eviction even when every pod is healthy")


def _passing_budgets(snapshot: ClusterSnapshot, pools: Sequence[str]) -> Iterator[Finding]:
    for budget, guarded in _refusing(snapshot, pools):
        if not _never_allows(budget):
            healthy = f"allows no eviction now: {budget.healthy} of {budget.desired_healthy} healthy pods it wants"
            yield _budget_finding(snapshot, budget, guarded, healthy)


def _budget_finding(snapshot: ClusterSnapshot, budget: Budget, guarded: Sequence[Pod], message: str) -> Finding:
    named = ", ".join(sorted(pod.name for pod in guarded)[:5])
    return Finding(
        "UPG201",
        Severity.BLOCKER,
        f"{snapshot.ref} {budget.ref}",
        f"{message}; it guards {len(guarded)} pods on nodes to be rolled ({named})",
        "raise `maxUnavailable`, lower `minAvailable` or add a replica",
    )


def _broken(snapshot: ClusterSnapshot) -> Iterator[Finding]:
    places: Iterable[tuple[str, str]] = (
        (f"{snapshot.ref}", snapshot.state),
        *((f"{snapshot.ref} pool {pool.name}", pool.state) for pool in snapshot.pools),
    )
    for subject, state in places:
        if state.upper() in _BROKEN:
            yield Finding("UPG101", Severity.BLOCKER, subject, f"is in state {state}", "repair it first")


def _too_light(snapshot: ClusterSnapshot, returning: Return) -> Iterator[Finding]:
    """HAProxy rounds down: of a weight of 1 there is no tenth, so the first step of the return would be no traffic."""
    least = snapshot.traffic.least_weight if snapshot.traffic else None
    first = min(returning.steps, default=100)
    if least is not None and not least * first // 100:
        yield Finding(
            "UPG104",
            Severity.BLOCKER,
            f"{snapshot.ref} traffic",
            f"a server of it has a weight of {least} in its balancer, and {first} % of that is 0: it could not return",
            "give the servers of its backends `weight 100`",
        )


def _nodes_not_ready(snapshot: ClusterSnapshot) -> list[Finding]:
    return [
        Finding(
            "UPG102",
            Severity.BLOCKER,
            f"{snapshot.ref} node {node.name}",
            "is not Ready before the upgrade began",
            "repair or remove the node",
        )
        for node in snapshot.nodes
        if not node.ready
    ]


def _no_room(snapshot: ClusterSnapshot, surge: Surge) -> Iterator[Finding]:
    if surge.max_unavailable >= MOST_AT_ONCE:
        yield Finding(
            "UPG103",
            Severity.BLOCKER,
            f"{snapshot.ref} surge",
            f"maxUnavailable {surge.max_unavailable} leaves no room for a surge node: at most {MOST_AT_ONCE} together",
            "lower `upgrade.surge.maxUnavailable`",
        )
