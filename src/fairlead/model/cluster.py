"""How a cluster is named in our fleet, and where it is in the world."""

import msgspec


class GkePlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A cluster of Google Kubernetes Engine: `projects/PROJECT/locations/LOCATION/clusters/CLUSTER`."""

    project: str
    location: str
    cluster: str

    @property
    def path(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/clusters/{self.cluster}"

    @property
    def regional(self) -> bool:
        """Whether the control plane is replicated: `asia-northeast1` is a region, `asia-northeast1-a` a zone."""
        return self.location.count("-") == 1


class KubeconfigPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An entry of a kubeconfig file; without `context` its current one."""

    path: str
    context: str | None = None


class ClusterRef(msgspec.Struct, frozen=True):
    """One cluster: its name in the fleet, and where each adapter finds it."""

    name: str
    gke: GkePlace | None = None
    kubeconfig: KubeconfigPlace | None = None

    def __str__(self) -> str:
        return self.name
