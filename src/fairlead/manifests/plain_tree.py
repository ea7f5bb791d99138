"""
Where the fields of a document stand, for documents as most people write them: one key or item a line.

It saves loading a parser of YAML, which takes as long as reading 300 manifests.
"""

import re

import msgspec

from fairlead.manifests import fast


class Node(msgspec.Struct):
    """A value: where its key or its list item stands, and what it holds."""

    line: int
    column: int
    fields: dict[str, "Node"] = {}
    items: list["Node"] = []


# The indentation, the dashes of items, a key and its value, both of them plain or in quotes without escapes.
_LINE = re.compile(
    r"""( *)((?:- )*)(?:([A-Za-z][\w./-]*):(?: +|$))?((?:"[^"\\]*"|'[^']*'|[\w/.<$(+-][^\s#:"'{}\[\],]*"""
    r"""(?:[ :](?=[^\s#:-])[^\s#:"'{}\[\],]+)*)?) *(?:(?<= )#.*)?""",
    re.ASCII,
)
_PASSED_OVER = re.compile(r" *(?:#.*)?")
_NO_STRINGS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class _UnusualError(Exception):
    """Something that is for a real parser."""


def plain_tree(text: str) -> Node | None:
    """The document's fields; None where it is written in another way, or may be broken."""
    if not fast.is_ordinary(text):
        return None
    builder = _Builder()
    try:
        for number, line in enumerate(text.split("\n"), 1):
            if not _PASSED_OVER.fullmatch(line):
                builder.take(line, number)
    except _UnusualError:
        return None
    return builder.root


class _Open(msgspec.Struct):
    """A mapping or a sequence that is not over yet."""

    column: int
    node: Node
    is_list: bool


class _Builder:
    def __init__(self) -> None:
        self.root = Node(1, 1)
        self._open: list[_Open] = []
        # What the next line may be the value of.
        self._waiting: Node | None = self.root

    def take(self, line: str, number: int) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            raise _UnusualError
        indentation, dashes, key, value = match.groups()
        column = len(indentation)
        begin = column + len(dashes)
        if key is None and not (dashes and value):
            raise _UnusualError
        for at in range(column, begin, 2):
            self._item(at, Node(number, at + 3))
        if key is None:
            self._waiting = None
            return
        if key.lower() in _NO_STRINGS:
            raise _UnusualError
        node = Node(number, begin + 1)
        self._close(begin, is_list=False).fields[key] = node
        self._waiting = None if value else node

    def _item(self, column: int, node: Node) -> None:
        self._close(column, is_list=True).items.append(node)
        self._waiting = node

    def _close(self, column: int, *, is_list: bool) -> Node:
        """The collection that a key or an item in this column belongs to."""
        while self._open and self._open[-1].column > column:
            self._leave()
        if not is_list and self._open and self._open[-1].column == column and self._open[-1].is_list:
            self._leave()
        last = self._open[-1] if self._open else None
        if last is not None and last.column == column and last.is_list == is_list:
            return last.node
        # A list may stand in the column of its key; all else stands deeper than what it belongs to.
        if self._waiting is None or (last is not None and last.column == column and not is_list):
            raise _UnusualError
        self._open.append(_Open(column, self._waiting, is_list))
        return self._waiting

    def _leave(self) -> None:
        self._open.pop()
        self._waiting = None
