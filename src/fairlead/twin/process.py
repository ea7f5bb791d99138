"""What the supervisor is told about one process."""

import msgspec


class HttpReady(msgspec.Struct, frozen=True, tag_field="kind", tag="http"):
    """Ready when a GET answers 200. The twin's CA is trusted; `client_certificate`: show the admin's."""

    url: str
    client_certificate: bool = False


class TcpReady(msgspec.Struct, frozen=True, tag_field="kind", tag="tcp"):
    """Ready when the port on 127.0.0.1 accepts."""

    port: int


class SocketReady(msgspec.Struct, frozen=True, tag_field="kind", tag="socket"):
    """Ready when the unix socket accepts."""

    path: str


class ProcessSpec(msgspec.Struct, frozen=True):
    """
    One process: its name is unique in the twin (`etcd`, `tokyo/apiserver`, `tokyo/gateway`, `gke`, `balancer`,
    `load`). Output goes to `logs/<log or name>.log`. With `restart` the supervisor starts it again when it dies.
    `grace`: seconds between SIGTERM and SIGKILL when it is stopped.
    """

    name: str
    argv: tuple[str, ...]
    env: dict[str, str] = {}
    restart: bool = True
    ready: HttpReady | TcpReady | SocketReady | None = None
    ready_within: float = 60.0
    grace: float = 8.0
    log: str = ""


class ProcessStatus(msgspec.Struct, frozen=True):
    """`state`: `starting`, `ready`, `stopped` (on purpose), `paused` or `dead` (about to be started again)."""

    name: str
    pid: int | None
    state: str
    restarts: int
    since: str
