"""Resource quantities: `quantity("1.5Gi")`."""

# ruff: noqa: N802  (functions carry the names CEL has for them)

import re
from functools import lru_cache
from typing import Any, Final

from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.operators import no_overload
from fairlead.checks.cel.values import INT_MAX, INT_MIN

_TEXT = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[+-]?[0-9]*)", re.ASCII)
_EXPONENT = re.compile(r"[eE][+-]?[0-9]+", re.ASCII)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_WITHOUT_DIGITS: Final = frozenset({"Ki", "Mi", "Gi", "Ti"})  # the API server takes these for 0, but not `Pi` and `Ei`
_NANO = -9
_MOST_DIGITS = 18  # that always fit a 64 bit integer
_MOST_EXPONENT = 1000  # far beyond anything meant; keeps the arithmetic bounded


class Quantity:
    """
    `value` times ten to the power of `scale`.

    `is_big` is how the API server keeps what its 64 bit form cannot hold; such a quantity is never an integer to it,
    nor is one with a negative scale, even where nothing is behind the point.
    """

    __slots__ = ("is_big", "scale", "value")
    cel_type = "kubernetes.Quantity"

    def __init__(self, value: int, scale: int = 0, *, is_big: bool = False) -> None:
        self.value = value
        self.scale = scale
        self.is_big = is_big

    def cel_order(self, other: "Quantity") -> int:
        a, b, _ = _aligned(self, other)
        return int(a > b) - int(a < b)

    def as_integer(self) -> int | None:
        if self.is_big or self.scale < 0:
            return None
        whole = int(self.value * 10**self.scale)
        return whole if INT_MIN <= whole <= INT_MAX else None

    def plus(self, other: "Quantity") -> "Quantity":
        if not self.is_big and not other.is_big:
            if other.value == 0:
                return self
            if self.value == 0:
                return other
        a, b, scale = _aligned(self, other)
        fits = all(INT_MIN <= number <= INT_MAX for number in (a, b, a + b))
        return Quantity(a + b, scale, is_big=self.is_big or other.is_big or not fits)

    def __eq__(self, other: object) -> bool:
        return type(other) is Quantity and self.cel_order(other) == 0

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"quantity({self.value}e{self.scale})"


def _aligned(a: Quantity, b: Quantity) -> tuple[int, int, int]:
    """Both values at the smaller of the two scales."""
    scale = min(a.scale, b.scale)
    return a.value * 10 ** (a.scale - scale), b.value * 10 ** (b.scale - scale), scale


@lru_cache(maxsize=4096)
def parse_quantity(text: str) -> Quantity | None:
    """None where the text is no quantity."""
    found = _TEXT.fullmatch(text)
    if not text or found is None or len(text) > _MOST_EXPONENT:
        return None
    sign = -1 if found[1] == "-" else 1
    whole, fraction, suffix = found[2] or "0", found[3] or "", found[4]
    if suffix in _BINARY:
        has_digits = text[: found.start(4)].strip("+-.") != ""
        return _binary(sign, whole, fraction, _BINARY[suffix]) if has_digits or suffix in _WITHOUT_DIGITS else None
    if suffix in _DECIMAL:
        return _decimal(sign, whole, fraction, _DECIMAL[suffix])
    if not _EXPONENT.fullmatch(suffix) or abs(int(suffix[1:])) > _MOST_EXPONENT:
        return None
    return _decimal(sign, whole, fraction, int(suffix[1:]))


def _decimal(sign: int, whole: str, fraction: str, exponent: int) -> Quantity:
    scale = exponent - len(fraction)
    value = sign * int(whole + fraction)
    if len(whole) + len(fraction) <= _MOST_DIGITS and scale >= _NANO:
        return Quantity(value, scale)
    return _in_nanos(value, scale)


def _binary(sign: int, whole: str, fraction: str, exponent: int) -> Quantity:
    value = sign * (int(whole + fraction) << exponent)
    # The API server's own estimate of whether the product is small enough.
    if not fraction and 15 - len(whole) - exponent * 3 // 10 - 1 >= 0:
        return Quantity(value)
    big = _in_nanos(value, -len(fraction))
    if abs(big.value) <= INT_MAX * 10**-_NANO:
        return big
    return Quantity(sign * INT_MAX, is_big=True)


def _in_nanos(value: int, scale: int) -> Quantity:
    """Rounded away from zero to the smallest unit there is."""
    if value == 0:
        return Quantity(0, is_big=True)
    if scale >= _NANO:
        return Quantity(value * 10 ** (scale - _NANO), _NANO, is_big=True)
    quotient = -(-abs(value) // 10 ** (_NANO - scale))
    return Quantity(quotient if value > 0 else -quotient, _NANO, is_big=True)


def _expect(name: str, value: Any) -> Quantity:
    if type(value) is not Quantity:
        no_overload(name, value)
    return value


def f_quantity(text: Any) -> Quantity:
    if type(text) is not str:
        no_overload("quantity", text)
    quantity = parse_quantity(text)
    if quantity is None:
        raise CelError(f"`{text}` is no quantity")
    return quantity


def f_isQuantity(text: Any) -> bool:
    if type(text) is not str:
        no_overload("isQuantity", text)
    return parse_quantity(text) is not None


def f_sign(value: Any) -> int:
    number = _expect("sign", value).value
    return (number > 0) - (number < 0)


def m_asInteger(value: Any) -> int:
    whole = _expect("asInteger", value).as_integer()
    if whole is None:
        raise CelError("cannot convert value to integer")
    return whole


def m_isInteger(value: Any) -> bool:
    return _expect("isInteger", value).as_integer() is not None


def m_asApproximateFloat(value: Any) -> float:
    quantity = _expect("asApproximateFloat", value)
    return float(quantity.value) * float(f"1e{quantity.scale}") if quantity.scale else float(quantity.value)


def _operand(name: str, value: Any, other: Any) -> Quantity:
    if type(other) is int:
        return Quantity(other)
    if type(other) is not Quantity:
        no_overload(name, value, other)
    return other


def m_add(value: Any, other: Any) -> Quantity:
    return _expect("add", value).plus(_operand("add", value, other))


def m_sub(value: Any, other: Any) -> Quantity:
    quantity = _operand("sub", value, other)
    return _expect("sub", value).plus(Quantity(-quantity.value, quantity.scale, is_big=quantity.is_big))
