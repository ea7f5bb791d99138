"""Gives options their types without pydantic, whose import alone takes longer than judging a folder of manifests."""

import types
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import typer
from typer.core import TyperGroup

_PLAIN = (None, str, int, Path)


class Plain:
    """Turns a parameter's words into its type, as Typer asks: str, bool, int, Path, an Enum, or a list of one."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        many = param.multiple or param.nargs == -1
        if value is None:
            return [] if many else None
        return [self._one(each, param, ctx) for each in value] if many else self._one(value, param, ctx)

    def _one(self, value: Any, param: Any, ctx: Any) -> Any:
        if self._kind is None or isinstance(value, self._kind):
            return value
        try:
            return self._kind(value)
        except ValueError as error:
            known = [each.value for each in self._kind] if issubclass(self._kind, Enum) else ["a number"]
            raise typer.BadParameter(f"`{value}` is not {', '.join(known)}", ctx=ctx, param=param) from error


def kind_of(annotation: Any) -> Any:
    """`Path` of `list[Path] | None`; None for a flag."""
    while get_origin(annotation) in {list, Union, types.UnionType}:
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    return None if annotation is bool else annotation


class PlainGroup(TyperGroup):
    """A group whose own options are read by `Plain`."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)
        for param in params:
            kind = kind_of(param.type_descriptor.annotation)
            if kind in _PLAIN or (isinstance(kind, type) and issubclass(kind, Enum)):
                param._runtime_param = Plain(kind)  # noqa: SLF001  (Typer offers no other way)
        return params
