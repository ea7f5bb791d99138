"""From the object a finding is about to the line of its field, for files that can still be read."""

from collections.abc import Iterable, Iterator

import msgspec

from fairlead.checks.found import Found, path_steps
from fairlead.manifests import Read
from fairlead.snapshot.objects import KubeObject

# Finding a field reads its document once more with all its places: half a second for each of these sizes.
_LARGEST = 1_000_000

_Key = tuple[str, int, int, int, str]


def located(findings: Iterable[Found], read: Read) -> Iterator[Found]:
    """What is rendered, of a cluster or in a very large file keeps the place of its object."""
    # A parser of YAML, which takes its time to load, and is not asked where nothing is found.
    from fairlead.manifests.places import locate

    by_key: dict[_Key, KubeObject] = {}
    text, file = "", None
    for found in sorted(findings, key=lambda found: (found.file, found.document)):
        if not found.line or not found.path:
            yield found
            continue
        # Only now: of a thousand objects most are clean.
        by_key = by_key or {_key_of(each): each for each in read.objects}
        if found.file != file:
            text, file = read.text_of(found.file), found.file
        if len(text) > _LARGEST:
            yield found
            continue
        within = by_key[_key(found)].place.path if _key(found) in by_key else ()
        place = locate(text, found.document, (*within, *path_steps(found.path)), found.file)
        yield msgspec.structs.replace(found, line=place.line, column=place.column) if place.line else found


def _key_of(each: KubeObject) -> _Key:
    return (each.place.file, each.place.document, each.place.line, each.place.column, each.ref)


def _key(found: Found) -> _Key:
    return (found.file, found.document, found.line, found.column, found.subject)
