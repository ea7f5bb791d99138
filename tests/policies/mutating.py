"""Objects made from others by chance: fields dropped, emptied, wrongly filled, or filled as another object has them."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from fairlead.snapshot.objects import KubeObject

Path = tuple[str | int, ...]
_WRONG: tuple[Any, ...] = (None, [], {}, "", "x", "*", 0, 1, -1, 100000, True, False, "50%", "1Gi", "Never", "Always")
_KEPT = frozenset({("kind",), ("apiVersion",), ("metadata",), ("metadata", "namespace")})


class Mutator:
    """What the objects of a corpus hold at each place is what others of their kind may get there."""

    def __init__(self, corpus: Sequence[Mapping[str, Any]], seed: int) -> None:
        self._random = Random(seed)
        self._corpus = corpus
        self._values: dict[Path, list[Any]] = {}
        self._children: dict[Path, dict[str | int, Path]] = {}
        for whole in corpus:
            place = _Place(whole)
            for path, value in _walked(whole, ()):
                known = place.of(path)
                self._values.setdefault(known, []).append(value)
                if path:
                    self._children.setdefault(place.of(path[:-1]), {})[path[-1]] = known

    def objects(self, count: int) -> Iterator[dict[str, Any]]:
        for _ in range(count):
            whole: dict[str, Any] = deepcopy(dict(self._random.choice(self._corpus)))
            for _ in range(self._random.choice((1, 1, 2, 3, 4, 6))):
                self._change(whole)
            yield whole

    def _change(self, whole: dict[str, Any]) -> None:
        place = _Place(whole)
        paths = [path for path, _ in _walked(whole, ()) if path and path not in _KEPT]
        if not paths:
            return
        path = self._random.choice(paths)
        holder = _at(whole, path[:-1])
        way = self._random.random()
        if way < 0.15:
            del holder[path[-1]]
        elif way < 0.3:
            holder[path[-1]] = self._random.choice(_WRONG)
        elif way < 0.4 and isinstance(holder, list):
            holder.append(_renamed(deepcopy(self._random.choice(holder)), self._random.randrange(100)))
        elif way < 0.65:
            holder[path[-1]] = deepcopy(self._random.choice(self._values.get(place.of(path), _WRONG)))
        else:
            self._add(holder, place.of(path[:-1]))

    def _add(self, holder: Any, known: Path) -> None:
        """One more field or element, as another object has it."""
        children = self._children.get(known, {})
        if not children:
            return
        key = self._random.choice(sorted(children, key=str))
        value = deepcopy(self._random.choice(self._values[children[key]]))
        if isinstance(holder, list):
            holder.append(_renamed(value, self._random.randrange(100)))
        elif isinstance(holder, dict) and isinstance(key, str) and (*known, key) not in _KEPT:
            holder[key] = value


class _Place:
    """Where a field is, as all objects of the kind have it: what is below a pod is the same for all that make pods."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        about = KubeObject(dict(whole))
        self._kind = about.key
        self._pod = about.pod_path if about.pod_spec is not None else None

    def of(self, path: Path) -> Path:
        plain = tuple("*" if isinstance(step, int) else step for step in path)
        if self._pod is not None and plain[: len(self._pod)] == self._pod:
            return ("pod", *plain[len(self._pod) :])
        return (self._kind, *plain)


def _walked(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield path, value
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _walked(child, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _renamed(value: Any, number: int) -> Any:
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        value["name"] = f"{value['name'][:40]}-{number}"
    return value
