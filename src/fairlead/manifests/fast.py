"""
Reads ordinary YAML documents fast: rapidyaml writes them as JSON, msgspec reads that.

rapidyaml follows YAML 1.2 and forgives much; Kubernetes follows 1.1 and forgives less. So whatever the two could
understand differently is left to `exact`, and `decode` answers `UNSURE`.
"""

import os
import re
import threading
from functools import cache
from typing import Any, Final

import msgspec

UNSURE: Final = object()

# rapidyaml goes down by recursion: beyond this a document is left to the parser that does not.
_MOST_BRACKETS = 100
_MUCH_INDENTATION = re.compile(r"^[ ?-]{200}", re.MULTILINE)
_BRACKETS = re.compile(r"[\[{]|[\]}]")
# Anchors, aliases and tags, which JSON cannot tell, where a node may begin.
_ANCHOR = re.compile(r"(?:^|[-:,?\[{]) *[&!*]", re.MULTILINE)
# What rapidyaml was seen to forgive or to read differently (found by comparing it with libyaml on broken texts):
_DIFFERENT = {
    "%": re.compile(r"^%", re.MULTILINE),
    "...": re.compile(r"^\.\.\.", re.MULTILINE),
    "---": re.compile(r"^---", re.MULTILINE),
    "?": re.compile(r"\?(?:\s|\Z)|[\[{,:] *\?"),  # complex keys
    "|": re.compile(r"(?:^|[-:?]) *\|(?![-+1-9]{0,2} *$)", re.MULTILINE),
    ">": re.compile(r"(?:^|[-:?]) *>(?![-+1-9]{0,2} *$)", re.MULTILINE),
    " #": re.compile(r"[\[{,][^\n\]}]* #"),  # a comment that hides the end of a flow collection
    "[:": re.compile(r"\[:"),
    ":]": re.compile(r":\]"),
    "{:": re.compile(r"\{:"),
    ": :": re.compile(r": :"),
    ":,": re.compile(r":,"),
    ":}": re.compile(r":\}"),
    "\n\n": re.compile(r"\n\s*\n\s*[\]},]"),  # a plain scalar with blank lines in a flow collection
    "- ": re.compile(r"[\"'] +- "),  # something after a scalar's closing quote
}

_WORDS = "y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|True|TRUE|False|FALSE|~|Null|NULL|<<|="
_NOT_FINITE = r"[-+]?\.?(?i:inf|infinity|nan)"
_NUMBERS = (
    r"[-+]?0\d[\d_.]*(?:[eE][-+]?[\d_]+)?"  # 0644
    r"|[-+]?0[xXoObB][0-9a-fA-F_+.pP-]+"
    r"|[-+]?[\d.]*_[\d_.]*(?:[eE][-+]?[\d_]+)?"  # 1_000
    r"|\+[\d.][\d.eE+-]*"
    r"|[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+"
    r"|[-+]?(?:\.\d+|\d+\.)"
)
# Strings of the JSON that Kubernetes takes for something else where they stood without quotes.
_ODD_STRING = re.compile(
    # The look-ahead is for speed: most strings begin otherwise.
    rf'(?<=[ \[{{,\n])"(?=[]@`%&!|>yYnNoOTFiI~<=.+\d,}}"-])'
    rf'(?:[]@`%&!|>,}}]|(?:{_WORDS}|{_NOT_FINITE}|{_NUMBERS})"|(?:null|-?\d+\.\d+|-?\d{{16,}}|)":)',
)
# 1.0 is a whole number once Kubernetes has read it; beyond 64 bits a number is rounded.
_WHOLE_FLOAT = re.compile(rb"\.0+[,\]}]")
_DIGITS_TO_NINES = bytes(ord("9") if byte in b"0123456789" else byte for byte in range(256))
_MANY_DIGITS = b"9" * 18

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
_parsing = threading.Lock()


def decode(text: str) -> Any:
    """The value of one document without its `---`, or `UNSURE`."""
    if not is_ordinary(text):
        return UNSURE
    as_json = _as_json(text)
    if not as_json or _ODD_STRING.search(as_json):
        return UNSURE
    return _decoded(as_json)


def is_ordinary(text: str) -> bool:
    """Whether nothing in it is known to be read in two ways."""
    if not text.replace("\n", " ").isprintable():
        return False
    if ("&" in text or "!" in text or "*" in text) and _ANCHOR.search(text):
        return False
    if any(mark in text and different.search(text) for mark, different in _DIFFERENT.items()):
        return False
    # A block scalar that ends with the text gets a line feed more from rapidyaml.
    if not text.endswith("\n") and ("|" in text or ">" in text):
        return False
    return not (("  " * 100 in text or "- - - -" in text) and _MUCH_INDENTATION.search(text)) and not _is_deep(text)


def _is_deep(text: str) -> bool:
    if text.count("[") + text.count("{") < _MOST_BRACKETS:
        return False
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _MOST_BRACKETS:
            return True
    return False


def _as_json(text: str) -> str | None:
    ryml = _rapidyaml()
    # The tree points into the buffer: it has to live as long.
    buffer = bytearray(text.encode())
    # rapidyaml writes its errors to the process's standard error, whatever is asked.
    with _parsing:
        try:
            loud = os.dup(2)
        except OSError:  # closed: where the errors would go then is anyone's guess
            return None
        os.dup2(_nowhere(), 2)
        try:
            return ryml.emit_json(ryml.parse_in_place(buffer))  # type: ignore[no-any-return]
        except (RuntimeError, ryml.ExceptionBasic):
            return None
        finally:
            os.dup2(loud, 2)
            os.close(loud)


def _decoded(as_json: str) -> Any:
    try:
        value = _decoder.decode(as_json)
        compact = msgspec.json.format(as_json.encode(), indent=-1)
        # A key that is there twice is lost in `value` and not in `compact`.
        is_same = _encoder.encode(value) == compact
    except (msgspec.MsgspecError, RecursionError, OverflowError, UnicodeError):
        return UNSURE
    # What is no mapping is no object either, and rapidyaml forgives most there.
    return value if is_same and isinstance(value, dict) and not _has_odd_number(compact) else UNSURE


def _has_odd_number(compact: bytes) -> bool:
    if b".0" in compact and _WHOLE_FLOAT.search(compact):
        return True
    return _MANY_DIGITS in compact.translate(_DIGITS_TO_NINES)


@cache
def _rapidyaml() -> Any:
    import ryml

    return ryml


@cache
def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)
