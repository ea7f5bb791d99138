"""
What plain scalars mean to Kubernetes: YAML 1.1 as go-yaml 2 reads it, then through JSON.

Source: `resolve.go` of go.yaml.in/yaml/v2 2.4.2 and `yaml.go` of sigs.k8s.io/yaml 1.6.0, which kubectl is built with.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable

Scalar = str | int | float | bool | None

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
_WORDS: dict[str, Scalar] = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False) | dict.fromkeys(_NULL)
_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)
_WORDS |= dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf)
_WORDS |= dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf)

_FIRST = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NAMESPACE = "tag:yaml.org,2002:"
_LARGEST = 2**63


class WrongTagError(ValueError):
    """The scalar is not of the type that its tag says."""


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes and tag; `nan` and `inf` are for the caller to refuse."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if "_" in text:
        if text[0] == "." and not text[1].isdigit():
            return None
        text = text.replace("_", "")
    # No number that has a meaning is longer, and Python refuses some that are.
    if len(text) > 400:
        return None
    if text[:1] != "." and _INTEGER.fullmatch(text):
        return _rounded(_integer(text))
    if not _FLOAT.fullmatch(text):
        return None
    value = float(text)
    return None if math.isinf(value) else whole(value)


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    base = 10
    if len(digits) > 1 and digits[0] == "0":
        base = {"x": 16, "b": 2}.get(digits[1].lower(), 8)
        digits = digits[1:].lstrip("xXbBoO")
    value = int(digits, base)
    return -value if text[0] == "-" else value


def _rounded(value: int) -> int | float:
    return value if -_LARGEST <= value < _LARGEST else float(value)


def whole(value: float) -> int | float:
    """A float without a fraction is written without one into JSON, and read as an integer."""
    return int(value) if value.is_integer() and -_LARGEST <= value < _LARGEST else value


def tagged(tag: str, text: str, is_plain: bool) -> Scalar:
    """The value of a scalar with a tag. Tags that are not YAML's own leave a string."""
    name = tag.removeprefix(_NAMESPACE)
    if name == tag or name in {"str", "timestamp"}:
        return text
    if name == "binary":
        return _binary(text)
    fits = _FITS.get(name)
    if fits is None:
        return text
    value = plain(text) if text or is_plain else None
    if not fits(value):
        raise WrongTagError(f"`{text[:40]}` is no `!!{name}`")
    return value


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise WrongTagError("`!!binary` holds no base64 of text") from error


_FITS: dict[str, Callable[[Scalar], bool]] = {
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def key(value: Scalar) -> str | None:
    """A scalar as the key of a mapping, which is a string in JSON; None where Kubernetes refuses it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return None
