"""Reads JSON texts: one value, or several one after the other, as kubectl does."""

import re
from typing import Any

import msgspec

from fairlead.manifests import scalars
from fairlead.manifests.decoded import Repeated
from fairlead.manifests.documents import Document

_BEGIN = re.compile(r"\s*[{\[]")
_SPACE = re.compile(r"\s*")


class Value(msgspec.Struct):
    """One value and the document it stood in; a key that is there twice leads to another reader."""

    value: Any
    document: Document
    repeated: list[Repeated]


def _float(text: str) -> int | float:
    return scalars.whole(float(text))


_decoder = msgspec.json.Decoder(float_hook=_float)
_encoder = msgspec.json.Encoder()


def looks_like(text: str) -> bool:
    return _BEGIN.match(text) is not None


def decode(text: str) -> list[Value] | None:
    """The values of a text; None where it is better read as YAML, which tells what is wrong with it."""
    try:
        data = text.encode()
        value = _decoder.decode(data)
        if _has_repeated_keys(value, data):
            return None
    except (msgspec.MsgspecError, OverflowError, UnicodeError):
        return _several(text)
    except RecursionError:
        return None
    return [Value(value, _document(text, 0, len(text)), [])]


def problem_with(text: str) -> tuple[int, int, str] | None:
    """Line, column and what is wrong with a text that has to be JSON; None where it is JSON, or YAML has to tell."""
    try:
        msgspec.json.format(text.encode(), indent=-1)
    except (msgspec.MsgspecError, UnicodeError):
        return _problem(text)
    except RecursionError:
        return None
    return None


def _problem(text: str) -> tuple[int, int, str] | None:
    import json

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        is_several = error.msg == "Extra data" and _several(text) is not None
        return None if is_several or not text.strip() else (error.lineno, error.colno, f"is no JSON: {error.msg}")
    except RecursionError:
        return None
    return None


def _has_repeated_keys(value: Any, data: bytes) -> bool:
    """As many keys as colons outside of strings, or some were lost."""
    compact = msgspec.json.format(data, indent=-1)
    if _encoder.encode(value) == compact:
        return False
    repeated = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in pairs}) < len(pairs)

    import json

    json.loads(data, object_pairs_hook=look)
    return repeated


def _several(text: str) -> list[Value] | None:
    import json

    stepwise = json.JSONDecoder(parse_float=_float)
    values = []
    at = _after_space(text, 0)
    while at < len(text):
        try:
            value, end = stepwise.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        values.append(Value(value, _document(text, at, end), []))
        at = _after_space(text, end)
    return values if len(values) > 1 else None


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _document(text: str, begin: int, end: int) -> Document:
    begin = _after_space(text, begin)
    line, column = text.count("\n", 0, begin) + 1, begin - text.rfind("\n", 0, begin)
    return Document(0, text[begin:end], line, column, line, column)
