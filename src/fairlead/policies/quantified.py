"""`each` of a rule as CEL: the list of its items, and macros over them."""

from fairlead.checks.items import Each, each_of
from fairlead.policies.naming import renamed

_SIDECAR = "c.?restartPolicy.orValue('') == 'Always'"
# The lists of `fairlead.checks.items.NAMED`, below the pod.
_NAMED = {
    "container": ("containers",),
    "init-container": (f"initContainers/!({_SIDECAR})",),
    "sidecar": (f"initContainers/{_SIDECAR}",),
    "running-container": ("containers", f"initContainers/{_SIDECAR}"),
    "started-container": ("containers", "initContainers"),
    "any-container": ("containers", "initContainers", "ephemeralContainers"),
    "volume": ("volumes",),
}


class Quantified:
    """`all` says whether a test holds for every item; `told` tells of those for which it does not."""

    def __init__(self, said: str | dict[str, str]) -> None:
        each: Each = each_of(said)
        self.variable = each.variable
        self.root = each.root
        self._named = isinstance(said, str)
        self._inner: tuple[str, ...] = ()
        if isinstance(said, str):
            self.list = " + ".join(_listed(part) for part in _NAMED[said])
        else:
            steps, *inner = _split(each.lists[0])
            self.list = _if_list(renamed(f"{each.root}{_optional(steps)}.orValue([])", _ROOTS))
            self._inner = tuple(f"{_optional(steps)}.orValue([])" for steps in inner)

    def all(self, test: str) -> str:
        """True, where no item has a test that is false; a false one hides an error of another."""
        return self._over(self.list, self._inner, 0, test)

    def _over(self, listed: str, inner: tuple[str, ...], depth: int, test: str) -> str:
        if not inner:
            return f"({listed}).all({self.variable}, {test})"
        holder = f"holder{depth}"
        nested = self._over(_if_list(holder + inner[0]), inner[1:], depth + 1, test)
        return f"({listed}).all({holder}, {nested})"

    def told(self, test: str, message: str) -> str:
        """A text: what is wrong with each item for which the test is false. Empty where a text would be too deep."""
        if self._inner:
            return ""
        name = self.variable
        label = f"'{name} ' + string({name}.name) + ': ' + " if self._named else ""
        return f"({self.list}).filter({name}, !({test})).map({name}, {label}{message}).join('; ')"


_ROOTS = {"pod": "variables.pod", "podMeta": "variables.podMeta"}


def _if_list(expression: str) -> str:
    """The API server shows a list that must be there, and is not, as null: the rules of an aggregated ClusterRole."""
    return f"type({expression}) == list ? {expression} : []"


def _listed(part: str) -> str:
    name, _, counts = part.partition("/")
    listed = f"variables.pod.?{name}.orValue([])"
    return f"{listed}.filter(c, {counts})" if counts else listed


def _split(steps: tuple[str, ...]) -> list[tuple[str, ...]]:
    """`("containers", "[]", "env")` as `[("containers",), ("env",)]`."""
    parts: list[tuple[str, ...]] = [()]
    for step in steps:
        if step == "[]":
            parts.append(())
        else:
            parts[-1] = (*parts[-1], step)
    return parts


def _optional(steps: tuple[str, ...]) -> str:
    return "".join(f".?{step}" for step in steps)
