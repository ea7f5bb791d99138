"""From one type to another: `int("3")`, `string(1.5)`, `type(x)`."""

from typing import Any

from fairlead.checks.cel.operators import no_overload, size
from fairlead.checks.cel.values import CelType, type_name

f_size = m_size = size


def f_type(value: Any) -> CelType:
    return CelType(type_name(value))


def f_dyn(value: Any) -> Any:
    return value
