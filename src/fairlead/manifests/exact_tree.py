"""Where all fields of a document stand, as libyaml tells: slow to load, and right for whatever YAML there is."""

from typing import Any

import yaml

from fairlead.manifests import exact
from fairlead.manifests.plain_tree import Node


def exact_tree(text: str, deepest: int = exact.DEEPEST) -> Node | None:
    """The fields down to some depth; None where the document is broken."""
    try:
        return _Tree(text, deepest).build()
    except yaml.YAMLError:
        return None


class _Tree:
    def __init__(self, text: str, deepest: int) -> None:
        self._deepest = deepest
        self._next = exact.events(text)
        self._open: list[Node] = []
        # Of each open node the key that waits for its value; False for a sequence.
        self._keys: list[tuple[str, Any] | bool | None] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None

    def build(self) -> Node | None:
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

    def _place(self, event: Any, alias: Node | None = None) -> Node:
        mark = event.start_mark
        waiting = self._keys[-1] if self._keys else None
        if isinstance(waiting, tuple):
            mark = waiting[1]
        node = Node(mark.line + 1, mark.column + 1)
        if alias is not None:
            node.fields, node.items = alias.fields, alias.items
        elif getattr(event, "anchor", None):
            self._anchors[event.anchor] = node
        self._attach(node, waiting, mark)
        return node

    def _attach(self, node: Node, waiting: Any, mark: Any) -> None:
        if not self._open:
            self._root = self._root or node
        elif isinstance(waiting, tuple):
            self._attach_field(waiting[0], node)
        elif waiting is False:
            self._attach_item(node)
        else:  # a complex key, which nobody can ask for
            self._keys[-1] = ("", mark)

    def _attach_item(self, node: Node) -> None:
        if len(self._open) <= self._deepest:
            self._open[-1].items.append(node)

    def _attach_field(self, name: str, node: Node) -> None:
        self._keys[-1] = None
        if len(self._open) > self._deepest:
            return
        parent = self._open[-1]
        if name == "<<":
            for key, merged in node.fields.items():
                parent.fields.setdefault(key, merged)
        else:
            parent.fields[name] = node
