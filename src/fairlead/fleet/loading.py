"""Reads a fleet file; what is wrong with it is told with file, line, path and a hint, as much at once as can be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError

from fairlead.fleet.file import Fleet
from fairlead.fleet.meaning import mistakes_in
from fairlead.fleet.paths import Mistake, from_msgspec, parts_of
from fairlead.model import wire
from fairlead.model.errors import UsageError


class Line(NamedTuple):
    """Where a mistake stands."""

    number: int | None
    mistake: Mistake


def load_fleet(path: Path) -> Fleet:
    """The fleet of a file; UsageError names every mistake that could be found in one reading."""
    document = _read(path)
    try:
        fleet = wire.convert(_plain(document), Fleet)
    except msgspec.ValidationError as error:
        raise _as_error(path, document, [from_msgspec(str(error))]) from None
    if mistakes := list(mistakes_in(fleet)):
        raise _as_error(path, document, mistakes)
    return fleet


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no fleet file `{path}`",
            hint="`fairlead fleet init` writes one; `--fleet FILE` or FAIRLEAD_FLEET names another",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the fleet file cannot be read: {error}", place=str(path)) from error
    try:
        document = YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        raise _not_yaml(path, error, "a key stands twice: which one is meant?") from None
    except MarkedYAMLError as error:
        raise _not_yaml(path, error, "it is not YAML: look at the indentation and quotes near this line") from None
    if not isinstance(document, CommentedMap):
        raise UsageError("expected a mapping with `apiVersion`, `kind`, `metadata` and `spec`", place=str(path))
    return document


def _not_yaml(path: Path, error: MarkedYAMLError, hint: str) -> UsageError:
    mark = error.problem_mark or error.context_mark
    place = f"{path}:{mark.line + 1}" if mark else str(path)
    return UsageError((error.problem or str(error)).splitlines()[0].strip(), place=place, hint=hint)


def _plain(value: Any) -> Any:
    """Plain dicts, lists and scalars: ruamel's own types carry comments and lines that msgspec need not know."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _as_error(path: Path, document: Any, mistakes: list[Mistake]) -> UsageError:
    lines = sorted((Line(_line_of(document, each.path), each) for each in mistakes), key=lambda each: each.number or 0)
    texts = [f"{path}:{line.number or 1}: {line.mistake}" for line in lines]
    hints = dict.fromkeys(line.mistake.hint for line in lines if line.mistake.hint)
    return UsageError("\n       ".join(texts), hint="; ".join(hints))


def _line_of(document: Any, path: str) -> int | None:
    """The line of the deepest part of the path that the file has."""
    number: int | None = None
    here = document
    for part in parts_of(path):
        found = _mark(here, part)
        if found is None:
            break
        number, here = found
    return number


def _mark(here: Any, part: str | int) -> tuple[int, Any] | None:
    if isinstance(here, CommentedMap) and part in here:
        return here.lc.key(part)[0] + 1, here[part]
    if isinstance(here, CommentedSeq) and isinstance(part, int) and part < len(here):
        return here.lc.item(part)[0] + 1, here[part]
    return None


def names_of(path: Path) -> Iterator[str]:
    """Cluster names for completion: nothing where the file cannot be read."""
    try:
        fleet = load_fleet(path)
    except UsageError:
        return
    yield from (cluster.name for cluster in fleet.spec.clusters)
