"""Walks folders: which files to read, which folders are charts or Kustomize folders; each folder once."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from fairlead.manifests import helm, kustomize

SUFFIXES = (".yaml", ".yml", ".json")
_SKIPPED = frozenset({"node_modules", "bower_components", "__pycache__", "venv", "site-packages"})
_DEEPEST = 64


class Chart(msgspec.Struct, frozen=True):
    folder: Path


class Kustomization(msgspec.Struct, frozen=True):
    folder: Path


class File(msgspec.Struct, frozen=True):
    path: Path


class Unreadable(msgspec.Struct, frozen=True):
    path: Path
    why: str


Found = Chart | Kustomization | File | Unreadable


def walk(folder: Path) -> Iterator[Found]:
    """Everything to read below a folder, sorted; hidden files and folders are passed over, links followed once."""
    seen: set[tuple[int, int]] = set()
    waiting = [(folder, 0)]
    while waiting:
        path, depth = waiting.pop()
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in seen or depth > _DEEPEST:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            yield Unreadable(path, (error.strerror or str(error)).lower())
            continue
        names = {entry.name for entry in entries}
        if helm.CHART_FILE in names:
            yield Chart(path)
            continue
        if names & set(kustomize.FILES):
            yield Kustomization(path)
        yield from _files(entries)
        below = [Path(entry.path) for entry in entries if _is_worth_walking(entry)]
        waiting += [(each, depth + 1) for each in reversed(below)]


def _files(entries: list[os.DirEntry[str]]) -> Iterator[Found]:
    for entry in entries:
        if entry.name.startswith(".") or not entry.name.endswith(SUFFIXES) or entry.name in kustomize.FILES:
            continue
        try:
            # A broken or circular link is no folder either: opening it will tell.
            is_folder = entry.is_dir()
        except OSError:
            is_folder = False
        if not is_folder:
            yield File(Path(entry.path))


def _is_worth_walking(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in _SKIPPED:
        return False
    try:
        return entry.is_dir()
    except OSError:
        return False
