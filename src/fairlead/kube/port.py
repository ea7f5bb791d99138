"""What a picture of a cluster needs from its API server, in our own words."""

from typing import Protocol

from fairlead.model.errors import FairleadError, UnreachableError
from fairlead.model.version import Version
from fairlead.snapshot.cluster import Budget, Node, Pod, WarningEvent, Webhook, Workload


class KubeUnavailableError(UnreachableError):
    """The API server did not answer, or not in time, or answered with an error of its own. Try again."""


class KubeCertificateError(KubeUnavailableError):
    """Whoever answered could not prove to be the API server."""


class KubeRefusedError(FairleadError):
    """The API server will not tell us: no or wrong credentials, no permission, no such thing."""

    exit_code = 3


class KubeReader(Protocol):
    """
    Reads one cluster. Every method raises KubeUnavailableError or KubeRefusedError, and nothing of a library's own.

    Lists are whole: they are read in pages of one state of the cluster.
    """

    async def version(self) -> Version: ...

    async def ready(self) -> bool:
        """What `/readyz` says; not answering is an error, not False."""
        ...

    async def apis(self) -> frozenset[str]:
        """Every kind that is served, as `apiVersion/Kind`: `apps/v1/Deployment`, `v1/Pod`."""
        ...

    async def nodes(self) -> tuple[Node, ...]: ...

    async def pods(self) -> tuple[Pod, ...]: ...

    async def workloads(self) -> tuple[Workload, ...]: ...

    async def budgets(self) -> tuple[Budget, ...]: ...

    async def webhooks(self) -> tuple[Webhook, ...]: ...

    async def warnings(self) -> tuple[WarningEvent, ...]:
        """Events of type Warning that the cluster still remembers (an hour, usually), newest first."""
        ...

    async def close(self) -> None: ...
