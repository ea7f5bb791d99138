"""Where the embedded engine keeps its files, and which Temporal binary it runs."""

import os
import shutil
from pathlib import Path

from fairlead.model.errors import UsageError
from fairlead.twin.tools import ensure


def engine_folder() -> Path:
    """`$XDG_STATE_HOME/fairlead/engine`: database, logs and who runs."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "fairlead/engine"


def temporal_binary() -> Path:
    """`FAIRLEAD_TEMPORAL`, else `temporal` on PATH, else the one the twin's tools hold (built if it must be)."""
    named = os.environ.get("FAIRLEAD_TEMPORAL")
    if named:
        if not os.access(named, os.X_OK):
            raise UsageError("is not an executable file", place=f"FAIRLEAD_TEMPORAL=`{named}`")
        return Path(named)
    found = shutil.which("temporal")
    return Path(found) if found else ensure(["temporal"])["temporal"]
