"""Where built tools are kept: `$XDG_CACHE_HOME/fairlead/bin/<key>/<tool>`, outside of any checkout."""

import os
from pathlib import Path

from fairlead.model.errors import FairleadError
from fairlead.model.version import Version
from fairlead.twin.tools.recipes import Tool, find


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/fairlead`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairlead"


def place_of(tool: Tool) -> Path:
    """Where the binary is once it is built."""
    return cache_folder() / "bin" / tool.key / tool.recipe.name


def path(name: str, version: Version | None = None) -> Path:
    """The built binary; UsageError for an unknown tool or version, FairleadError where it is not built yet."""
    tool = find(name, version)
    place = place_of(tool)
    if not place.exists():
        raise FairleadError(f"`{tool}` is not built yet", hint="`fairlead twin build` builds all tools once")
    return place
