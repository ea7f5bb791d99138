"""Reads what a person names: files, folders, charts, Kustomize folders, standard input."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fairlead.manifests import documents, helm, kustomize, text
from fairlead.manifests.found import STDIN, Options, Problem, Read
from fairlead.manifests.gathering import Source
from fairlead.manifests.reading import Reader
from fairlead.manifests.rendering import RenderError
from fairlead.manifests.walking import Chart, File, Kustomization, Unreadable, walk
from fairlead.snapshot.objects import Place


def read(paths: Iterable[str | Path], *, stdin: BinaryIO | None = None, options: Options | None = None) -> Read:
    """
    Read all that is named; `-` is `stdin`. Nothing raises: what cannot be read becomes a problem, and the rest goes on.

    A path that is named twice is read once.
    """
    inputs = _Inputs(options or Options())
    with _garbage_kept():
        for path in dict.fromkeys(str(each) for each in paths):
            if path == "-":
                inputs.take_stdin(stdin)
            else:
                inputs.take(Path(path))
    return inputs.read


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Nothing that is read is garbage: looking for some again and again takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Inputs:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._reader = Reader(options)
        self.read = self._reader.read

    def take_stdin(self, stdin: BinaryIO | None) -> None:
        limit = self._options.largest_file
        data = stdin.read(limit + 1) if stdin else b""
        if len(data) > limit:
            what = f"has more than {limit / 1024 / 1024:,.0f} MB"
            self._report("DEL005", Path(STDIN), what, "divide it, or give files")
            return
        self._reader.take_bytes(data, STDIN, named=True)
        try:
            self.read.stdin = text.decode(data)
        except text.NotTextError:
            return

    def take(self, path: Path) -> None:
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError):  # for instance a NUL in the path
            is_folder = False
        if is_folder:
            self._take_folder(path)
        elif path.name in kustomize.FILES:
            self._take_folder(path.parent)
        else:
            self._reader.take_file(path, named=True)

    def _take_folder(self, folder: Path) -> None:
        found = list(walk(folder))
        covered = self._take_kustomizations([each.folder for each in found if isinstance(each, Kustomization)])
        for each in found:
            match each:
                case File(path=path) if not _is_covered(path, covered):
                    self._reader.take_file(path, named=False)
                case Chart(folder=chart):
                    self._take_chart(chart)
                case Unreadable(path=path, why=why):
                    self._report("DEL010", path, f"cannot be opened: {why}")

    def _take_chart(self, chart: Path) -> None:
        try:
            rendered = helm.render(chart, self._options)
        except RenderError as error:
            self._report(
                "DEL015",
                chart,
                f"is a Helm chart and was not rendered: {error}",
                "install helm, or check what `helm template` writes",
            )
            return
        self._take_rendered(chart, rendered, is_chart=True)

    def _take_kustomizations(self, folders: list[Path]) -> set[Path]:
        """Build those that no other takes in; answers the files that are not to be read by themselves any more."""
        known = [kustomize.Folder(folder) for folder in folders]
        taken_in = {resource for each in known for resource in each.resources}
        covered = {patch for each in known for patch in each.patches}
        for each in known:
            if each.is_component or each.folder.resolve() in taken_in:
                continue
            if self._take_kustomization(each):
                covered |= _sources_of(each, set())
        return covered

    def _take_kustomization(self, folder: kustomize.Folder) -> bool:
        try:
            built = kustomize.build(folder, self._options)
        except RenderError as error:
            what = f"is a Kustomize folder and was not built: {error}"
            hint = "its plain files are checked as they are; build it and check the result instead"
            self._report("DEL016", folder.folder, what, hint)
            return False
        self._take_rendered(folder.folder, built, is_chart=False)
        return True

    def _take_rendered(self, folder: Path, rendered: bytes, *, is_chart: bool) -> None:
        try:
            decoded = text.decode(rendered)
        except text.NotTextError as error:
            self._report("DEL004", folder, f"when rendered {error.what}")
            return
        self.read.files.append(str(folder))
        for document in documents.split(decoded) if is_chart else ():
            file = helm.template_of(folder, document.text)
            self._reader.take_text(Source(file, document.text, named=False, lines=False))
        if not is_chart:
            self._reader.take_text(Source(str(folder), decoded, named=False, lines=False))

    def _report(self, id: str, path: Path, what: str, hint: str = "") -> None:  # noqa: A002 — the problem's id
        self.read.problems.append(Problem(id, Place(str(path)), what, hint))


def _sources_of(folder: kustomize.Folder, seen: set[Path]) -> set[Path]:
    """The files that went into a build: its own folder's, and those of what it takes in."""
    seen.add(folder.folder.resolve())
    sources = {each.resolve() for each in folder.folder.iterdir() if each.is_file()} | set(folder.patches)
    for resource in folder.resources:
        if resource in seen:
            continue
        if kustomize.is_folder(resource):
            sources |= _sources_of(kustomize.Folder(resource), seen)
        else:
            sources.add(resource)
    return sources


def _is_covered(path: Path, covered: set[Path]) -> bool:
    return bool(covered) and path.resolve() in covered
