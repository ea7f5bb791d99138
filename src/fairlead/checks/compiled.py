"""A rule of one object, made ready: its expressions compiled, its list and path understood."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fairlead.checks.cel import CelError, Program, Reads, compile_program
from fairlead.checks.found import Path, path_steps
from fairlead.checks.items import Each, Item, each_of
from fairlead.checks.rule import ObjectRule
from fairlead.snapshot.objects import KubeObject

Compile = Callable[[str, tuple[str, ...]], Program]
_ALWAYS = ("object", "params", "kubernetes")
_OF_PODS = ("pod", "podMeta")


class Compiled:
    """
    `applies_to`, then `when` and `expect` on each item, then `message` and `path_of` for what was found. `reads` is all
    that `when` and `expect` depend on.

    `compile_with` may take programs from a cache. CelSyntaxError where an expression cannot be read, or uses a name
    there is none of.
    """

    __slots__ = ("_message", "_path", "applies", "each", "expect", "params", "reads", "rule", "when")

    def __init__(self, rule: ObjectRule, compile_with: Compile = compile_program, **params: Any) -> None:
        names = names_of(rule)
        self.rule = rule
        self.each: Each | None = each_of(rule.each) if rule.each else None
        self.params: Mapping[str, Any] = {**rule.params, **params}
        when = compile_with(rule.when, names) if rule.when else None
        expect = compile_with(rule.expect, names)
        self.when = when.evaluate if when else None
        self.expect = expect.evaluate
        self.reads: Reads = (when.reads if when else ()) + expect.reads
        self._message = compile_with(rule.messageExpression, names).evaluate if rule.messageExpression else None
        self._path: Path = path_steps(rule.path)
        self.applies = rule.applies if isinstance(rule.applies, str) else frozenset(rule.applies)

    def applies_to(self, kind: str, has_pod: bool) -> bool:
        """`kind` as `KubeObject.key` has it."""
        if self.applies == "workloads":
            return has_pod
        return self.applies == "all" or kind in self.applies

    def message(self, variables: Mapping[str, Any]) -> str:
        # What is wrong is wrong also where it cannot be put into words; the API server does the same.
        with suppress(CelError):
            if self._message is not None:
                return str(self._message(variables))
        return self.rule.message or self.rule.title

    def path_of(self, each: KubeObject, item: Item | None) -> Path:
        """From the object's root to the field the finding points at; it may be one that is not there."""
        if self.each is None:
            return (each.pod_path if self.applies == "workloads" else ()) + self._path
        root: Path = ()
        if self.each.root != "object":
            root = each.pod_path if self.each.root == "pod" else (*each.pod_path[:-1], "metadata")
        return root + (item.path if item else ()) + self._path


def names_of(rule: ObjectRule) -> tuple[str, ...]:
    """The variables its expressions may use."""
    own = (each_of(rule.each).variable,) if rule.each else ()
    return (*_ALWAYS, *_OF_PODS, *own)
