"""What the emulator does to a cluster: the hands of GKE, as a port, so that rules are tested without an API server."""

from enum import StrEnum
from typing import Protocol

import msgspec

from fairlead.model.version import Version


class NodeSpec(msgspec.Struct, frozen=True):
    """A node to be made. `kind` is the pool's (`app`, `system`, `batch`); `never_ready` is a fault on request."""

    name: str
    pool: str
    kind: str
    zone: str
    version: Version
    never_ready: bool = False


class Node(msgspec.Struct, frozen=True):
    """A node as the cluster sees it."""

    name: str
    zone: str
    version: Version
    ready: bool
    cordoned: bool


class Pod(msgspec.Struct, frozen=True):
    """A pod that has to leave a node before it is deleted."""

    namespace: str
    name: str
    uid: str
    leaving: bool = False


class Eviction(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class ClusterActor(Protocol):
    """One cluster. Every method may be called twice, and raises ClusterAwayError when the cluster does not answer."""

    async def nodes(self, pool: str) -> list[Node]: ...

    async def create_node(self, node: NodeSpec) -> None: ...

    async def cordon(self, node: str, *, on: bool) -> None: ...

    async def delete_node(self, node: str) -> None: ...

    async def pods(self, node: str) -> list[Pod]:
        """Without those of DaemonSets and mirror pods, which go with the node."""
        ...

    async def evict(self, pod: Pod) -> Eviction: ...

    async def delete_pod(self, pod: Pod) -> None:
        """Past every budget."""
        ...

    async def set_control_plane(self, version: Version) -> None:
        """Returns when the cluster serves it."""
        ...
