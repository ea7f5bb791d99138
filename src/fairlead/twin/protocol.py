"""What is said on the supervisor's control socket: one request and one answer, each a line of JSON."""

import msgspec

from fairlead.model.version import Version
from fairlead.twin.process import ProcessSpec, ProcessStatus

LONGEST_LINE = 4 * 1024 * 1024


class Processes(msgspec.Struct, frozen=True, tag_field="kind", tag="processes"):
    """How are they?"""


class Start(msgspec.Struct, frozen=True, tag_field="kind", tag="start"):
    """Start this, and answer when it is ready."""

    spec: ProcessSpec


class Stop(msgspec.Struct, frozen=True, tag_field="kind", tag="stop"):
    """SIGTERM, then SIGKILL; it stays away until it is started again."""

    name: str


class Resume(msgspec.Struct, frozen=True, tag_field="kind", tag="resume"):
    """Start what was stopped or paused, as it was, and answer when it is ready."""

    name: str


class Kill(msgspec.Struct, frozen=True, tag_field="kind", tag="kill"):
    """SIGKILL; what is to be restarted is restarted."""

    name: str


class Pause(msgspec.Struct, frozen=True, tag_field="kind", tag="pause"):
    """Away for so many seconds: killed and kept down, or with `freeze` stopped in its tracks (SIGSTOP)."""

    name: str
    seconds: float
    freeze: bool = False


class SetControlPlane(msgspec.Struct, frozen=True, tag_field="kind", tag="set-control-plane"):
    """Bring a cluster's control plane to this version, and answer when it serves it."""

    cluster: str
    version: Version


class Shutdown(msgspec.Struct, frozen=True, tag_field="kind", tag="shutdown"):
    """Stop everything, and the supervisor last; the answer comes before it goes."""


class Ask(msgspec.Struct, frozen=True):
    """A line from the client."""

    request: Processes | Start | Stop | Resume | Kill | Pause | SetControlPlane | Shutdown


class Done(msgspec.Struct, frozen=True, tag_field="kind", tag="done"):
    """It was done; the processes as they are now."""

    processes: tuple[ProcessStatus, ...] = ()


class Failed(msgspec.Struct, frozen=True, tag_field="kind", tag="failed"):
    """It was not done. `usage`: what was asked for cannot be meant (no such process or cluster)."""

    message: str
    hint: str = ""
    usage: bool = False


class Reply(msgspec.Struct, frozen=True):
    """A line from the supervisor."""

    answer: Done | Failed


Request = Processes | Start | Stop | Resume | Kill | Pause | SetControlPlane | Shutdown
Answer = Done | Failed
