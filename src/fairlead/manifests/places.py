"""Finds the line and column of a field: only for what is reported, as it costs a parse of the document."""

from functools import lru_cache
from typing import Any

import msgspec
import yaml

from fairlead.manifests import exact
from fairlead.manifests.documents import Document, split
from fairlead.snapshot.objects import Place

# The places of a larger document, ten times its size, are not kept for the next question.
_LARGE = 1024 * 1024


class _Node(msgspec.Struct):
    """A value: where its key or its list item stands, and what it holds."""

    line: int
    column: int
    fields: dict[str, "_Node"] = {}
    items: list["_Node"] = []


def locate(text: str, document: int, path: tuple[str | int, ...], file: str = "") -> Place:
    """See `found.locate`."""
    found = _documents(text).get(document)
    if found is None:
        return Place(file=file, document=document)
    node = _tree(found.text)
    line, column = found.first_line, found.first_column
    for step in path:
        node = None if node is None else _child(node, step)
        if node is None:
            break
        line, column = found.in_file(node.line, node.column)
    return Place(file, line, column, document)


def items(document: Document) -> list[tuple[int, int]]:
    """Line and column in the file of each item of a `List`."""
    root = _tree(document.text, deepest=2)
    listed = root and root.fields.get("items")
    return [document.in_file(each.line, each.column) for each in listed.items] if listed else []


def _child(node: _Node, step: str | int) -> _Node | None:
    if isinstance(step, str):
        return node.fields.get(step)
    return node.items[step] if -1 < step < len(node.items) else None


@lru_cache(maxsize=4)
def _documents(text: str) -> dict[int, Document]:
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return {each.number: each for each in split(plain)}


def _tree(text: str, deepest: int = exact.DEEPEST) -> _Node | None:
    """The document's fields with their places, down to some depth; None where it is broken."""
    return _built(text, deepest) if len(text) > _LARGE else _kept(text, deepest)


@lru_cache(maxsize=16)
def _kept(text: str, deepest: int) -> _Node | None:
    return _built(text, deepest)


def _built(text: str, deepest: int) -> _Node | None:
    try:
        return _Tree(text, deepest).build()
    except yaml.YAMLError:
        return None


class _Tree:
    def __init__(self, text: str, deepest: int) -> None:
        self._deepest = deepest
        self._next = exact.events(text)
        self._open: list[_Node] = []
        # Of each open node the key that waits for its value; False for a sequence.
        self._keys: list[tuple[str, Any] | bool | None] = []
        self._anchors: dict[str, _Node] = {}
        self._root: _Node | None = None

    def build(self) -> _Node | None:
        event = self._next()
        while event is not None and not isinstance(event, yaml.DocumentEndEvent):
            self._take(event)
            event = self._next()
        return self._root

    def _take(self, event: Any) -> None:
        match event:
            case yaml.CollectionStartEvent():
                self._begin(event)
            case yaml.CollectionEndEvent():
                self._open.pop()
                self._keys.pop()
            case yaml.AliasEvent():
                self._place(event, self._anchors.get(event.anchor or ""))
            case yaml.ScalarEvent():
                self._take_scalar(event)

    def _begin(self, event: Any) -> None:
        node = self._place(event)
        self._open.append(node)
        self._keys.append(None if isinstance(event, yaml.MappingStartEvent) else False)

    def _take_scalar(self, event: Any) -> None:
        if self._keys and self._keys[-1] is None:
            self._keys[-1] = (exact.key_of(event), event.start_mark)
        else:
            self._place(event)

    def _place(self, event: Any, alias: _Node | None = None) -> _Node:
        mark = event.start_mark
        waiting = self._keys[-1] if self._keys else None
        if isinstance(waiting, tuple):
            mark = waiting[1]
        node = _Node(mark.line + 1, mark.column + 1)
        if alias is not None:
            node.fields, node.items = alias.fields, alias.items
        elif getattr(event, "anchor", None):
            self._anchors[event.anchor] = node
        self._attach(node, waiting, mark)
        return node

    def _attach(self, node: _Node, waiting: Any, mark: Any) -> None:
        if not self._open:
            self._root = self._root or node
        elif isinstance(waiting, tuple):
            self._attach_field(waiting[0], node)
        elif waiting is False:
            self._attach_item(node)
        else:  # a complex key, which nobody can ask for
            self._keys[-1] = ("", mark)

    def _attach_item(self, node: _Node) -> None:
        if len(self._open) <= self._deepest:
            self._open[-1].items.append(node)

    def _attach_field(self, name: str, node: _Node) -> None:
        self._keys[-1] = None
        if len(self._open) > self._deepest:
            return
        parent = self._open[-1]
        if name == "<<":
            for key, merged in node.fields.items():
                parent.fields.setdefault(key, merged)
        else:
            parent.fields[name] = node
