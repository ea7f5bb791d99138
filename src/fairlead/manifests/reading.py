"""Reads texts and files: each document for itself, each problem with its place, and the rest goes on."""

import stat
from pathlib import Path
from typing import Any

import msgspec

from fairlead.manifests import documents, jsons, text
from fairlead.manifests.decoded import DocumentError, Repeated
from fairlead.manifests.documents import Document
from fairlead.manifests.found import Options, Problem, Read
from fairlead.manifests.gathering import Source, gather
from fairlead.snapshot.objects import Place

_LOOKS_LIKE_HELM = "looks like a Helm template that was not rendered"
# More documents than any honest file has would take minutes; more problems than these nobody reads.
_MOST_DOCUMENTS = 100_000
_MOST_PROBLEMS = 100
_LOOKS_LIKE_OTHER = "looks like a template that was not rendered"


class Reader:
    """Collects what it is given into `read`. Texts are read up to `options.largest_total` bytes together."""

    def __init__(self, options: Options) -> None:
        self.read = Read()
        self._options = options
        self._left = options.largest_total

    def take_file(self, path: Path, *, named: bool) -> None:
        """Read one file; `named` where a person asked for just this one."""
        data = self._bytes_of(path, named=named)
        if data is not None:
            self.take_bytes(data, str(path), named=named)

    def take_bytes(self, data: bytes, file: str, *, named: bool) -> None:
        """Read the content of a file, or of standard input under its own name."""
        self.read.files.append(file)
        try:
            decoded = text.decode(data)
        except text.NotTextError as error:
            self._report("DEL004", Place(file, error.line, error.column), error.what, error.hint)
            return
        self.take_text(Source(file, decoded, named))

    def take_text(self, source: Source) -> None:
        """Read all documents of a text, and tell of the first problems of many."""
        told = len(self.read.problems)
        self._take_documents(source)
        too_many = len(self.read.problems) - told - _MOST_PROBLEMS
        if too_many > 0:
            del self.read.problems[told + _MOST_PROBLEMS :]
            last = self.read.problems[-1]
            self._report(last.id, Place(source.file), f"and {too_many:,} problems more in this file")

    def _take_documents(self, source: Source) -> None:
        if source.file.endswith(".json") and (problem := jsons.problem_with(source.text)):
            if _is_no_manifest(source):
                return
            line, column, what = problem
            self._report("DEL001", Place(source.file, line, column), what)
            return
        if jsons.looks_like(source.text):
            values = jsons.decode(source.text)
            if values is not None:
                self._take_json(source, values)
                return
        self._take_yaml(source)

    def _take_json(self, source: Source, values: list[jsons.Value]) -> None:
        for number, value in enumerate(values):
            self._take_repeated(source, value.document, value.repeated)
            gather(self.read, source, msgspec.structs.replace(value.document, number=number), value.value)

    def _take_yaml(self, source: Source) -> None:
        if source.text.count("\n---") > _MOST_DOCUMENTS:
            what = f"has more than {_MOST_DOCUMENTS:,} documents"
            self._report("DEL005", Place(source.file), what, "divide it, or leave it out")
            return
        is_template = False
        for document in documents.split(source.text):
            try:
                decoded = documents.decode(document)
            except DocumentError as error:
                if _is_no_manifest(source):
                    return
                is_template = self._take_broken(source, document, error, is_template)
                continue
            self._take_repeated(source, document, decoded.repeated)
            gather(self.read, source, document, decoded.value)

    def _take_broken(self, source: Source, document: Document, error: DocumentError, known: bool) -> bool:
        """Answers whether the file is known as a template, which is said once."""
        place = _template_in(source, document)
        if place is None:
            line, column = document.in_file(error.line, error.column)
            self._report(error.id, _place(source, document, line, column), error.what, _HINTS.get(error.id, ""))
            return known
        if not known:
            is_helm = "{{" in document.text
            hint = _chart_hint(source.file) if is_helm else "render it first"
            self._report("DEL003", place, _LOOKS_LIKE_HELM if is_helm else _LOOKS_LIKE_OTHER, hint)
        return True

    def _take_repeated(self, source: Source, document: Document, repeated: list[Repeated]) -> None:
        for each in repeated:
            line, column = document.in_file(each.line, each.column)
            first, _ = document.in_file(each.first_line, 1)
            what = f"the key `{each.key}` stands here a second time"
            where = f": first in line {first}" if source.lines else ""
            hint = "Kubernetes refuses it, or takes the last: keep one"
            self._report("DEL002", _place(source, document, line, column), what + where, hint)

    def _bytes_of(self, path: Path, *, named: bool) -> bytes | None:
        place = Place(str(path))
        try:
            status = path.stat()
            if stat.S_ISFIFO(status.st_mode) and named:
                return self._bytes_of_pipe(path, place)
            if not stat.S_ISREG(status.st_mode):
                self._report("DEL010", place, "is neither a file nor a folder")
                return None
            if self._is_too_large(status.st_size, place):
                return None
            # Not more than was measured: a file may grow while it is read.
            with path.open("rb", buffering=0) as file:
                return file.read(status.st_size + 1)
        except (OSError, ValueError) as error:
            self._report("DEL010", place, f"cannot be opened: {_reason(error)}")
            return None

    def _bytes_of_pipe(self, path: Path, place: Place) -> bytes | None:
        """What a shell's `<(helm template …)` stands for."""
        with path.open("rb") as pipe:
            data = pipe.read(self._options.largest_file + 1)
        return None if self._is_too_large(len(data), place) else data

    def _is_too_large(self, size: int, place: Place) -> bool:
        if size > self._options.largest_file:
            what = f"has {_megabytes(size)}; files up to {_megabytes(self._options.largest_file)} are read"
            self._report("DEL005", place, what, "divide it, or leave it out")
            return True
        if size > self._left:
            what = f"is not read: together the files have more than {_megabytes(self._options.largest_total)}"
            self._report("DEL005", place, what, "check fewer at once")
            return True
        self._left -= size
        return False

    def _report(self, id: str, place: Place, what: str, hint: str = "") -> None:  # noqa: A002 — the problem's id
        self.read.problems.append(Problem(id, place, what, hint))


_HINTS = {
    "DEL006": "YAML is indented with spaces",
    "DEL008": "write the values out, or use fewer aliases",
}


def _place(source: Source, document: Document, line: int, column: int) -> Place:
    if not source.lines:
        return Place(source.file, document=document.number)
    return Place(source.file, line, column, document.number)


def _is_no_manifest(source: Source) -> bool:
    """A broken file of a folder that never says what it is: some program's data, which nobody asked about."""
    return not source.named and source.lines and "apiVersion" not in source.text and "kind" not in source.text


def _template_in(source: Source, document: Document) -> Place | None:
    """Where a template's first mark stands; only asked of documents that cannot be read."""
    marks = [at for mark in ("{{", "{%", "<%") if (at := document.text.find(mark)) >= 0]
    if not marks:
        return None
    at = min(marks)
    line, column = document.text.count("\n", 0, at) + 1, at - document.text.rfind("\n", 0, at)
    return _place(source, document, *document.in_file(line, column))


def _chart_hint(file: str) -> str:
    for folder in Path(file).parents:
        if (folder / "Chart.yaml").is_file():
            return f"give the chart's folder instead: `{folder}`"
    return "give the chart's folder, or what `helm template` writes"


def _reason(error: Any) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.0f} MB" if size >= 1024 * 1024 else f"{size:,} bytes"
