"""Places found without a parser of YAML are those that the parser tells."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairlead.manifests.exact_tree import exact_tree
from fairlead.manifests.plain_tree import Node, plain_tree

_WORDS = st.sampled_from(["a", "b", "name", "image", "app.kubernetes.io/name"])
_VALUES = st.sampled_from(
    [
        "",
        "x",
        "1",
        "a:1.0",
        "'x: y'",
        '"- x"',
        "x  # y",
        "# y",
        "[a, b]",
        "{a: b}",
        "|",
        "&x y",
        "*x",
        "x y",
        "- x",
        "on",
    ]
)
_LINES = st.builds(
    lambda indentation, dashes, key, value: f"{' ' * indentation}{'- ' * dashes}{key + ':' if key else ''} {value}",
    st.integers(0, 5),
    st.integers(0, 2),
    st.one_of(st.just(""), _WORDS),
    _VALUES,
)


def _shown(node: Node) -> Any:
    fields = {name: (below.line, below.column, _shown(below)) for name, below in node.fields.items()}
    return fields, [(below.line, below.column, _shown(below)) for below in node.items]


@given(st.lists(_LINES, min_size=1, max_size=6))
def test_whatever_is_plain_is_as_the_parser_has_it(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    plain, exact = plain_tree(text), exact_tree(text)
    if plain is not None and exact is not None:
        assert _shown(plain) == _shown(exact), text


def test_ordinary_manifests_need_no_parser() -> None:
    text = """\
# a comment
apiVersion: v1
metadata:
  labels: # another
    app.kubernetes.io/name: "cart"
spec:
  containers:
  - name: web
    image: registry.example:5000/shop/cart:1.0
    args:
      - --level=info
      - 'a b'
"""
    tree = plain_tree(text)
    assert tree is not None
    container = tree.fields["spec"].fields["containers"].items[0]
    assert (container.line, container.column) == (8, 5)
    assert [(each.line, each.column) for each in container.fields["args"].items] == [(11, 9), (12, 9)]


def test_what_a_parser_has_to_tell_is_left_to_it() -> None:
    for text in ("a: |\n  b: c\n", "a: [b]\n", "a: b\n  c\n", "a: &x b\n", "? a\n: b\n", "on: a\n", "a:\n\tb: c\n"):
        assert plain_tree(text) is None, text
