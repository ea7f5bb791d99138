"""API server, controller-manager and scheduler of one cluster, in any version the tools have."""

from fairlead.model.version import Version
from fairlead.twin import tools
from fairlead.twin.process import HttpReady, ProcessSpec
from fairlead.twin.state import TwinState

# Open watches keep an API server from ending by itself; its short requests are done by then.
_GRACE = 3.0


def apiserver(state: TwinState, cluster: str, version: Version, slot: str) -> ProcessSpec:
    """On the port of `slot`; clients reach it through the API front."""
    port = state.ports[f"{cluster}/apiserver-{slot}"]
    pki = state.pki
    argv = (
        str(tools.path("kube-apiserver", version)),
        f"--etcd-servers=http://127.0.0.1:{state.ports['etcd']}",
        f"--etcd-prefix=/{cluster}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--allow-privileged",
        # It serves on for as long as requests are on their way that were sent before its successor took its place.
        "--shutdown-delay-duration=1s",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--authentication-token-webhook-config-file={state.root / 'kubeconfigs' / 'token-review.yaml'}",
        "--authentication-token-webhook-version=v1",
        "--authentication-token-webhook-cache-ttl=10s",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        # Two cores serve all clusters: no profiles, no counting of objects for metrics nobody reads.
        "--profiling=false",
        "--etcd-count-metric-poll-period=0",
        "--etcd-db-metric-poll-interval=0",
        "--event-ttl=30m",
        "--v=0",
    )
    ready = HttpReady(f"https://127.0.0.1:{port}/readyz", client_certificate=True)
    name = f"{cluster}/apiserver"
    # Named, so that one that starts under another name beside the old writes on in the same log.
    return ProcessSpec(name, argv, _thrifty(), ready=ready, ready_within=120, grace=_GRACE, log=name)


def controller_manager(state: TwinState, cluster: str, version: Version) -> ProcessSpec:
    """With the request rates raised, or Deployments of hundreds of pods crawl."""
    argv = (
        str(tools.path("kube-controller-manager", version)),
        *_client_flags(state, cluster, "controller-manager"),
        f"--service-account-private-key-file={state.pki / 'sa.key'}",
        f"--root-ca-file={state.pki / 'ca.crt'}",
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        # Nothing in the twin measures pods, so autoscalers can only complain; they need not do it every 15 seconds.
        "--horizontal-pod-autoscaler-sync-period=10m",
    )
    return _client(state, cluster, "controller-manager", argv)


def scheduler(state: TwinState, cluster: str, version: Version) -> ProcessSpec:
    argv = (
        str(tools.path("kube-scheduler", version)),
        *_client_flags(state, cluster, "scheduler"),
        "--kube-api-qps=300",
        "--kube-api-burst=600",
    )
    return _client(state, cluster, "scheduler", argv)


def _client_flags(state: TwinState, cluster: str, part: str) -> tuple[str, ...]:
    return (
        f"--kubeconfig={state.kubeconfig(cluster)}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={state.ports[f'{cluster}/{part}']}",
        f"--tls-cert-file={state.pki / 'server.crt'}",
        f"--tls-private-key-file={state.pki / 'server.key'}",
        "--profiling=false",
        "--v=0",
    )


def _client(state: TwinState, cluster: str, part: str, argv: tuple[str, ...]) -> ProcessSpec:
    ready = HttpReady(f"https://127.0.0.1:{state.ports[f'{cluster}/{part}']}/healthz")
    return ProcessSpec(name=f"{cluster}/{part}", argv=argv, ready=ready, env=_thrifty())


def _thrifty() -> dict[str, str]:
    """Go's collector runs earlier: a third less memory for some per cent of a core."""
    return {"GOGC": "75", "GOMAXPROCS": "2"}
