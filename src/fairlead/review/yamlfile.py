"""Small YAML files of our own: tables of rules, and the configuration."""

import io
from typing import Any

from fairlead.model.errors import UsageError


def plain(text: bytes, file: str) -> Any:
    """The one document as Kubernetes would read it; UsageError with the line where it cannot be read."""
    from fairlead.manifests import decoded, exact  # slow to load, and mostly there is nothing to read

    try:
        read = exact.decode(text.decode())
    except decoded.DocumentError as error:
        raise UsageError(f"is not YAML: {error.what}", place=f"{file}:{error.line}") from error
    except UnicodeDecodeError as error:
        raise UsageError("is not UTF-8", place=file) from error
    for repeated in read.repeated:
        raise UsageError(f"`{repeated.key}` stands twice in its mapping", place=f"{file}:{repeated.line}")
    return read.value


def text(value: Any) -> str:
    """As people write it."""
    from ruamel.yaml import YAML

    writer = YAML()
    writer.width = 100
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue()
