"""IP addresses and networks: `ip("::1")`, `cidr("10.0.0.0/8")`."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

import re
from typing import TYPE_CHECKING, Any

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import no_overload

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_BITS = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)


class IP:
    __slots__ = ("address",)
    cel_type = "net.IP"

    def __init__(self, address: "IPv4Address | IPv6Address") -> None:
        self.address = address

    def cel_string(self) -> str:
        return str(self.address)

    def __eq__(self, other: object) -> bool:
        return type(other) is IP and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"ip({self.address})"


class CIDR:
    """An address, which may have bits outside the network, and the length of the network's prefix."""

    __slots__ = ("address", "bits")
    cel_type = "net.CIDR"

    def __init__(self, address: "IPv4Address | IPv6Address", bits: int) -> None:
        self.address = address
        self.bits = bits

    def network(self, address: "IPv4Address | IPv6Address") -> int:
        """The bits of an address that tell its network."""
        return int(address) >> (address.max_prefixlen - self.bits)

    def holds(self, address: "IPv4Address | IPv6Address") -> bool:
        return self.address.version == address.version and self.network(self.address) == self.network(address)

    def cel_string(self) -> str:
        return f"{self.address}/{self.bits}"

    def __eq__(self, other: object) -> bool:
        return type(other) is CIDR and (self.address, self.bits) == (other.address, other.bits)

    def __hash__(self) -> int:
        return hash((self.address, self.bits))

    def __repr__(self) -> str:
        return f"cidr({self.cel_string()})"


def parse_address(text: str) -> "IPv4Address | IPv6Address":
    """CelError for what the API server takes for none: also zones and IPv4 addresses written as IPv6."""
    from ipaddress import IPv6Address, ip_address

    try:
        address = ip_address(text)
    except ValueError as error:
        raise CelError(f"IP Address {text!r} parse error during conversion from string") from error
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address.ipv4_mapped is not None):
        raise CelError(f"IP address {text!r} with a zone, or IPv4-mapped, is not allowed")
    return address


def parse_cidr(text: str) -> CIDR:
    address_text, slash, bits = text.rpartition("/")
    if not slash or not _BITS.fullmatch(bits):
        raise CelError(f"network address parse error during conversion from string: {text!r}")
    address = parse_address(address_text)
    if int(bits) > address.max_prefixlen:
        raise CelError(f"network address parse error during conversion from string: {text!r}")
    return CIDR(address, int(bits))


def _expect_text(name: str, value: Any) -> None:
    if type(value) is not str:
        no_overload(name, value)


def _ip(name: str, value: Any) -> "IPv4Address | IPv6Address":
    if type(value) is not IP:
        no_overload(name, value)
    return value.address


def _cidr(name: str, value: Any) -> CIDR:
    if type(value) is not CIDR:
        no_overload(name, value)
    return value


def f_ip(value: Any) -> IP:
    _expect_text("ip", value)
    return IP(parse_address(value))


def f_isIP(value: Any) -> bool:
    _expect_text("isIP", value)
    try:
        parse_address(value)
    except CelError:
        return False
    return True


def f_ip_isCanonical(value: Any) -> bool:
    _expect_text("ip.isCanonical", value)
    return bool(str(parse_address(value)) == value)


def m_family(value: Any) -> int:
    return _ip("family", value).version


def m_isUnspecified(value: Any) -> bool:
    return int(_ip("isUnspecified", value)) == 0


def m_isLoopback(value: Any) -> bool:
    return _ip("isLoopback", value).is_loopback


def m_isLinkLocalMulticast(value: Any) -> bool:
    """224.0.0.0/24, and multicast addresses of IPv6 with the scope of a link."""
    address = _ip("isLinkLocalMulticast", value)
    first = address.packed
    return first[:3] == b"\xe0\0\0" if address.version == 4 else first[0] == 0xFF and first[1] & 0x0F == 2


def m_isLinkLocalUnicast(value: Any) -> bool:
    return _ip("isLinkLocalUnicast", value).is_link_local


def m_isGlobalUnicast(value: Any) -> bool:
    """Go's meaning: private addresses are among them."""
    address = _ip("isGlobalUnicast", value)
    if int(address) == 0 or address.packed == b"\xff\xff\xff\xff":
        return False
    return not (address.is_loopback or address.is_multicast or address.is_link_local)


def f_cidr(value: Any) -> CIDR:
    _expect_text("cidr", value)
    return parse_cidr(value)


def f_isCIDR(value: Any) -> bool:
    _expect_text("isCIDR", value)
    try:
        parse_cidr(value)
    except CelError:
        return False
    return True


def m_containsIP(value: Any, other: Any) -> bool:
    network = _cidr("containsIP", value)
    if type(other) is str:
        return network.holds(parse_address(other))
    return network.holds(_ip("containsIP", other))


def m_containsCIDR(value: Any, other: Any) -> bool:
    network = _cidr("containsCIDR", value)
    inner = parse_cidr(other) if type(other) is str else _cidr("containsCIDR", other)
    return network.bits <= inner.bits and network.holds(inner.address)


def m_ip(value: Any) -> IP:
    return IP(_cidr("ip", value).address)


def m_prefixLength(value: Any) -> int:
    return _cidr("prefixLength", value).bits


def m_masked(value: Any) -> CIDR:
    network = _cidr("masked", value)
    host_bits = network.address.max_prefixlen - network.bits
    return CIDR(type(network.address)(int(network.address) >> host_bits << host_bits), network.bits)
