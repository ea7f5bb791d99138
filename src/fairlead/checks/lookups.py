"""Which kinds a rule over several objects looks things up in, learnt from its own examples."""

from collections.abc import Iterable, Mapping

from fairlead.checks.examples import written_out
from fairlead.checks.judge import judge
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.snapshot.objects import KubeObject, Objects


class _Remembering(Objects):
    def __init__(self, objects: Iterable[KubeObject], asked: set[str]) -> None:
        self._asked = asked
        super().__init__(objects)

    def must_know(self, kind: str) -> None:
        self._asked.add(kind)


def looked_up(rule: SeveralRule) -> frozenset[str]:
    """
    Kinds as `Objects` names them, `workloads` among them.

    Examples may not go every way that a rule can. What it asks for besides is not taken for absent where it was not
    read: see `Objects`.
    """
    asked: set[str] = set()
    for example in (*rule.good, *rule.bad):
        manifests = [example] if isinstance(example, Mapping) else example
        objects = _Remembering((KubeObject(written_out(each)) for each in manifests), asked)
        judge(Scope(objects, evidence=frozenset(rule.needs)), [rule])
    return frozenset(asked)
