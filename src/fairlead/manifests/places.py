"""Finds the line and column of a field: only for what is reported, as it costs a parse of the document."""

from functools import lru_cache

from fairlead.manifests.documents import Document, split
from fairlead.manifests.plain_tree import Node, plain_tree
from fairlead.snapshot.objects import Place

# The places of a larger document, ten times its size, are not kept for the next question.
_LARGE = 1024 * 1024
# Deeper than any document that is read.
_DEEPEST = 200


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


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(step, str):
        return node.fields.get(step)
    return node.items[step] if -1 < step < len(node.items) else None


@lru_cache(maxsize=4)
def _documents(text: str) -> dict[int, Document]:
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return {each.number: each for each in split(plain)}


def _tree(text: str, deepest: int = _DEEPEST) -> Node | None:
    """The document's fields with their places, down to some depth; None where it is broken."""
    return _built(text, deepest) if len(text) > _LARGE else _kept(text, deepest)


@lru_cache(maxsize=16)
def _kept(text: str, deepest: int) -> Node | None:
    return _built(text, deepest)


def _built(text: str, deepest: int) -> Node | None:
    found = plain_tree(text)
    if found is not None:
        return found
    from fairlead.manifests.exact_tree import exact_tree

    return exact_tree(text, deepest)
