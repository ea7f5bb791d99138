"""What a twin remembers on disk: its clusters, its ports, its files. `twin.json` in the twin's folder."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

import msgspec

from fairlead.model import wire
from fairlead.model.errors import UsageError
from fairlead.model.version import Version

# Of a twin, a cluster or a pool: they become parts of paths and of nodes' names.
NAME = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")


class PoolSpec(msgspec.Struct, frozen=True):
    """A node pool to begin with; `kind` is `app`, `system` or `batch` (labels, taints and workloads follow it)."""

    name: str
    kind: str
    nodes: int
    zones: tuple[str, ...]
    auto_repair: bool = True
    auto_upgrade: bool = False
    max_surge: int = 1
    max_unavailable: int = 0


class ClusterSpec(msgspec.Struct, frozen=True):
    """A cluster to begin with. `rps`: the load generator's rate for it, before the balancer shares it out."""

    name: str
    location: str
    version: Version
    pools: tuple[PoolSpec, ...]
    rps: float = 50.0
    web_replicas: int = 6

    @property
    def regional(self) -> bool:
        return self.location.count("-") == 1


class TwinSpec(msgspec.Struct, frozen=True):
    """
    What `twin up` builds. `clock_factor`: how many of GKE's seconds pass in one of ours (60: a GKE minute is a second).
    `stable_version`: the Stable channel's default, if not the emulator's own; `token_seconds`: how long tokens live.
    """

    name: str
    project: str
    clusters: tuple[ClusterSpec, ...]
    clock_factor: float = 60.0
    load: bool = True
    stable_version: Version | None = None
    token_seconds: float = 300.0

    def cluster(self, name: str) -> ClusterSpec:
        """UsageError where there is none of that name."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        names = ", ".join(cluster.name for cluster in self.clusters)
        raise UsageError(f"the twin has no cluster `{name}`", hint=f"it has: {names}")


class ClusterPorts(msgspec.Struct, frozen=True):
    """Loopback ports of one cluster. `endpoint`: its API server through the API front, which never changes."""

    endpoint: int
    gateway: int


class TwinState(msgspec.Struct, frozen=True):
    """
    The whole twin on disk; written before the first process starts. `ports` by name: `etcd`, `etcd-peer`, `gke`
    (gRPC), `auth` (STS over HTTP), `review` (TokenReview over HTTPS), `balancer` (the global HAProxy's traffic port);
    per cluster `tokyo/apiserver-a`, `tokyo/apiserver-b`, `tokyo/controller-manager`, `tokyo/scheduler`, `tokyo/kwok`.
    """

    spec: TwinSpec
    folder: str
    ports: dict[str, int]
    clusters: dict[str, ClusterPorts]

    @property
    def root(self) -> Path:
        return Path(self.folder)

    @property
    def sockets(self) -> Path:
        """The unix sockets' folder (0700): the twin's own, or a short one where their paths would pass 107 bytes."""
        if len(self.folder) < 70:
            return self.root
        digest = hashlib.sha256(self.folder.encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"fairlead-{os.getuid()}-{digest}"

    @property
    def control_socket(self) -> Path:
        return self.sockets / "control.sock"

    @property
    def fleet_file(self) -> Path:
        return self.root / "fleet.yaml"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pki(self) -> Path:
        """`{ca,admin,server}.{crt,key}` (the server's for 127.0.0.1 and localhost), `sa.key`, `sa.pub`."""
        return self.root / "pki"

    @property
    def balancer_socket(self) -> Path:
        """The global HAProxy's admin socket; its master CLI is `balancer-master.sock` beside it."""
        return self.sockets / "balancer.sock"

    @property
    def balancer_master(self) -> Path:
        return self.sockets / "balancer-master.sock"

    @property
    def credentials_file(self) -> Path:
        """The external_account credentials that google-auth loads."""
        return self.root / "credentials.json"

    def kubeconfig(self, cluster: str) -> Path:
        """An admin kubeconfig of the twin's own, by client certificate."""
        return self.root / "kubeconfigs" / f"{cluster}.yaml"

    def save(self) -> None:
        """Atomically: a reader sees the old file or the new one."""
        path = self.root / "twin.json"
        draft = path.with_suffix(".json.new")
        draft.write_text(wire.encode_pretty(self))
        draft.replace(path)


def twins_folder() -> Path:
    """`$XDG_STATE_HOME/fairlead/twins`."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "fairlead/twins"


def folder_of(name: str) -> Path:
    """Where the twin of that name is or would be; UsageError for what cannot be a name."""
    # It becomes part of a path, and folders are removed.
    if not NAME.fullmatch(name):
        raise UsageError(f"`{name}` is not a name", hint="at most 20 of `a-z`, `0-9` and `-`")
    return twins_folder() / name


def load(name: str) -> TwinState:
    """The state of a twin; UsageError where there is none of that name."""
    path = folder_of(name) / "twin.json"
    try:
        return wire.decode(path.read_bytes(), TwinState)
    except FileNotFoundError:
        raise UsageError(f"there is no twin `{name}`", hint="`fairlead twin up` starts one") from None


def every() -> list[TwinState]:
    """The states of all twins on this machine, by name."""
    return [load(path.parent.name) for path in sorted(twins_folder().glob("*/twin.json"))]


def find(name: str) -> TwinState | None:
    """The state of a twin, or None where there is none of that name."""
    return load(name) if (folder_of(name) / "twin.json").exists() else None
