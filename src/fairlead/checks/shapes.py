"""
Rules that cannot tell two objects apart: what they read is absent in both, so what they say of one holds for both.

Most rules are about fields that most objects have not. The shape of an object is which fields it has, and for each
shape it is worked out once which rules still have to look at each object.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from fairlead.checks.cel import PRESENCE, Reads
from fairlead.checks.compiled import Compiled
from fairlead.checks.tally import Tally

# A shape is a tuple of names, or of a name with the names below it.
Shape = tuple[Any, ...]
Variables = Mapping[str, Any]

_ALWAYS_SAME = frozenset({"params", "kubernetes"})
_IDENTITY = frozenset({("object", "kind"), ("object", "apiVersion")})
_OPENED_IN_OBJECT = ("metadata", "spec")
# Whoever has more shapes than these gains nothing from keeping them.
_MOST_SHAPES = 10_000


class Ready(NamedTuple):
    """A rule with what the loop takes from it at hand."""

    when: Callable[[Variables], Any] | None
    expect: Callable[[Variables], Any]
    params: Mapping[str, Any]
    compiled: Compiled
    tally: Tally


class Division:
    """The rules that have to look at each item of one shape, and those that are content with all of them."""

    __slots__ = ("content", "looking", "times")

    def __init__(self, looking: list[Ready], content: list[Tally]) -> None:
        self.looking = looking
        self.content = content
        self.times = 0


class Shapes:
    """The divisions of rules that judge the same items."""

    __slots__ = ("_divisions", "_rules")

    def __init__(self, rules: list[Ready]) -> None:
        self._rules = rules
        self._divisions: dict[Shape, Division | None] = {}

    def looking_at(self, shape: Shape, variables: dict[str, Any]) -> list[Ready]:
        """The rules to judge by; what the others have to say is counted."""
        division = self._divisions.get(shape)
        if division is None:
            if shape not in self._divisions:
                # Dividing costs more than judging: only for what comes again.
                if len(self._divisions) < _MOST_SHAPES:
                    self._divisions[shape] = None
                return self._rules
            division = self._divisions[shape] = _divided(self._rules, variables)
        division.times += 1
        return division.looking

    def count(self) -> None:
        """Tell the tallies how often their rules were content without looking."""
        for division in self._divisions.values():
            for tally in division.content if division else ():
                tally.judged += division.times if division else 0


def shape_of_object(whole: Variables) -> Shape:
    """Of what all items of an object share."""
    value = whole["object"]
    opened = tuple([tuple(value[key]) if isinstance(value.get(key), dict) else None for key in _OPENED_IN_OBJECT])
    identity = (str(value.get("apiVersion")), str(value.get("kind")))
    return (identity, tuple(value), opened, shape_of(whole["pod"]), shape_of(whole["podMeta"]))


def shape_of(value: Any) -> Shape:
    if not isinstance(value, dict):
        return ()
    return tuple([(key, *below) if isinstance(below, dict) else key for key, below in value.items()])


def _divided(rules: Iterable[Ready], variables: dict[str, Any]) -> Division:
    looking: list[Ready] = []
    content: list[Tally] = []
    for rule in rules:
        verdict = _verdict(rule, variables) if _is_told_by_shape(rule.compiled.reads, variables) else False
        if verdict is False:
            looking.append(rule)
        elif verdict:
            content.append(rule.tally)
    return Division(looking, content)


def _verdict(rule: Ready, variables: dict[str, Any]) -> bool | None:
    """True where all is well, None where the rule does not apply; False where it has something to say, or breaks."""
    variables["params"] = rule.params
    try:
        if rule.when is not None and rule.when(variables) is not True:
            return None
        return rule.expect(variables) is True
    except Exception:  # noqa: BLE001  (told when the rule is judged)
        return False


def _is_told_by_shape(reads: Reads, variables: Variables) -> bool:
    """Whether all objects of this shape are the same to whoever reads these fields."""
    return all(_is_same(path, variables) for path in reads)


def _is_same(path: tuple[str, ...], variables: Variables) -> bool:
    variable, *fields = path
    if variable in _ALWAYS_SAME or path in _IDENTITY:
        return True
    value = variables[variable]
    for depth, field in enumerate(fields):
        if field == PRESENCE:
            return True
        if not isinstance(value, dict) or (depth and variable == "object" and fields[0] not in _OPENED_IN_OBJECT):
            return False
        if field not in value:
            return True
        value = value[field]
    return False
