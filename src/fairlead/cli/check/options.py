"""Options that several commands of `fairlead check` take."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from fairlead.model.errors import UsageError

RulesOption = Annotated[list[Path] | None, typer.Option("--rules", help="A folder of own rules, besides Fairlead's.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Instead of `.fairlead-check.yaml` in this folder.")
]
_VERSION = re.compile(r"v?1\.(\d{1,3})(?:[.+-].*)?", re.ASCII)


def minor_of(version: str) -> int | None:
    """34 of `1.34`, `v1.34.2` and `1.34.1-gke.1`; None of nothing."""
    if not version:
        return None
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise UsageError(f"`{version}` is no Kubernetes version such as `1.34`", place="--kubernetes-version")
    return int(match[1])


@contextmanager
def without_collection() -> Iterator[None]:
    """Objects are trees without cycles: looking for some after every few thousand objects costs half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
