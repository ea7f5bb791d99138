"""What a document's decoding comes to: a value with the keys it has twice, or why there is none."""

from typing import Any

import msgspec


class DocumentError(Exception):
    """Why a document cannot be read; `line` and `column` count from 1 and from the document's first line."""

    def __init__(self, id: str, what: str, line: int, column: int) -> None:  # noqa: A002 — the problem's id
        super().__init__(what)
        self.id = id
        self.what = what
        self.line = line
        self.column = column


class Repeated(msgspec.Struct, frozen=True):
    """A key that its mapping already has."""

    key: str
    line: int
    column: int
    first_line: int


class Decoded(msgspec.Struct):
    """A document's value and the keys it has twice; of these the last counts."""

    value: Any
    repeated: list[Repeated]
