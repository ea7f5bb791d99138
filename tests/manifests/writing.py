"""Manifests as a person would write them, for the tests."""

import io
from pathlib import Path

from fairlead.manifests import Options, Problem, Read, read

CART = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
spec:
  replicas: 2
  template:
    metadata:
      labels: {app: cart}
    spec:
      containers:
        - name: main
          image: example.com/cart:1.0.2
"""


def config(name: str = "settings", more: str = "") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{more}"


def read_text(text: str | bytes, options: Options | None = None) -> Read:
    """As standard input."""
    data = text if isinstance(text, bytes) else text.encode()
    return read(["-"], stdin=io.BytesIO(data), options=options)


def names(found: Read) -> list[str]:
    return [each.name for each in found.objects]


def only_problem(found: Read) -> Problem:
    assert len(found.problems) == 1, found.problems
    return found.problems[0]


def at(problem: Problem) -> tuple[int, int]:
    return problem.place.line, problem.place.column


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Write files below a folder, making the folders they need."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
