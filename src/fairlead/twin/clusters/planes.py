"""Which version each control plane shall have, and which of its two ports its API server has: kept on disk."""

import msgspec

from fairlead.model import wire
from fairlead.model.version import Version
from fairlead.twin.state import TwinState


class Plane(msgspec.Struct, frozen=True):
    """`slot`: `a` or `b`; a new API server starts on the other one beside the old."""

    version: Version
    slot: str = "a"

    @property
    def other_slot(self) -> str:
        return "b" if self.slot == "a" else "a"


def load(state: TwinState) -> dict[str, Plane]:
    """As last saved; a twin that never changed has the versions it was made with."""
    first = {cluster.name: Plane(cluster.version) for cluster in state.spec.clusters}
    path = state.root / "control-planes.json"
    if not path.exists():
        return first
    return first | wire.decode(path.read_bytes(), dict[str, Plane])


def save(state: TwinState, planes: dict[str, Plane]) -> None:
    """Atomically."""
    draft = state.root / "control-planes.json.new"
    draft.write_text(wire.encode_pretty(planes))
    draft.replace(state.root / "control-planes.json")
