"""`.fairlead-check.yaml`: what a folder of manifests is always judged by, and its exceptions."""

from pathlib import Path
from typing import Any

import msgspec

from fairlead.model.errors import UsageError
from fairlead.model.finding import Severity
from fairlead.review import yamlfile
from fairlead.review.exceptions import CentralException

NAME = ".fairlead-check.yaml"


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """
    Words as on the command line, which comes before it. `rules` are folders of own rules, from where the file is;
    `params` are by rule id and name, `severities` by rule id.
    """

    rules: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    everything: bool = False
    fail_on: str = ""
    kubernetes_version: str = ""
    params: dict[str, dict[str, Any]] = {}
    severities: dict[str, Severity] = {}
    exceptions: tuple[CentralException, ...] = ()


def read_configuration(path: Path | None) -> Configuration:
    """The named file, else `.fairlead-check.yaml` here, else nothing; UsageError names the field that is wrong."""
    named = path or Path(NAME)
    try:
        text = named.read_bytes()
    except FileNotFoundError as error:
        if path is None:
            return Configuration()
        raise UsageError("there is no such file", place=str(named)) from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=str(named)) from error
    try:
        read = msgspec.convert(yamlfile.plain(text, str(named)) or {}, Configuration)
    except msgspec.ValidationError as error:
        raise UsageError(
            str(error), place=str(named), hint="docs/guides/check.md shows what may stand in it"
        ) from error
    folder = named.parent
    return msgspec.structs.replace(read, rules=tuple(str(folder / each) for each in read.rules))
