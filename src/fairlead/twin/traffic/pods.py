"""The pods of one cluster as its gateway sees them: who is ready, how much each may do at once, who waits."""

import asyncio
from collections import deque
from collections.abc import Callable

POD_CONCURRENCY = 4
"""Requests that one pod serves at once, like the workers of a small web server."""

Served = Callable[[str | None], None]


class Pods:
    """
    Hands out places in ready pods, the least busy first, in the order they were asked for.

    A pod that is no longer ready gets nothing new from that moment; what it has, it finishes. `patience`: seconds a
    request may wait for a place.
    """

    def __init__(self, patience: float = 1.0, concurrency: int = POD_CONCURRENCY) -> None:
        self._patience = patience
        self._concurrency = concurrency
        self._ready: frozenset[str] = frozenset()
        self._busy: dict[str, int] = {}
        self._waiting: deque[tuple[Served, asyncio.TimerHandle]] = deque()

    @property
    def ready(self) -> frozenset[str]:
        return self._ready

    @property
    def busy(self) -> int:
        return sum(self._busy.values())

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def set_ready(self, names: frozenset[str]) -> None:
        """These and no others may be given new requests."""
        self._ready = names
        self._serve_the_waiting()

    def take(self, served: Served) -> None:
        """
        Call back with a pod's name, now or within `patience`, or with None when there was no place all that time. A
        place must be given back.
        """
        pod = self._free()
        if pod is not None:
            self._occupy(pod, served)
            return
        self._wait(served)

    def give_back(self, pod: str) -> None:
        """The request has left the pod."""
        self._busy[pod] -= 1
        if not self._busy[pod]:
            del self._busy[pod]
        self._serve_the_waiting()

    def _free(self) -> str | None:
        pod = min(self._ready, key=lambda name: self._busy.get(name, 0), default=None)
        return pod if pod is not None and self._busy.get(pod, 0) < self._concurrency else None

    def _occupy(self, pod: str, served: Served) -> None:
        self._busy[pod] = self._busy.get(pod, 0) + 1
        served(pod)

    def _wait(self, served: Served) -> None:
        # Everyone waits equally long, so the first in the queue is always the first whose time is up.
        timer = asyncio.get_running_loop().call_later(self._patience, self._give_up)
        self._waiting.append((served, timer))

    def _give_up(self) -> None:
        served, _ = self._waiting.popleft()
        served(None)

    def _serve_the_waiting(self) -> None:
        while self._waiting and (pod := self._free()) is not None:
            served, timer = self._waiting.popleft()
            timer.cancel()
            self._occupy(pod, served)
