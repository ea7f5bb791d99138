"""URLs, read by the rules of Go's `net/url`, which the API server follows."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

import re
from typing import Any, NoReturn

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import no_overload

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
_SCHEME_WORD = re.compile(r"[A-Za-z0-9+.-]*:", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%(?:([0-9A-Fa-f]{2})|)", re.ASCII)
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:\[\]<>\"%-]*|", re.ASCII)
# What stays as it is in a path: the unreserved characters, and the delimiters that mean nothing there.
_PATH_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_PATH_WRITTEN = _PATH_PLAIN | frozenset(b"!'()*[]%")


class URL:
    __slots__ = ("host", "path", "query", "scheme")
    cel_type = "kubernetes.URL"

    def __init__(self, scheme: str, host: str, path: str, query: str) -> None:
        self.scheme = scheme
        self.host = host
        self.path = path  # as `getEscapedPath` gives it
        self.query = query

    def __eq__(self, other: object) -> bool:
        return type(other) is URL and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def _parts(self) -> tuple[str, ...]:
        return self.scheme, self.host, self.path, self.query

    def __repr__(self) -> str:
        return f"url({self.scheme}://{self.host}{self.path})"


def parse_url(text: str) -> URL:
    """CelError for what is neither an absolute URL nor an absolute path."""
    _parsed(text, as_request=True)
    whole, _, fragment = text.partition("#")
    _unescaped(text, fragment)
    return _parsed(whole, as_request=False)


def _fail(text: str, reason: str) -> NoReturn:
    raise CelError(f"URL parse error during conversion from string: {reason} in {text!r}")


def _parsed(text: str, *, as_request: bool) -> URL:
    if _CONTROL.search(text):
        _fail(text, "invalid control character")
    if not text and as_request:
        _fail(text, "empty url")
    if text == "*":
        return URL("", "", "*", "")
    if text.startswith(":"):
        _fail(text, "missing protocol scheme")
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    rest, _, query = text[found.end() if found else 0 :].partition("?")
    if not rest.startswith("/"):
        if scheme:
            return URL(scheme, "", "", query)
        if as_request:
            _fail(text, "invalid URI for request")
        if ":" in rest.partition("/")[0]:
            _fail(text, "first path segment in URL cannot contain colon")
    host = ""
    if rest.startswith("//") and (scheme or (not as_request and not rest.startswith("///"))):
        authority, slash, path = rest[2:].partition("/")
        host, rest = _authority(text, scheme, authority), slash + path
    return URL(scheme, host, _escaped_path(text, rest), query)


def _authority(text: str, scheme: str, authority: str) -> str:
    user, at, host = authority.rpartition("@")
    host = _host(text, scheme, host)
    if at:
        if not _USER.fullmatch(user):
            _fail(text, "invalid userinfo")
        for part in user.split(":", 1):
            _unescaped(text, part)
    return host


def _host(text: str, scheme: str, host: str) -> str:
    if "[" in host:
        return _bracketed(text, host)
    if ":" in host:
        strict = scheme in {"http", "https"}
        port = host[host.find(":") if strict else host.rfind(":") :]
        if not _PORT.fullmatch(port):
            _fail(text, f"invalid port {port!r} after host")
    return _unescaped_host(text, host)


def _bracketed(text: str, host: str) -> str:
    name, closing, port = host.rpartition("]")
    if not host.startswith("[") or host.rfind("[") > 0:
        _fail(text, "invalid IP-literal")
    if not closing:
        _fail(text, "missing ']' in host")
    if not _PORT.fullmatch(port):
        _fail(text, f"invalid port {port!r} after host")
    address, percent, zone = name[1:].partition("%25")
    plain = _unescaped_host(text, address)
    if percent:
        plain += _unescaped(text, percent + zone)
    from ipaddress import IPv6Address

    try:
        IPv6Address(plain)
    except ValueError:
        _fail(text, "invalid IP-literal")
    return f"[{plain}]{port}"


def _unescaped_host(text: str, host: str) -> str:
    for found in _ESCAPE.finditer(host):
        # In a host only what is not ASCII may be escaped, and the percent sign.
        if not found[1] or (int(found[1], 16) < 0x80 and found[1] != "25"):
            _fail(text, f"invalid URL escape {host[found.start() : found.start() + 3]!r}")
    if not _HOST.fullmatch("".join(each for each in host if each.isascii())):
        _fail(text, "invalid character in host name")
    return _unescaped(text, host)


def _unescaped(text: str, part: str, *, plus: str = "+") -> str:
    return _bytes_of(text, part.replace("+", plus)).decode("utf-8", "replace")


def _bytes_of(text: str, part: str) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for found in _ESCAPE.finditer(part):
        if not found[1]:
            _fail(text, f"invalid URL escape {part[found.start() : found.start() + 3]!r}")
        pieces += [part[position : found.start()].encode(), bytes([int(found[1], 16)])]
        position = found.end()
    return b"".join([*pieces, part[position:].encode()])


def _escaped_path(text: str, path: str) -> str:
    raw = _bytes_of(text, path)
    if all(byte in _PATH_WRITTEN for byte in path.encode()):
        return path
    if raw == b"*":
        return "*"
    return "".join(chr(byte) if byte in _PATH_PLAIN else f"%{byte:02X}" for byte in raw)


def _url(name: str, value: Any) -> URL:
    if type(value) is not URL:
        no_overload(name, value)
    return value


def f_url(value: Any) -> URL:
    if type(value) is not str:
        no_overload("url", value)
    return parse_url(value)


def f_isURL(value: Any) -> bool:
    if type(value) is not str:
        no_overload("isURL", value)
    try:
        _parsed(value, as_request=True)
    except CelError:
        return False
    return True


def m_getScheme(value: Any) -> str:
    return _url("getScheme", value).scheme


def m_getHost(value: Any) -> str:
    return _url("getHost", value).host


def m_getHostname(value: Any) -> str:
    return _host_and_port(_url("getHostname", value).host)[0]


def m_getPort(value: Any) -> str:
    return _host_and_port(_url("getPort", value).host)[1]


def _host_and_port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    if not colon or not _PORT.fullmatch(colon + port):
        name, port = host, ""
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    return name, port


def m_getEscapedPath(value: Any) -> str:
    return _url("getEscapedPath", value).path


def m_getQuery(value: Any) -> dict[str, list[str]]:
    """Pairs that are broken, or hold a semicolon, are left out."""
    query: dict[str, list[str]] = {}
    for pair in _url("getQuery", value).query.split("&"):
        if not pair or ";" in pair:
            continue
        key, _, text = pair.partition("=")
        try:
            name, content = _unescaped(pair, key, plus=" "), _unescaped(pair, text, plus=" ")
        except CelError:
            continue
        query.setdefault(name, []).append(content)
    return query
