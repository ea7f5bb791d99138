"""A cluster's objects as rules look at them, dated, with what could not be read."""

from datetime import datetime

import msgspec

from fairlead.snapshot.objects import WORKLOADS, KubeObject


class UnreadKind(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A kind (`KubeObject.key`), or one Helm release, that could not be read. `outside`: it is beyond the namespaces that
    were asked for, so not part of what was to be read.
    """

    kind: str
    because: str
    makes_pods: bool = False
    outside: bool = False


class Inventory(msgspec.Struct, frozen=True):
    """
    `version` is the API server's own word (`v1.36.3-gke.1000`). `namespaces` are those that were asked for, none for
    all; `kinds` which kinds were asked for, `workloads` among them for all that makes pods, and `others`
    which the cluster has besides. Of what another among them made
    (pods, ReplicaSets) only a few words stand here.
    """

    cluster: str
    taken: datetime
    version: str
    objects: tuple[KubeObject, ...]
    kinds: frozenset[str]
    namespaces: tuple[str, ...] = ()
    unread: tuple[UnreadKind, ...] = ()
    others: frozenset[str] = frozenset()

    @property
    def unread_kinds(self) -> frozenset[str]:
        """As `Objects` takes them."""
        kinds = {each.kind for each in self.unread}
        return frozenset(kinds | {WORKLOADS} if any(each.makes_pods for each in self.unread) else kinds)
