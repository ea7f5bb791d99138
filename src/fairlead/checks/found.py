"""A finding of a check, with the object and the line it is about."""

import ast
import re
from functools import lru_cache

from fairlead.model.finding import Finding

Path = tuple[str | int, ...]
_STEP = re.compile(r"\[(\d+)\]|\[((?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))\]|\.?([^.\[\]]+)")


class Found(Finding, frozen=True, kw_only=True):
    """
    `subject` is the object as people write it (`Deployment shop/cart`), `item` the part of it (`container web`).

    `path` is the field from the object's root (`spec.template.spec.containers[0].image`); `file` is empty for what
    came from a cluster, `line` and `column` count from 1 and are 0 where they are not known. `evidence` says what it
    rests on where that is not the manifest alone.
    """

    title: str = ""
    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    item: str = ""
    path: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    document: int = 0
    evidence: str = ""


@lru_cache(maxsize=4096)  # most findings point at the same few fields
def path_text(path: Path) -> str:
    """`("spec", "containers", 0, "image")` as `spec.containers[0].image`; keys with dots or slashes are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("-", "").replace("_", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text


def path_steps(text: str) -> Path:
    """What `path_text` made the text of."""
    return tuple(
        int(number) if number else ast.literal_eval(quoted) if quoted else plain
        for number, quoted, plain in _STEP.findall(text)
    )
