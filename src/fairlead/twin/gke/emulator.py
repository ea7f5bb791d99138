"""All parts of the emulator put together, opened and closed."""

import asyncio
from collections.abc import Mapping

from fairlead.twin.gke.actor import ClusterActor
from fairlead.twin.gke.beginning import begin
from fairlead.twin.gke.books import Books
from fairlead.twin.gke.clock import Clock
from fairlead.twin.gke.credentials import prepare
from fairlead.twin.gke.desk import Desk
from fairlead.twin.gke.doors import Door, security_token_service, token_review
from fairlead.twin.gke.google import Google
from fairlead.twin.gke.jobs import JOBS
from fairlead.twin.gke.server import Api
from fairlead.twin.gke.service import ClusterManager
from fairlead.twin.gke.tokens import Tokens
from fairlead.twin.gke.versions import Catalogue
from fairlead.twin.state import TwinState


class Emulator:
    """
    The GKE of one twin, on the ports of its state: `gke` (gRPC), `auth` (HTTP), `review` (HTTPS).

    `actors` are its hands on the clusters, by name.
    """

    def __init__(self, state: TwinState, actors: Mapping[str, ClusterActor]) -> None:
        prepare(state)
        self._ports = state.ports
        clock = Clock(state.spec.clock_factor)
        books = Books(state.root)
        if not books.load():
            begin(books, state, clock.stamp())
        self.desk = Desk(state.root, books, actors, clock, Catalogue(state.spec), JOBS)
        tokens = Tokens(state.root, state.spec.token_seconds)
        self._api = Api(ClusterManager(state.spec.project, self.desk), self.desk, tokens)
        tls = (state.pki / "server.crt", state.pki / "server.key")
        self._doors = [
            Door(state.ports["auth"], security_token_service(state.root, tokens)),
            Door(state.ports["review"], token_review(tokens), tls),
        ]

    async def start(self) -> None:
        """Go on with what was under way, then let callers in."""
        self.desk.resume()
        for door in self._doors:
            door.open()
        await self._api.start(self._ports["gke"])
        self._google = asyncio.create_task(Google(self.desk).watch())

    async def run(self) -> None:
        """Until cancelled, or until what Google does by itself breaks."""
        await self.start()
        try:
            await self._google
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Operations under way stay on disk; the next start goes on with them."""
        self._google.cancel()
        await asyncio.gather(self._google, return_exceptions=True)
        await self._api.stop()
        await self.desk.stop()
        for door in self._doors:
            await asyncio.to_thread(door.close)
