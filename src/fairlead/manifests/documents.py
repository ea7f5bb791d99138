"""Divides a text into its documents, as kubectl does: at lines that begin with `---`."""

import re
from typing import Any

import msgspec

from fairlead.manifests import fast
from fairlead.manifests.decoded import Decoded

_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
# The first line that is neither blank nor a comment, a directive or an end mark.
_FIRST = re.compile(r"^[ \t]*(?![ \t\r\n#]|%|\.\.\.[ \t\r\n]|\Z)", re.MULTILINE)


class Document(msgspec.Struct, frozen=True):
    """`text` begins at `line` and `column` of its file, `---` left out; `first_*` is where its first key stands."""

    number: int
    text: str
    line: int
    column: int
    first_line: int
    first_column: int

    def in_file(self, line: int, column: int) -> tuple[int, int]:
        """A place in the document, as `exact` names it, in its file."""
        return self.line + line - 1, column + self.column - 1 if line == 1 else column


def split(text: str) -> list[Document]:
    """The documents that hold something, numbered with the empty ones; `text` has line feeds only."""
    found: list[Document] = []
    begin, line, number = 0, 1, 0
    for separator in _SEPARATOR.finditer(text):
        _add(found, text, begin, separator.start(), line, number)
        # What stands before the first `---`, if only comments, is no document.
        number += 1 if begin or found else 0
        line += text.count("\n", begin, separator.start())
        begin = separator.end()
    _add(found, text, begin, len(text), line, number)
    return found


def _add(found: list[Document], text: str, begin: int, end: int, line: int, number: int) -> None:
    first = _FIRST.search(text[begin:end])
    if first is None:
        return
    at = begin + first.end()
    column = begin - text.rfind("\n", 0, begin)
    first_line = line + text.count("\n", begin, at)
    found.append(Document(number, text[begin:end], line, column, first_line, at - text.rfind("\n", 0, at)))


def decode(document: Document) -> Decoded:
    """Its value; `DocumentError` where it has none."""
    value: Any = fast.decode(document.text)
    if value is fast.UNSURE:
        # libyaml's import takes as long as reading 500 manifests, and most need nothing of it.
        from fairlead.manifests import exact

        return exact.decode(document.text)
    return Decoded(value, [])
