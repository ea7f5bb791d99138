"""Whether a cluster may leave the balancer: the siblings must carry its load too, with room to spare."""

from collections.abc import Sequence

import msgspec

from fairlead.model.finding import Finding, Severity


class SharedLoad(msgspec.Struct, frozen=True):
    """
    One backend of one balancer that the cluster serves in: `load` requests a second of all its servers together,
    `siblings` the servers that would be left and are in, `capacity` what those carry (None: nothing tells it).
    """

    place: str
    load: float
    siblings: tuple[str, ...]
    capacity: float | None


def lacking_headroom(cluster: str, loads: Sequence[SharedLoad], headroom_percent: int) -> tuple[Finding, ...]:
    """Why the cluster may not leave; empty where it may. Unknown capacity is a reason: nobody could say it suffices."""
    return tuple(
        Finding(
            "UPG301",
            Severity.BLOCKER,
            f"{cluster} in {load.place}",
            reason,
            "add capacity, wait for less traffic, or state `capacity` per cluster in the fleet file",
        )
        for load in loads
        if (reason := _reason(load, headroom_percent))
    )


def _reason(load: SharedLoad, headroom_percent: int) -> str:
    if not load.siblings:
        return "no other cluster serves there, so nobody would carry the load"
    names = ", ".join(load.siblings)
    if load.capacity is None:
        return f"the capacity of {names} is not known"
    needed = load.load * (1 + headroom_percent / 100)
    if load.capacity < needed:
        return (
            f"{names} carry {load.capacity:.0f} requests a second, "
            f"{needed:.0f} are needed ({load.load:.0f} and {headroom_percent} % headroom)"
        )
    return ""
