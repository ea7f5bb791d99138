"""What is judged: the objects, what else is known about where they run, and which evidence there is."""

import msgspec

from fairlead.snapshot.objects import Objects

# The newest minor whose API and Pod Security Standards the rules know.
NEWEST_MINOR = 37


class Scope(msgspec.Struct, frozen=True):
    """
    `minor` is of Kubernetes 1.x. `evidence` names what is known besides the objects themselves, as rules `need` it;
    `whole` says that nothing else runs beside the objects: what refers to nothing among them refers to nothing.
    """

    objects: Objects
    minor: int = NEWEST_MINOR
    evidence: frozenset[str] = frozenset()
    whole: bool = False
