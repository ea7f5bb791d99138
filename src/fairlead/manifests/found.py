"""What reading manifests takes and gives: options in; objects, and problems with their places, out."""

from pathlib import Path

import msgspec

from fairlead.snapshot.objects import KubeObject, Place

STDIN = "<stdin>"

PROBLEMS = {
    "DEL001": "YAML or JSON cannot be read",
    "DEL002": "A key stands twice in one mapping",
    "DEL003": "A template was not rendered",
    "DEL004": "Not text in UTF-8",
    "DEL005": "Too large to read",
    "DEL006": "Tabs where YAML wants spaces",
    "DEL007": "A value of the wrong type",
    "DEL008": "Aliases that expand without bound",
    "DEL009": "Nested too deep",
    "DEL010": "A file or folder cannot be opened",
    "DEL014": "Not a Kubernetes object",
    "DEL015": "A Helm chart was not rendered",
    "DEL016": "A Kustomize folder was not built",
    "DEL017": "A Helm release cannot be decoded",
    "DEL018": "A kind of a cluster was not read",
}


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
    largest_total: int = 512 * 1024 * 1024
    render_seconds: float = 60.0


class Read(msgspec.Struct):
    """
    What was found. `files` are those that were read, in their order. A rendered object's place names its template,
    or its folder, and no line.
    """

    objects: list[KubeObject] = []
    problems: list[Problem] = []
    files: list[str] = []
    stdin: str = ""

    def place_of(self, each: KubeObject, path: tuple[str | int, ...]) -> Place:
        """Where a field of an object stands, or its nearest parent that is there."""
        if not each.place.line:
            return each.place
        place = locate(self.text_of(each.place.file), each.place.document, (*each.place.path, *path), each.place.file)
        return place if place.line else each.place

    def text_of(self, file: str) -> str:
        """A file's text, for `locate`; empty where it can no longer be read."""
        if file == STDIN:
            return self.stdin
        try:
            return Path(file).read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return ""


def locate(text: str, document: int, path: tuple[str | int, ...], file: str = "") -> Place:
    """
    Where a field's key stands, or a list's item; where there is none, its nearest parent that is there.

    `document` is that of the object's place; an object of a `List` begins at the place's `path`, which goes before
    its own fields'. A parse of the document is kept for the next question.
    """
    from fairlead.manifests import places

    return places.locate(text, document, path, file)
