"""What reading manifests takes and gives: options in; objects, and problems with their places, out."""

import msgspec

from fairlead.snapshot.objects import KubeObject, Place


class Kind(msgspec.Struct, frozen=True):
    """A kind of problem: its id, and a title for lists."""

    id: str
    title: str


class Problem(msgspec.Struct, frozen=True):
    """Something that could not be read, or that Kubernetes would not read. The rest was read all the same."""

    id: str
    place: Place
    what: str
    hint: str = ""


class Options(msgspec.Struct, frozen=True):
    """
    How to read. `values`, `release`, `namespace` and `kubernetes_version` are for charts; sizes are in bytes, time in
    seconds.
    """

    values: tuple[str, ...] = ()
    release: str = "release"
    namespace: str = "default"
    kubernetes_version: str = ""
    largest_file: int = 32 * 1024 * 1024
    render_seconds: float = 60.0


class Read(msgspec.Struct):
    """`files` are those that were read, in the order of reading; rendered objects name their chart's folder."""

    objects: list[KubeObject] = []
    problems: list[Problem] = []
    files: list[str] = []
