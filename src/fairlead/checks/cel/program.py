"""Compiled expressions, and how they are kept between two starts."""

import marshal
import sys
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, FunctionType
from typing import Any

from fairlead.checks.cel.errors import CelSyntaxError
from fairlead.checks.cel.runtime import GLOBALS

# A variable, and up to two fields below it; `PRESENCE` after them where their value does not matter.
Reads = tuple[tuple[str, ...], ...]
PRESENCE = ""

# Raised whenever generated code changes its meaning: what was kept before is then compiled anew.
_FORMAT = 5
_MAGIC = f"fairlead-cel/{_FORMAT}/{sys.implementation.cache_tag}/{sys.hexversion:x}\n".encode()


class Program:
    """
    One expression as a function.

    `evaluate` takes the values of its variables, plain JSON, and gives the expression's value. CelError where CEL has
    an error, also where a variable the expression uses is not there. `reads` are the paths to all that its value
    depends on, of the variable and up to two fields.
    """

    __slots__ = ("_code", "evaluate", "names", "reads", "source")

    evaluate: Callable[[Mapping[str, Any]], Any]

    def __init__(self, source: str, names: tuple[str, ...], code: CodeType, reads: Reads) -> None:
        self.source = source
        self.names = names
        self.reads = reads
        self._code = code
        self.evaluate = FunctionType(code, GLOBALS)

    def __repr__(self) -> str:
        return f"Program({self.source!r})"


def compile_program(source: str, names: Iterable[str] = ()) -> Program:
    """
    Read an expression that may use the variables in `names`.

    CelSyntaxError, with line and column, for what the API server would refuse: syntax, unknown names and functions,
    wrong numbers and types of arguments.
    """
    from fairlead.checks.cel.compiler import compiled

    known = tuple(names)
    try:
        return Program(source, known, *compiled(source, known))
    except RecursionError:
        raise CelSyntaxError("the expression is nested too deeply") from None


def dump(programs: Iterable[Program]) -> bytes:
    """Programs as bytes for `load`. They are code: read back only what you wrote, from where nobody else may write."""
    return _MAGIC + marshal.dumps([(each.source, each.names, each._code, each.reads) for each in programs])  # noqa: SLF001


def load(kept: bytes) -> list[Program]:
    """ValueError where another version of Python or of this package wrote them, or where they are broken."""
    if not kept.startswith(_MAGIC):
        raise ValueError("these programs were compiled by another version")
    try:
        entries = marshal.loads(kept[len(_MAGIC) :])  # noqa: S302  (the caller answers for where they come from)
        return [Program(source, names, code, reads) for source, names, code, reads in entries]
    except (EOFError, TypeError) as error:
        raise ValueError("these programs are incomplete") from error
