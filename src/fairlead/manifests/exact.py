"""Reads YAML documents as Kubernetes does: libyaml's events, go-yaml's meaning, bounded depth and expansion."""

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
import yaml

from fairlead.manifests import scalars
from fairlead.manifests.decoded import Decoded, DocumentError, Repeated

# Kubernetes' deepest objects, schemas of custom resources, stay under 50.
DEEPEST = 200
# What aliases may add, in nodes: an honest file repeats some environment variables.
_MOST_EXPANDED = 100_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What libyaml refuses in any place.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# A mapping of nothing but one key would be told a million times.
_MOST_REPEATED = 100
_MERGE_TAG = "tag:yaml.org,2002:merge"


def decode(text: str) -> Decoded:
    """The value of one document. DocumentError where it has none."""
    try:
        return _Builder(text).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _syntax_error(text, error.problem or "cannot be read", mark) from None
    except yaml.YAMLError as error:
        raise _unprintable(text) or DocumentError("DEL001", str(error).splitlines()[0], 1, 1) from None


def events(text: str) -> Callable[[], Any]:
    """Each call answers libyaml's next event, None at the end; it raises `yaml.YAMLError`."""
    return _Loader(text).get_event  # type: ignore[no-any-return]


def key_of(event: Any) -> str:
    """What a scalar event is as a key; empty where it cannot be one."""
    try:
        return scalars.key(scalar(event)) or ""
    except DocumentError:
        return ""


def scalar(event: Any) -> scalars.Scalar:
    """What a scalar event means; DocumentError where it is not what its tag says, or no number of JSON's."""
    text = event.value
    if event.tag:
        try:
            value = text if event.tag == "!" else scalars.tagged(event.tag, text, event.implicit[0])
        except scalars.WrongTagError as error:
            raise _at(event, "DEL001", str(error)) from error
    else:
        value = scalars.plain(text) if event.implicit[0] else text
    if isinstance(value, float) and not math.isfinite(value):
        raise _at(event, "DEL001", f"`{text}` cannot be said in JSON")
    return value


def _syntax_error(text: str, what: str, mark: Any) -> DocumentError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if "tab character" in what or _has_tab(text, line, column):
        return DocumentError("DEL006", "a tab stands where YAML wants spaces", line, column)
    return DocumentError("DEL001", what, line, column)


def _has_tab(text: str, line: int, column: int) -> bool:
    lines = text.split("\n", line)
    return line <= len(lines) and lines[line - 1][column - 1 : column] == "\t"


def _unprintable(text: str) -> DocumentError | None:
    found = _UNPRINTABLE.search(text)
    if found is None:
        return None
    line, column = text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
    return DocumentError("DEL001", f"the character U+{ord(found[0]):04X} may not stand in YAML", line, column)


class _Anchored(msgspec.Struct, frozen=True):
    """What an alias stands for: how many nodes, and how many levels of them."""

    value: Any
    size: int
    height: int


class _Frame:
    """A mapping or a sequence under construction."""

    __slots__ = ("anchor", "before", "height", "key", "key_is_merge", "key_lines", "start", "value")

    def __init__(self, value: Any, start: Any, before: int) -> None:
        self.value = value
        self.start = start
        self.anchor: str | None = start.anchor
        self.before = before
        self.key: str | None = None
        self.key_is_merge = False
        self.key_lines: dict[str, int] = {}
        self.height = 1


class _Builder:
    def __init__(self, text: str) -> None:
        self._next = events(text)
        self._anchors: dict[str, _Anchored] = {}
        self._open: set[str] = set()
        self._frames: list[_Frame] = []
        self._nodes = 0
        self._from_aliases = 0
        self._repeated: list[Repeated] = []
        self._value: Any = None

    def build(self) -> Decoded:
        event = self._next()
        while event is not None and not isinstance(event, yaml.DocumentEndEvent):
            self._take(event)
            event = self._next()
        return Decoded(self._value, self._repeated)

    def _take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._take_scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._take_alias(event)

    def _take_scalar(self, event: Any) -> None:
        self._nodes += 1
        value = scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)
        is_merge = event.value == "<<" and ((event.implicit[0] and not event.tag) or event.tag == _MERGE_TAG)
        self._put(value, event, is_merge=is_merge)

    def _begin(self, event: Any) -> None:
        if len(self._frames) >= DEEPEST:
            raise _too_deep(event)
        if event.anchor:
            self._open.add(event.anchor)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._frames.append(_Frame(value, event, self._nodes + self._from_aliases))
        self._nodes += 1

    def _end(self) -> None:
        frame = self._frames.pop()
        if frame.anchor:
            self._open.discard(frame.anchor)
            size = self._nodes + self._from_aliases - frame.before
            self._anchors[frame.anchor] = _Anchored(frame.value, size, frame.height)
        self._put(frame.value, frame.start, frame.height)

    def _take_alias(self, event: Any) -> None:
        if event.anchor in self._open:
            raise _at(event, "DEL008", f"the anchor `{event.anchor}` contains itself")
        known = self._anchors.get(event.anchor)
        if known is None:
            raise _at(event, "DEL001", f"there is no anchor `{event.anchor}` before this")
        self._from_aliases += known.size
        if self._from_aliases > _MOST_EXPANDED:
            raise _at(event, "DEL008", f"aliases repeat more than {_MOST_EXPANDED:,} values")
        if len(self._frames) + known.height > DEEPEST:
            raise _too_deep(event)
        self._put(known.value, event, known.height)

    def _put(self, value: Any, event: Any, height: int = 0, *, is_merge: bool = False) -> None:
        if not self._frames:
            self._value = value
            return
        frame = self._frames[-1]
        frame.height = max(frame.height, height + 1)
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        if frame.key_is_merge:
            self._merge(frame, value, event)
            return
        if frame.key is not None:
            frame.value[frame.key] = value
            frame.key = None
            return
        frame.key_is_merge = is_merge
        if not is_merge:
            frame.key = self._key(frame, value, event)

    def _key(self, frame: _Frame, value: Any, event: Any) -> str:
        key = None if isinstance(value, dict | list) else scalars.key(value)
        if key is None:
            raise _at(event, "DEL007", "a key has to be a string")
        line = event.start_mark.line + 1
        if key in frame.key_lines and len(self._repeated) < _MOST_REPEATED:
            self._repeated.append(Repeated(key, line, event.start_mark.column + 1, frame.key_lines[key]))
        frame.key_lines[key] = line
        return key

    def _merge(self, frame: _Frame, value: Any, event: Any) -> None:
        frame.key_is_merge = False
        # Of several the first counts, as go-yaml has it.
        for mapping in reversed(value) if isinstance(value, list) else (value,):
            if not isinstance(mapping, dict):
                raise _at(event, "DEL007", "`<<` merges mappings only")
            frame.value.update(mapping)


def _at(event: Any, id: str, what: str) -> DocumentError:  # noqa: A002 — the problem's id
    return DocumentError(id, what, event.start_mark.line + 1, event.start_mark.column + 1)


def _too_deep(event: Any) -> DocumentError:
    return _at(event, "DEL009", f"nested deeper than {DEEPEST} levels")
