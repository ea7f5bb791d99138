"""The parts of an object that a rule with `each` judges one by one: containers, volumes, or any list it names."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.checks.found import Path


class Item(NamedTuple):
    """One part: its value, where it stands below the list's root (`object` or `pod`), and how people call it."""

    value: Any
    path: Path
    label: str


class Each(NamedTuple):
    """
    What `each` means: the variable its items are bound to, the root they hang from (`object`, `pod` or `podMeta`), the
    lists below it, and which items count.
    """

    variable: str
    root: str
    lists: tuple[tuple[str, ...], ...]
    counts: Callable[[Any, str], bool] | None = None


def _is_sidecar(container: Any, _: str) -> bool:
    return isinstance(container, dict) and container.get("restartPolicy") == "Always"


def _runs_on(container: Any, listed_in: str) -> bool:
    return listed_in == "containers" or _is_sidecar(container, listed_in)


def _ends(container: Any, listed_in: str) -> bool:
    return not _is_sidecar(container, listed_in)


_CONTAINERS, _INIT, _EPHEMERAL = ("containers",), ("initContainers",), ("ephemeralContainers",)

NAMED: Mapping[str, Each] = {
    "container": Each("container", "pod", (_CONTAINERS,)),
    "init-container": Each("container", "pod", (_INIT,), _ends),
    "sidecar": Each("container", "pod", (_INIT,), _is_sidecar),
    "running-container": Each("container", "pod", (_CONTAINERS, _INIT), _runs_on),
    "started-container": Each("container", "pod", (_CONTAINERS, _INIT)),
    "any-container": Each("container", "pod", (_CONTAINERS, _INIT, _EPHEMERAL)),
    "volume": Each("volume", "pod", (("volumes",),)),
}
_PATH = re.compile(r"(object|pod|podMeta)((?:\.[A-Za-z][A-Za-z0-9]*(?:\[\])?)+)")
_WORDS = {"containers": "container", "initContainers": "init container", "ephemeralContainers": "ephemeral container"}


def each_of(said: str | Mapping[str, str]) -> Each:
    """What `each` in a rule means: a name of `NAMED`, or `{port: object.spec.ports}`, `{env: pod.containers[].env}`."""
    if isinstance(said, str):
        if said not in NAMED:
            raise ValueError(f"`each: {said}` is none of {', '.join(NAMED)}, and no mapping like `{{port: …}}`")
        return NAMED[said]
    ((variable, path),) = said.items()
    match = _PATH.fullmatch(path)
    if match is None:
        raise ValueError(f"`{path}` is no list such as `object.spec.ports` or `pod.containers[].env`")
    steps = tuple(step.removesuffix("[]") for step in match[2][1:].split("."))
    opened = [step.endswith("[]") for step in match[2][1:].split(".")]
    return Each(variable, match[1], (_with_marks(steps, opened),))


def _with_marks(steps: tuple[str, ...], opened: list[bool]) -> tuple[str, ...]:
    """`("containers", "[]", "env")`: `[]` stands for every element of the list before it."""
    marked: list[str] = []
    for step, is_open in zip(steps, opened, strict=True):
        marked += [step, "[]"] if is_open else [step]
    return tuple(marked)


def items_of(each: Each, root: Any) -> list[Item]:
    """The items below `root`; what is not a list of the expected form has none."""
    if not isinstance(root, dict):
        return []
    return [
        item
        for steps in each.lists
        if steps[0] in root  # for speed: most lists are not there
        for item in (_of_list(root, steps[0]) if len(steps) == 1 else _walk(root, (*steps, "[]"), (), ""))
        if each.counts is None or each.counts(item.value, steps[0])
    ]


def _of_list(root: dict[str, Any], name: str) -> list[Item]:
    """What `_walk` finds in a list that hangs from the root itself, as nearly all do."""
    listed = root[name]
    if not isinstance(listed, list):
        return []
    return [Item(value, (name, index), _called((name,), index, value)) for index, value in enumerate(listed)]


def _walk(value: Any, steps: tuple[str, ...], path: Path, label: str) -> Iterator[Item]:
    if not steps:
        yield Item(value, path, label)
        return
    step, *others = steps
    if step == "[]":
        for index, child in enumerate(value if isinstance(value, list) else ()):
            yield from _walk(child, tuple(others), (*path, index), _joined(label, _called(path, index, child)))
    elif isinstance(value, dict) and step in value:
        yield from _walk(value[step], tuple(others), (*path, step), label)


def _joined(outer: str, inner: str) -> str:
    return f"{outer} {inner}" if outer else inner


def _called(path: Path, index: int, value: Any) -> str:
    """`container web`, or `port 0` for what has no name."""
    list_name = str(path[-1]) if path else ""
    name = value.get("name") if isinstance(value, dict) else value
    # `ingress` is one already.
    word = _WORDS.get(list_name, list_name if list_name.endswith("ss") else list_name.removesuffix("s"))
    return f"{word} {name}" if isinstance(name, str) and name else f"{word} {index}"
