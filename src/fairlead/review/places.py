"""From the object a finding is about to the line of its field, for files that can still be read."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from fairlead.checks.found import Found, path_steps
from fairlead.manifests.places import locate


def located(findings: Iterable[Found]) -> Iterator[Found]:
    """What has no text of its own (standard input, a rendered chart, a cluster) keeps the place of its object."""
    texts: dict[str, str] = {}
    for found in findings:
        if not found.file or not found.path:
            yield found
            continue
        if found.file not in texts:
            texts[found.file] = _text_of(found.file)
        place = locate(texts[found.file], found.document, path_steps(found.path), found.file)
        yield msgspec.structs.replace(found, line=place.line, column=place.column) if place.line else found


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
