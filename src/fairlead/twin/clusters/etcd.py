"""One etcd for all clusters of a twin; each API server keeps to a prefix of its own."""

from fairlead.twin import tools
from fairlead.twin.process import HttpReady, ProcessSpec
from fairlead.twin.state import TwinState


def etcd(state: TwinState) -> ProcessSpec:
    """Listens on loopback without TLS; safe enough for data that is made up."""
    client, peer = (f"http://127.0.0.1:{state.ports[name]}" for name in ("etcd", "etcd-peer"))
    argv = (
        str(tools.path("etcd")),
        f"--data-dir={state.root / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        # A twin outlives the death of any process, not that of the machine: it need not wait for the disk.
        "--unsafe-no-fsync",
        "--log-level=warn",
        # API servers of four versions come and go; what they wrote needs no long memory.
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=5m",
        "--quota-backend-bytes=4294967296",
    )
    return ProcessSpec(name="etcd", argv=argv, ready=HttpReady(f"{client}/health"))
