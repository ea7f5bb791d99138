"""What is judged: the objects, what else is known about where they run, and which evidence there is."""

from functools import cached_property

from fairlead.snapshot.objects import Objects

# The newest minor whose API and Pod Security Standards the rules know.
NEWEST_MINOR = 37
# Evidence that nothing runs beside the objects: what refers to nothing among them refers to nothing.
WHOLE = "whole"
# Objects as people wrote them, or a running cluster's, to which it has added its own.
MANIFESTS, LIVE = "manifests", "live"
# GKE's network of Cilium.
DATAPLANE_V2 = "dataplane-v2"


class Scope:
    """
    `minor` is of Kubernetes 1.x. `evidence` names what is known besides the objects themselves, as rules `need` it;
    `ruled_out` what is known not to be: rules that need it do not apply.
    """

    def __init__(
        self,
        objects: Objects,
        *,
        minor: int = NEWEST_MINOR,
        evidence: frozenset[str] = frozenset(),
        ruled_out: frozenset[str] = frozenset(),
    ) -> None:
        self.objects = objects
        self.minor = minor
        self.evidence = evidence
        self.ruled_out = ruled_out

    def is_whole(self, namespace: str) -> bool:
        """Whether what is absent from a namespace is taken for missing: always, or where its workloads are here."""
        return WHOLE in self.evidence or namespace in self._with_workloads

    @cached_property
    def _with_workloads(self) -> frozenset[str]:
        return frozenset(each.namespace for each in self.objects.workloads)
