"""Builds Kustomize folders with `kustomize build` or `kubectl kustomize`, and knows which files they take in."""

import shutil
from pathlib import Path
from typing import Any

from fairlead.manifests import documents, text
from fairlead.manifests.decoded import DocumentError
from fairlead.manifests.found import Options
from fairlead.manifests.rendering import RenderError, run

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_RESOURCES = ("resources", "bases", "components", "crds", "generators", "transformers", "configurations")
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements")


class Folder:
    """A folder with a kustomization file, and what that names: `resources`, `patches` (both on this disk), `remote`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = next(folder / name for name in FILES if (folder / name).is_file())
        content = _content(self.file)
        self.is_component = content.get("kind") == "Component"
        named = [entry for field in _RESOURCES for entry in _names(content.get(field))]
        self.remote = [name for name in named if _is_remote(name)]
        self.resources = [(folder / name).resolve() for name in named if not _is_remote(name)]
        self.patches = [(folder / name).resolve() for field in _PATCHES for name in _names(content.get(field))]


def build(folder: Folder, options: Options) -> bytes:
    """All manifests of a folder. RenderError where no tool is there, one fails, or something would be fetched."""
    remote = _remote_below(folder, set())
    if remote:
        raise RenderError(f"takes in `{remote}`, and nothing is fetched from the network")
    if kustomize := shutil.which("kustomize"):
        return run([kustomize, "build", folder.folder.absolute()], options.render_seconds)
    if kubectl := shutil.which("kubectl"):
        return run([kubectl, "kustomize", folder.folder.absolute()], options.render_seconds)
    raise RenderError("neither `kustomize` nor `kubectl` is installed")


def is_folder(path: Path) -> bool:
    return any((path / name).is_file() for name in FILES)


def _remote_below(folder: Folder, seen: set[Path]) -> str:
    """The first remote base of a folder or of what it takes in; empty where there is none."""
    if folder.remote:
        return folder.remote[0]
    seen.add(folder.folder.resolve())
    for resource in folder.resources:
        if resource in seen or not is_folder(resource):
            continue
        if remote := _remote_below(Folder(resource), seen):
            return remote
    return ""


def _content(file: Path) -> dict[str, Any]:
    """What the file says; empty where it cannot be read: the tool will tell why."""
    try:
        found = documents.split(text.decode(file.read_bytes()))
        value = documents.decode(found[0]).value if found else None
    except (OSError, text.NotTextError, DocumentError):
        return {}
    return value if isinstance(value, dict) else {}


def _names(entries: Any) -> list[str]:
    """Paths, given as strings or as `path: …`; inline patches have line feeds and are none."""
    if not isinstance(entries, list):
        return []
    paths = [entry.get("path") if isinstance(entry, dict) else entry for entry in entries]
    return [path for path in paths if isinstance(path, str) and path and "\n" not in path and "\0" not in path]


def _is_remote(name: str) -> bool:
    return "://" in name or "?ref=" in name or name.startswith(("git@", "git::", "github.com/", "github.com:"))
