"""What a program can see of a known issue: events, log lines, conditions, objects, metrics."""

from functools import cache
from typing import Literal

import msgspec


class TextPattern:
    """
    Pieces of text that follow each other in one line, with anything between: `Failed to pull image "quay.io/*x509`.

    `*` is any text without a line break, all else stands for itself. A match takes time linear in the text: each piece
    is looked for once, from where the one before ended.
    """

    __slots__ = ("_first", "_rest", "_text")

    def __init__(self, text: str) -> None:
        pieces = [piece for piece in text.split("*") if piece]
        if not pieces or "\n" in text:
            raise ValueError(f"`{text}` says nothing to look for in a line")
        self._text = text
        self._first, *self._rest = pieces

    def found_in(self, text: str) -> str:
        """The first line that matches, without the blanks around it; empty where none does."""
        start = text.find(self._first)
        while start >= 0:
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            if self._rest_in(text, start + len(self._first), end):
                return text[text.rfind("\n", 0, start) + 1 : end].strip()
            start = text.find(self._first, end)
        return ""

    def _rest_in(self, text: str, position: int, end: int) -> bool:
        for piece in self._rest:
            at = text.find(piece, position, end)
            if at < 0:
                return False
            position = at + len(piece)
        return True

    def regex(self) -> str:
        """The same for a query elsewhere, in RE2's syntax (Cloud Logging, Loki)."""
        return ".*".join(_escaped(piece) for piece in (self._first, *self._rest))

    def __str__(self) -> str:
        return self._text


@cache
def pattern_of(text: str) -> TextPattern:
    return TextPattern(text)


def _escaped(piece: str) -> str:
    return "".join(f"\\{char}" if char in r"\.+?()[]{}|^$" else char for char in piece)


class _Symptom(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="see", omit_defaults=True, forbid_unknown_fields=True
):
    pass


class EventSymptom(_Symptom, frozen=True, kw_only=True, tag="event"):
    """An event of this reason, with a message that matches; an empty reason is any."""

    reason: str = ""
    message: str


class LogSymptom(_Symptom, frozen=True, kw_only=True, tag="log"):
    """A line in the log of a component (`kubelet`, `kernel`, `client` …)."""

    of: str
    line: str


class ConditionSymptom(_Symptom, frozen=True, kw_only=True, tag="condition"):
    """A condition in the status of an object."""

    kind: str
    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str = ""


class ObjectSymptom(_Symptom, frozen=True, kw_only=True, tag="object"):
    """A configuration or state of objects, in words: a rule of its own has to look."""

    kinds: tuple[str, ...]
    where: str


class ProviderSymptom(_Symptom, frozen=True, kw_only=True, tag="provider"):
    """A configuration outside Kubernetes: the cluster's, the node image's, a firewall's."""

    where: str


class MetricSymptom(_Symptom, frozen=True, kw_only=True, tag="metric"):
    """What metrics show, as a PromQL condition or in words around metric names."""

    where: str


Symptom = EventSymptom | LogSymptom | ConditionSymptom | ObjectSymptom | ProviderSymptom | MetricSymptom
