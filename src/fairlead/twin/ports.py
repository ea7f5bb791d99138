"""Choose loopback ports for a twin that nobody else has, and that stay free while its processes restart."""

import random
import socket
from collections.abc import Iterable
from pathlib import Path

from fairlead.model.errors import FairleadError

# Above what services use by habit; the kernel's range for outgoing connections is left out, because a port from it may
# be taken by anybody's connection just while our process restarts.
_FIRST, _LAST = 10_000, 65_000
_KERNEL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def choose(names: Iterable[str], taken: set[int]) -> dict[str, int]:
    """A free port for each name, none of them `taken` (by other twins that may be down just now)."""
    names = list(names)
    outgoing = _outgoing()
    candidates = [port for port in range(_FIRST, _LAST) if port not in taken and port not in outgoing]
    # In no particular order: twins that start at the same moment shall not compete for the same ports.
    random.shuffle(candidates)
    free = (port for port in candidates if _is_free(port))
    chosen = dict(zip(names, free, strict=False))
    if len(chosen) < len(names):
        raise FairleadError("there are not enough free ports on 127.0.0.1", hint="take another twin down first")
    return chosen


def _outgoing() -> range:
    try:
        first, last = _KERNEL_RANGE.read_text().split()
    except OSError:
        return range(0)
    return range(int(first), int(last) + 1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
