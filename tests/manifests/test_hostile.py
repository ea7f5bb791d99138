"""Broken and hostile input is told with its place, in little time, and the rest is read."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.manifests import PROBLEMS, Options, read
from manifests.writing import CART, at, config, names, only_problem, read_text, write

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(9 * ['*' + before])}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
# What is wrong, its id, its line and column; an ordinary document follows each.
BROKEN = {
    "an open quote": (config(more="  x: 'y\n"), "DEL001", (6, 1)),
    "a bad indentation": ("a: 1\n b: 2\n", "DEL001", (2, 3)),
    "an unknown anchor": ("a: *b\n", "DEL001", (1, 4)),
    "a control character": ("a: b\nc: \x07\n", "DEL001", (2, 4)),
    "a number that JSON lacks": (config(more="  x: .inf\n"), "DEL001", (5, 6)),
    "a tab": ("apiVersion: v1\nmetadata:\n\tname: x\n", "DEL006", (3, 1)),
    "a template": ("kind: X\nmetadata:\n  name: {{ .Values.x }}\n", "DEL003", (3, 9)),
    "a template that is YAML": (config('"{{ .Values.x }}"'), "DEL003", (4, 3)),
    "another template": ("{% if x %}\na: b\n{% endif %}\n", "DEL003", (1, 1)),
    "a kind of five": ("apiVersion: v1\nkind: 5\nmetadata: {name: x}\n", "DEL007", (2, 1)),
    "a list of metadata": ("apiVersion: v1\nkind: X\nmetadata: []\n", "DEL007", (3, 1)),
    "a key that is a list": ("a: b\n? [c]\n: d\n", "DEL007", (2, 3)),
    "aliases of aliases": (LAUGHS, "DEL008", (6, 8)),
    "an anchor in itself": ("a: &a [*a]\n", "DEL008", (1, 8)),
    "brackets": ("a: " + "[" * 100_000 + "]" * 100_000 + "\n", "DEL009", (1, 203)),
    "dashes": ("- " * 100_000 + "\n", "DEL009", (1, 401)),
    "indentation": ("".join(" " * deep + "a:\n" for deep in range(1000)), "DEL009", (201, 201)),
    "depth by aliases": (
        "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [[[[[[[*a{n - 1}]]]]]]]\n" for n in range(1, 100)),
        "DEL009",
        (30, 18),
    ),
    "a scalar": ("hello\n", "DEL014", (1, 1)),
    "no kind": ("apiVersion: v1\nmetadata: {name: x}\n", "DEL014", (1, 1)),
}


@pytest.mark.parametrize(("text", "problem", "place"), BROKEN.values(), ids=BROKEN)
def test_a_broken_document_is_told_with_its_place_and_the_next_is_read(
    text: str, problem: str, place: tuple[int, int]
) -> None:
    found = read_text(f"# first\n---\n{config('before')}---\n{text}---\n{CART}")
    told = only_problem(found)
    # A comment, two separators and the document before stand above.
    assert (told.id, at(told)) == (problem, (place[0] + 7, place[1]))
    assert told.place.document == 1
    assert names(found) == ["before", "cart"]


def test_a_deep_object_in_json_does_not_exhaust_the_stack() -> None:
    assert only_problem(read_text('{"a":' * 100_000 + "1" + "}" * 100_000)).id == "DEL009"


def test_a_repeated_key_is_told_and_the_object_still_read() -> None:
    found = read_text(config(more="  labels: {a: b}\n  labels: {c: d}\n"))
    told = only_problem(found)
    assert (told.id, at(told)) == ("DEL002", (6, 3))
    assert "first in line 5" in told.what
    assert found.objects[0].labels == {"c": "d"}


def test_wrong_types_in_an_object_leave_it_to_the_checks() -> None:
    found = read_text(CART.replace("{app: cart}", "{app: 5}").replace("containers:", "containers: {}\n      x:"))
    assert [(each.id, at(each)) for each in found.problems] == [("DEL007", (10, 16)), ("DEL007", (12, 7))]
    assert names(found) == ["cart"]


BYTES = {
    "NUL": (config().encode() + b"\0", (5, 1)),
    "binary": (bytes(range(256)) * 8, (1, 1)),
    "UTF-16": (config().encode("utf-16"), (0, 0)),
    "UTF-16 without a mark": (config().encode("utf-16-le"), (0, 0)),
    "Latin-1": (config("é").encode("latin-1"), (4, 9)),
}


@pytest.mark.parametrize(("data", "place"), BYTES.values(), ids=BYTES)
def test_what_is_no_text_is_told(data: bytes, place: tuple[int, int]) -> None:
    told = only_problem(read_text(data))
    assert told.id == "DEL004"
    if place != (1, 1):
        assert at(told) == place


def test_a_byte_order_mark_and_carriage_returns_are_no_matter() -> None:
    data = b"\xef\xbb\xbf" + f"{CART}---\n{config()}".replace("\n", "\r\n").encode()
    found = read_text(data)
    assert names(found) == ["cart", "settings"]
    assert (found.objects[1].place.line, found.objects[1].raw["metadata"]) == (16, {"name": "settings"})


def test_empty_documents_are_nothing() -> None:
    found = read_text(f"---\n---\n# only words\n---\n{config()}---\n\n")
    assert (names(found), found.problems) == (["settings"], [])
    assert found.objects[0].place.document == 2


def test_a_file_beyond_the_limit_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    told = only_problem(read([tmp_path / "large.yaml"]))
    assert (told.id, told.what) == ("DEL005", "has 100 MB; files up to 32 MB are read")


def test_standard_input_beyond_the_limit_is_not_read_to_its_end() -> None:
    assert only_problem(read_text(config() * 100, Options(largest_file=1000))).id == "DEL005"


def test_all_files_together_have_a_limit(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": config("a"), "b.yaml": config("b")})
    found = read([tmp_path], options=Options(largest_total=len(config("a")) + 5))
    assert names(found) == ["a"]
    assert only_problem(found).id == "DEL005"


def test_of_very_many_problems_the_first_are_told() -> None:
    found = read_text("".join(f"--- {number}\n" for number in range(5000)))
    assert len(found.problems) == 101
    assert found.problems[-1].what == "and 4,900 problems more in this file"


def test_very_many_documents_are_refused_at_once() -> None:
    assert only_problem(read_text("--- 1\n" * 200_000)).id == "DEL005"


def test_nothing_is_written_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    read_text("a: [1,,2]\n---\na: 'x\n---\na:\n\t- b\n")
    assert capfd.readouterr() == ("", "")


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "broken.yaml").symlink_to(tmp_path / "absent")
    write(tmp_path, {"good.yaml": config()})
    found = read([tmp_path, tmp_path / "absent.yaml", "a\0b.yaml"])
    assert names(found) == ["settings"]
    assert {each.id for each in found.problems} == {"DEL010"}
    assert [Path(each.place.file).name for each in found.problems[:3]] == ["broken.yaml", "loop.yaml", "absent.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"secret.yaml": config()})
    (tmp_path / "secret.yaml").chmod(0)
    assert only_problem(read([tmp_path])).what == "cannot be opened: permission denied"


PIECES = st.sampled_from(
    [CART, config(), "---\n", "\n", "{", "}", "[", "&a ", "*a", "<<: ", "!x ", "\t", "{{ x }}", "'"]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))


@given(st.one_of(TEXTS.map(lambda text: text.encode("utf-8", "replace")), st.binary(max_size=300)))
def test_whatever_is_given_an_answer_comes(data: bytes) -> None:
    found = read_text(data)
    assert {each.id for each in found.problems} <= PROBLEMS.keys()
    for each in found.objects:
        assert each.ref
        assert found.place_of(each, ("metadata", "name")).line >= each.place.line


@given(st.integers(0, len(CART)), st.integers(0, 6), st.text(max_size=4))
def test_a_mutilated_manifest_is_read_or_told(begin: int, length: int, instead: str) -> None:
    text = CART[:begin] + instead + CART[begin + length :]
    found = read_text(f"{text}\n---\n{config()}".encode("utf-8", "replace"))
    assert found.problems or found.objects
    assert {each.id for each in found.problems} <= PROBLEMS.keys()
