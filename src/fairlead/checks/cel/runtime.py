"""The names that generated functions find around them. A library is loaded when a function of it is first called."""

from importlib import import_module
from typing import Any

from fairlead.checks.cel import arithmetic, operators
from fairlead.checks.cel.errors import CelError
from fairlead.checks.cel.values import INT_MIN, NONE, CelType, MixedMap, Optional, UInt, type_name

# What an operation of Python raises where CEL has an error.
RAW = (LookupError, TypeError, ArithmeticError, RecursionError, UnicodeError)


def translated(error: Exception) -> CelError:
    """The same error in CEL's words."""
    if isinstance(error, KeyError):
        return CelError(f"no such key: {error.args[0]}")
    if isinstance(error, IndexError):
        return CelError("index out of bounds")
    if isinstance(error, RecursionError):
        return CelError("the value is nested too deeply")
    return CelError(f"no such overload ({error})")


def missing(error: KeyError) -> CelError:
    return CelError(f"no such attribute: {error.args[0]}")


def held(error: Exception) -> Exception:
    """An error kept in a variable: with its traceback it would keep the frame alive that keeps it."""
    return error.with_traceback(None)


def settled_error(value: Any) -> Exception:
    """The error a term stands for that is no bool, or the error it already is."""
    return value if isinstance(value, Exception) else operators.not_bool(value)


def has_value(value: Any) -> bool:
    if type(value) is not Optional:
        operators.no_overload("hasValue", value)
    return value.has_value


def mapped(value: Any) -> Optional:
    """What `optMap` gives: the API server unwraps an optional value here, and takes none for null."""
    if type(value) is not Optional:
        return Optional(value)
    return Optional(value.value if value.has_value else None)


def with_entry(target: Any, key: Any, value: Any) -> Any:
    """`target` with one more entry: the same object, where its kind of map can hold the key."""
    return with_entries(target, {key: value} if type(key) is not bool else _single(key, value))


def _single(key: Any, value: Any) -> MixedMap:
    single = MixedMap()
    single[key] = value
    return single


def with_entries(target: Any, entries: Any) -> Any:
    if type(entries) is not dict and type(entries) is not MixedMap:
        operators.no_overload("cel.@mapInsert", target, entries)
    for key, value in entries.items():
        if type(target) is dict and (type(key) is bool or any(type(each) is not type(key) for each in target)):
            target = operators.map_of([*target.items(), (key, value)])
        else:
            operators.insert(target, key, value)
    return target


def only(value: Any, kind: str, element: str, function: str) -> Any:
    """The value for the function, if it is of this type, and its first element of that one."""
    fits = type_name(value) == kind and (not element or not value or type_name(value[0]) == element)
    return value if fits else operators.no_overload(function, value)


class _Lazy:
    """Stands for a function until it is first called."""

    __slots__ = ("_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *args: Any) -> Any:
        function = GLOBALS[self._name] = resolve(self._module, self._name)
        return function(*args)


def resolve(module: str, name: str) -> Any:
    return getattr(import_module(f"fairlead.checks.cel.library.{module}"), name)


LIBRARY: dict[str, str] = {
    "conversions": ("f_size m_size f_type f_dyn f_bool f_bytes f_double f_duration f_int f_string f_timestamp f_uint"),
    "strings": (
        "m_contains m_endsWith m_startsWith m_charAt m_indexOf m_lastIndexOf m_lowerAscii m_upperAscii m_replace"
        " m_split m_substring m_trim f_strings_quote m_join"
    ),
    "formatting": "m_format",
    "regex": "m_matches f_matches m_find m_findAll",
    "clocks": (
        "m_getFullYear m_getMonth m_getDayOfYear m_getDayOfMonth m_getDate m_getDayOfWeek m_getHours m_getMinutes"
        " m_getSeconds m_getMilliseconds"
    ),
    "optionals": (
        "f_optional_of f_optional_ofNonZeroValue f_optional_none f_optional_unwrap m_unwrapOpt m_value m_hasValue"
        " m_first m_last"
    ),
    "lists": (
        "m_slice m_flatten m_reverse m_distinct f_lists_range m_isSorted m_sum m_min m_max m_sort sorted_by"
        " f_sets_contains f_sets_equivalent f_sets_intersects"
    ),
    "urls": "f_url f_isURL m_getScheme m_getHost m_getHostname m_getPort m_getEscapedPath m_getQuery",
    "quantities": "f_quantity f_isQuantity f_sign m_asApproximateFloat m_asInteger m_isInteger m_add m_sub",
    "versions": "f_semver f_isSemver m_major m_minor m_patch",
    "comparing": "m_isGreaterThan m_isLessThan m_compareTo",
    "addresses": (
        "f_ip f_isIP f_ip_isCanonical m_family m_isUnspecified m_isLoopback m_isLinkLocalMulticast"
        " m_isLinkLocalUnicast m_isGlobalUnicast f_cidr f_isCIDR m_containsIP m_containsCIDR m_ip m_prefixLength"
        " m_masked"
    ),
    "formats": (
        "f_format_named m_validate f_format_dns1123Label f_format_dns1123Subdomain f_format_dns1035Label"
        " f_format_qualifiedName f_format_dns1123LabelPrefix f_format_dns1123SubdomainPrefix"
        " f_format_dns1035LabelPrefix f_format_labelValue f_format_uri f_format_uuid f_format_byte f_format_date"
        " f_format_datetime"
    ),
}

GLOBALS: dict[str, Any] = {
    "RAW": RAW,
    "ERRORS": (CelError, *RAW),
    "INT_MIN": INT_MIN,
    "NONE": NONE,
    "SIZED": operators.SIZED,
    "ABSENT": operators.ABSENT,
    "CelType": CelType,
    "Optional": Optional,
    "UInt": UInt,
    "held": held,
    "has_value": has_value,
    "mapped": mapped,
    "missing": missing,
    "only": only,
    "settled_error": settled_error,
    "translated": translated,
    "with_entry": with_entry,
    "with_entries": with_entries,
    **{
        function.__name__: function
        for function in (
            arithmetic.add, arithmetic.divide, arithmetic.modulo, arithmetic.multiply, arithmetic.negate,
            arithmetic.subtract, operators.contains, operators.equal, operators.equals, operators.greater,
            operators.greater_equal, operators.has, operators.index, operators.items, operators.less,
            operators.less_equal, operators.negated, operators.new_list, operators.new_map, operators.not_bool,
            operators.optional_index, operators.optional_or_absent, operators.optional_path,
            operators.optional_select, operators.pairs, operators.value_or_absent,
        )
    },
    **{name: _Lazy(module, name) for module, names in LIBRARY.items() for name in names.split()},
}  # fmt: skip
