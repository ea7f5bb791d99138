"""Text to tokens, as the grammar of CEL has them."""

import re
from typing import Any, NamedTuple

from fairlead.checks.cel.errors import CelSyntaxError, at
from fairlead.checks.cel.values import UInt

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
UINT_MAX = 2**64 - 1

_STRING = (
    r'"""(?:\\[\s\S]|[^\\])*?"""'
    r"|'''(?:\\[\s\S]|[^\\])*?'''"
    r'|"(?:\\[^\n\r]|[^\\"\n\r])*"'
    r"|'(?:\\[^\n\r]|[^\\'\n\r])*'"
)
_RAW = r'"""[\s\S]*?"""' r"|'''[\s\S]*?'''" r'|"[^"\n\r]*"' r"|'[^'\n\r]*'"
_TOKEN = re.compile(
    rf"""
      (?P<space>(?:[\t \r\n\f]|//[^\n]*)+)
    | (?P<text>[bB]?(?:[rR](?:{_RAW})|(?:{_STRING})))
    | (?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<int>(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<punct>==|!=|<=|>=|&&|\|\||[-+*/%!<>?:.,()\[\]{{}}])
    """,
    re.VERBOSE,
)
_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34, "`": 96, "?": 63}
_HEX_LENGTH = {"x": 2, "X": 2, "u": 4, "U": 8}
_HEX = frozenset("0123456789abcdefABCDEF")
_OCTAL = frozenset("01234567")


class Token(NamedTuple):
    kind: str  # `name`, `punct`, `int`, `uint`, `float`, `string`, `bytes`, `end`
    text: str
    position: int
    value: Any = None


def tokenize(source: str) -> list[Token]:
    """CelSyntaxError where no token begins. Numbers keep their text: their sign is not known yet."""
    tokens: list[Token] = []
    position = 0
    match = _TOKEN.match
    while position < len(source):
        found = match(source, position)
        if found is None:
            raise at(source, position, f"unexpected character `{source[position]}`", _hint_for(source[position]))
        kind, text = found.lastgroup or "", found.group()
        if kind == "text":
            tokens.append(_text_token(source, text, position))
        elif kind != "space":
            tokens.append(Token(kind, text, position))
        position = found.end()
    tokens.append(Token("end", "", len(source)))
    return tokens


def number(source: str, token: Token, sign: str = "") -> Any:
    """The value of a number token; CelSyntaxError where it does not fit 64 bits."""
    text = token.text
    if token.kind == "float":
        return float(sign + text)
    unsigned = text[-1] in "uU"
    digits = text.rstrip("uU")
    value = int(digits, 16) if digits.startswith("0x") else _decimal(digits)
    if unsigned and not sign and value <= UINT_MAX:
        return UInt(value)
    value = -value if sign else value
    if unsigned or not INT_MIN <= value <= INT_MAX:
        raise at(source, token.position, f"`{sign}{text}` does not fit a 64 bit integer")
    return value


def _decimal(digits: str) -> int:
    # Python refuses to convert thousands of digits; twenty already exceed 64 bits.
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= 20 else UINT_MAX + 1


def _hint_for(character: str) -> str:
    hints = {
        "=": "equality is `==`",
        "&": "logical and is `&&`",
        "|": "logical or is `||`",
        '"': "the string does not end",
        "'": "the string does not end",
    }
    return hints.get(character, "")


def _text_token(source: str, text: str, position: int) -> Token:
    start = 0
    is_bytes = text[0] in "bB"
    start += is_bytes
    is_raw = text[start] in "rR"
    start += is_raw
    quotes = 3 if text[start] * 3 == text[start : start + 3] and len(text) - start >= 6 else 1
    body = text[start + quotes : len(text) - quotes]
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    if is_raw or "\\" not in body:
        return Token("bytes" if is_bytes else "string", text, position, body.encode() if is_bytes else body)
    try:
        value: Any = _unescape_bytes(body) if is_bytes else _unescape(body)
    except ValueError as error:
        raise at(source, position, str(error)) from None
    return Token("bytes" if is_bytes else "string", text, position, value)


def _unescape(body: str) -> str:
    return "".join(part if isinstance(part, str) else _character(part) for part in _parts(body))


def _unescape_bytes(body: str) -> bytes:
    parts = _parts(body, allow_unicode=False)
    return b"".join(part.encode() if isinstance(part, str) else bytes([part]) for part in parts)


def _character(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"`{code:x}` is not a Unicode code point")
    return chr(code)


def _parts(body: str, *, allow_unicode: bool = True) -> list[str | int]:
    """Plain pieces as they are, escapes as the numbers they stand for."""
    parts: list[str | int] = []
    first, *rest = re.split(r"(\\[xXuU0-3]|\\[\s\S])", body)
    parts.append(first)
    for escape, after in zip(rest[::2], rest[1::2], strict=True):
        letter = escape[1]
        if letter in _SIMPLE:
            parts += [_SIMPLE[letter], after]
            continue
        if letter in _HEX_LENGTH and (allow_unicode or letter in "xX"):
            length, digits, base = _HEX_LENGTH[letter], _HEX, 16
        elif letter in "0123":
            length, digits, base = 2, _OCTAL, 8
        else:
            raise ValueError(f"`\\{letter}` is not an escape")
        code = after[:length]
        if len(code) < length or not digits.issuperset(code):
            raise ValueError(f"`\\{letter}{code}` is not a whole escape")
        parts += [int((letter if base == 8 else "") + code, base), after[length:]]
    return parts


__all__ = ["CelSyntaxError", "Token", "number", "tokenize"]
