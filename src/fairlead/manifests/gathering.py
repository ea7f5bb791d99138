"""Makes objects of a document's value: `List`s are opened, what is malformed or no object becomes a problem."""

from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead.manifests.documents import Document
from fairlead.manifests.found import Problem, Read, locate
from fairlead.snapshot.objects import BUILT_IN_GROUPS, KubeObject, Place

# Read by programs on a person's machine, never by a cluster, though they look like objects.
_CLIENT_SIDE = ("kustomize.config.k8s.io/", "kind.x-k8s.io/", "skaffold/", "ctlptl.dev/", "k3d.io/", "cli.kyverno.io/")
_CLIENT_SIDE_KINDS = frozenset({("v1", "Config")})
_LISTS_IN_LISTS = 5


class Source(msgspec.Struct):
    """
    A text that documents come from. `named`: a person asked for just this, so that nothing in it is passed over.
    `lines`: whether its lines are those of `file`.
    """

    file: str
    text: str
    named: bool
    lines: bool = True


def gather(read: Read, source: Source, document: Document, value: Any) -> None:
    """Add to `read` what a document holds."""
    place = Place(source.file, document.first_line, document.first_column, document.number)
    if not source.lines:
        place = Place(source.file, document=document.number)
    _Gatherer(read, source, document).take(value, place)


class _Gatherer:
    def __init__(self, read: Read, source: Source, document: Document) -> None:
        self._read = read
        self._source = source
        self._document = document

    def take(self, value: Any, place: Place) -> None:
        """An object, a list of objects, or neither."""
        if _is_list(value):
            self._open(value, place)
            return
        if not isinstance(value, dict):
            self._pass_over(place, f"is {_name_of(value)}, not an object")
            return
        if not _looks_like_object(value):
            self._pass_over(place, "has no `apiVersion`, `kind` and `metadata`")
            return
        if not self._problem_of_identity(value, place):
            self._add(value, place)

    def _open(self, value: dict[str, Any], place: Place) -> None:
        listed = value["items"]
        if len(place.path) >= 2 * _LISTS_IN_LISTS:
            self._report("DEL009", place, (), f"lists within lists, more than {_LISTS_IN_LISTS} deep")
            return
        places = _places_of_items(self._document) if place.line and not place.path else []
        for number, item in enumerate(listed):
            line, column = places[number] if number < len(places) else (place.line, place.column)
            path = (*place.path, "items", number)
            self.take(item, msgspec.structs.replace(place, line=line, column=column, path=path))

    def _pass_over(self, place: Place, what: str) -> None:
        if self._source.named or place.path:
            hint = "only Kubernetes objects can be checked"
            self._read.problems.append(Problem("DEL014", place, what, hint))

    def _problem_of_identity(self, value: dict[str, Any], place: Place) -> bool:
        for field in ("apiVersion", "kind"):
            if field not in value:
                self._report("DEL014", place, (), f"has no `{field}`, which every object needs")
                return True
            if not isinstance(value[field], str) or not value[field]:
                self._report("DEL007", place, (field,), f"`{field}` has to be a string, not {_name_of(value[field])}")
                return True
        metadata = value.get("metadata")
        if metadata is not None and not isinstance(metadata, dict):
            what = f"`metadata` has to be a mapping, not {_name_of(metadata)}"
            self._report("DEL007", place, ("metadata",), what)
            return True
        return self._is_template(value, place)

    def _is_template(self, value: dict[str, Any], place: Place) -> bool:
        name = (value.get("metadata") or {}).get("name")
        if "{{" not in value["kind"] and not (isinstance(name, str) and "{{" in name):
            return False
        where = self._locate(place, ("metadata", "name"))
        self._read.problems.append(
            Problem("DEL003", where, "looks like a Helm template that was not rendered", "give the chart's folder")
        )
        return True

    def _add(self, value: dict[str, Any], place: Place) -> None:
        each = KubeObject(value, place)
        self._read.objects.append(each)
        for path, what in _wrong_types(each):
            self._report("DEL007", place, path, what)

    def _report(self, id: str, place: Place, path: tuple[str | int, ...], what: str) -> None:  # noqa: A002
        self._read.problems.append(Problem(id, self._locate(place, path), what))

    def _locate(self, place: Place, path: tuple[str | int, ...]) -> Place:
        if not place.line or not path:
            return place
        found = locate(self._source.text, place.document, (*place.path, *path), place.file)
        return found if found.line else place


def _places_of_items(document: Document) -> list[tuple[int, int]]:
    from fairlead.manifests.places import items

    return items(document)


def _is_list(value: Any) -> bool:
    """`List`, and what the API server answers for a kind: `PodList`."""
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return False
    kind = value.get("kind")
    return isinstance(kind, str) and kind.endswith("List") and "spec" not in value


def _looks_like_object(value: dict[str, Any]) -> bool:
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(api_version, str) and isinstance(kind, str):
        if api_version.startswith(_CLIENT_SIDE) or (api_version, kind) in _CLIENT_SIDE_KINDS:
            return False
        # Configuration files of components have a kind and no metadata; an object of Kubernetes needs it.
        return "metadata" in value or api_version.rpartition("/")[0] in BUILT_IN_GROUPS
    return "metadata" in value and ("apiVersion" in value or "kind" in value)


def _wrong_types(each: KubeObject) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What the API server cannot decode, of the fields that every kind has and of pods."""
    metadata = each.raw.get("metadata")
    if metadata is None:
        # Said, and judged all the same: the rest of it may be worth hearing about.
        yield ("metadata",), "has no `metadata`, which every object needs"
        return
    for field in ("name", "namespace", "generateName"):
        if metadata.get(field) is not None and not isinstance(metadata[field], str):
            yield ("metadata", field), f"`{field}` has to be a string, not {_name_of(metadata[field])}"
    yield from _wrong_strings(metadata, ("metadata",))
    if "spec" in each.raw and each.raw["spec"] is not None and not isinstance(each.raw["spec"], dict):
        yield ("spec",), f"`spec` has to be a mapping, not {_name_of(each.raw['spec'])}"
    if each.pod_spec is not None:
        yield from _wrong_types_of_pod(each, each.pod_spec)


def _wrong_types_of_pod(each: KubeObject, spec: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    path = each.pod_path
    if len(path) > 1:
        yield from _wrong_strings(each.pod_metadata, (*path[:-1], "metadata"))
    for field in ("containers", "initContainers", "ephemeralContainers", "volumes"):
        listed = spec.get(field)
        if listed is not None and not isinstance(listed, list):
            yield (*path, field), f"`{field}` has to be a list, not {_name_of(listed)}"
            continue
        for number, item in enumerate(listed or ()):
            if not isinstance(item, dict):
                yield (*path, field, number), f"an item of `{field}` has to be a mapping, not {_name_of(item)}"


def _wrong_strings(
    metadata: dict[str, Any], path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for field in ("labels", "annotations"):
        values = metadata.get(field)
        if values is None:
            continue
        if not isinstance(values, dict):
            yield (*path, field), f"`{field}` has to be a mapping, not {_name_of(values)}"
            continue
        for key, value in values.items():
            if value is not None and not isinstance(value, str):
                yield (*path, field, key), f"the value of `{key}` has to be a string, not {_name_of(value)}: quote it"


def _name_of(value: Any) -> str:
    """A type in YAML's words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "a mapping"
