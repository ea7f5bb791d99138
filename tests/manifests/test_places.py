"""A finding names the line a person has to change."""

import json

import pytest

from fairlead.manifests import locate
from manifests.writing import CART, config, read_text

CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ((), 1, 1),
        (("kind",), 2, 1),
        (("metadata", "name"), 4, 3),
        ((*CONTAINER, "image"), 14, 11),
        (CONTAINER, 13, 11),
        (("spec", "template", "metadata", "labels", "app"), 10, 16),
        ((*CONTAINER, "resources", "limits"), 13, 11),  # not there: its nearest parent
        ((*CONTAINER[:-1], 7, "image"), 12, 7),
        (("nothing",), 1, 1),
    ],
)
def test_a_field_is_found_by_its_path(path: tuple[str | int, ...], line: int, column: int) -> None:
    place = locate(CART, 0, path)
    assert (place.line, place.column) == (line, column)


def test_the_document_counts() -> None:
    text = f"# words\n---\n{config()}---\n---\n{CART}"
    assert locate(text, 0, ("metadata", "name")).line == 6
    assert locate(text, 2, ("metadata", "name")).line == 12
    assert locate(text, 1, ("metadata", "name")).line == 0


def test_a_document_beside_its_separator_has_a_place() -> None:
    found = read_text("--- {apiVersion: v1, kind: A, metadata: {name: a}}\n")
    assert str(found.objects[0].place) == "<stdin>:1:5"
    assert str(found.place_of(found.objects[0], ("kind",))) == "<stdin>:1:22"


def test_a_merged_field_stands_where_it_was_written() -> None:
    text = "base: &base {image: x}\nmain:\n  <<: *base\n  name: y\n"
    assert locate(text, 0, ("main", "image")).line == 1
    assert locate(text, 0, ("main", "name")).line == 4


LISTED = [
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}},
]


def test_each_item_of_a_list_keeps_its_place() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        f"- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {name}\n" for name in "ab"
    )
    found = read_text(f"---\n{text}")
    assert [(each.name, each.place.line) for each in found.objects] == [("a", 5), ("b", 9)]
    assert found.place_of(found.objects[1], ("metadata", "name")).line == 12


def test_items_of_a_list_in_json_keep_their_place() -> None:
    found = read_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": LISTED}, indent=1))
    assert [each.place.line for each in found.objects] == [5, 12]
    assert found.place_of(found.objects[1], ("metadata", "name")).line == 16


def test_lists_in_lists_are_opened() -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": LISTED}
    found = read_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [inner, LISTED[0]]}))
    assert [each.place.path for each in found.objects] == [
        ("items", 0, "items", 0),
        ("items", 0, "items", 1),
        ("items", 1),
    ]


def test_several_json_values_are_read_one_after_the_other() -> None:
    found = read_text("\n".join(json.dumps(each) for each in LISTED))
    assert [(each.name, each.place.line) for each in found.objects] == [("a", 1), ("b", 2)]
