"""Named formats: `format.dns1123Label().validate(name)` gives nothing, or what is wrong."""

import re
from collections.abc import Callable
from typing import Any

from fairlead.checks.cel.library.moments import days_in
from fairlead.checks.cel.library.urls import f_isURL
from fairlead.checks.cel.operators import no_overload
from fairlead.checks.cel.values import NONE, Optional

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_DNS1123_LABEL = re.compile(_LABEL)
_DNS1123_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DNS1035_LABEL = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_BASE64 = re.compile(r"(?!\Z)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})")
_LABEL_LENGTH = 63
_SUBDOMAIN_LENGTH = 253

Problems = list[str]


class Format:
    __slots__ = ("name", "problems")
    cel_type = "kubernetes.NamedFormat"

    def __init__(self, name: str, problems: Callable[[str], Problems]) -> None:
        self.name = name
        self.problems = problems

    def __eq__(self, other: object) -> bool:
        return type(other) is Format and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"format.{self.name}()"


def _dns(pattern: re.Pattern[str], most: int, form: str, *, is_prefix: bool = False) -> Callable[[str], Problems]:
    def problems(text: str) -> Problems:
        if is_prefix and len(text) > 1 and text.endswith("-"):
            # More text follows a prefix, so it may end in a dash.
            text = f"{text[:-2]}a"
        found = _too_long(text, most)
        return found if pattern.fullmatch(text) else [*found, f"must be {form}"]

    return problems


def _too_long(text: str, most: int) -> Problems:
    return [f"must be no more than {most} bytes"] if len(text.encode()) > most else []


def _qualified_name(text: str) -> Problems:
    parts = text.split("/")
    if len(parts) > 2:
        return ["must be a name with at most one prefix, as in `example.com/name`"]
    problems: Problems = []
    if len(parts) == 2:
        if not parts[0]:
            problems.append("the prefix must not be empty")
        else:
            problems += [f"the prefix {problem}" for problem in _SUBDOMAIN(parts[0])]
    name = parts[-1]
    if not name:
        problems.append("the name must not be empty")
    problems += _too_long(name, _LABEL_LENGTH)
    if not _NAME.fullmatch(name):
        problems.append("the name must be letters, digits, `-`, `_` or `.`, with a letter or digit at both ends")
    return problems


def _label_value(text: str) -> Problems:
    problems = _too_long(text, _LABEL_LENGTH)
    if text and not _NAME.fullmatch(text):
        problems.append("must be empty or letters, digits, `-`, `_` or `.`, with a letter or digit at both ends")
    return problems


def _uri(text: str) -> Problems:
    return [] if f_isURL(text) else ["must be an absolute URI or path"]


def _date(text: str) -> Problems:
    found = _DATE.fullmatch(text)
    if found is None:
        return ["must be a date such as 2006-01-31"]
    year, month, day = map(int, found.groups())
    if not 1 <= month <= 12 or not 1 <= day <= days_in(year, month):
        return ["must be a date of the calendar"]
    return []


def _datetime(text: str) -> Problems:
    day, _, clock = text.lower().partition("t")
    found = _CLOCK.fullmatch(clock)
    if found is None or _date(day) or found[1] > "23" or found[2] > "59" or found[3] > "59":
        return ["must be a date and time such as 2006-01-31T23:59:59Z"]
    return []


def _matching(pattern: re.Pattern[str], form: str) -> Callable[[str], Problems]:
    return lambda text: [] if pattern.fullmatch(text) else [f"must be {form}"]


_LABEL_FORM = "lower-case letters, digits or `-`, with a letter or digit at both ends"
_SUBDOMAIN_FORM = "lower-case letters, digits, `-` or `.`, with a letter or digit at both ends of each part"
_DNS1035_FORM = "lower-case letters, digits or `-`, with a letter first and a letter or digit last"
_SUBDOMAIN = _dns(_DNS1123_SUBDOMAIN, _SUBDOMAIN_LENGTH, _SUBDOMAIN_FORM)

_FORMATS = {
    format_.name: format_
    for format_ in (
        Format("dns1123Label", _dns(_DNS1123_LABEL, _LABEL_LENGTH, _LABEL_FORM)),
        Format("dns1123Subdomain", _SUBDOMAIN),
        Format("dns1035Label", _dns(_DNS1035_LABEL, _LABEL_LENGTH, _DNS1035_FORM)),
        Format("qualifiedName", _qualified_name),
        Format("dns1123LabelPrefix", _dns(_DNS1123_LABEL, _LABEL_LENGTH, _LABEL_FORM, is_prefix=True)),
        Format("dns1123SubdomainPrefix", _dns(_DNS1123_SUBDOMAIN, _SUBDOMAIN_LENGTH, _SUBDOMAIN_FORM, is_prefix=True)),
        Format("dns1035LabelPrefix", _dns(_DNS1035_LABEL, _LABEL_LENGTH, _DNS1035_FORM, is_prefix=True)),
        Format("labelValue", _label_value),
        Format("uri", _uri),
        Format("uuid", _matching(_UUID, "a UUID")),
        Format("byte", _matching(_BASE64, "Base64, and not empty")),
        Format("date", _date),
        Format("datetime", _datetime),
    )
}


def f_format_named(name: Any) -> Optional:
    if type(name) is not str:
        no_overload("format.named", name)
    return Optional(_FORMATS[name]) if name in _FORMATS else NONE


def m_validate(value: Any, text: Any) -> Optional:
    """What is wrong with the text, or nothing. The wording is ours; how many problems there are is the API server's."""
    if type(value) is not Format or type(text) is not str:
        no_overload("validate", value, text)
    problems = value.problems(text)
    return Optional(problems) if problems else NONE


def __getattr__(name: str) -> Callable[[], Format]:
    """`f_format_<name>` for each format."""
    format_ = _FORMATS.get(name.removeprefix("f_format_"))
    if format_ is None:
        raise AttributeError(name)
    return lambda: format_
