"""What a rule is: the words a person reads, and either CEL over one object or a Python function over all of them."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from fairlead.checks.areas import area_of
from fairlead.checks.found import Found, Path, path_text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

if TYPE_CHECKING:
    from fairlead.checks.scope import Scope

Example = Mapping[str, Any]
_ID = re.compile(r"[A-Z]{3,8}[0-9]{3}")
_MINOR = re.compile(r"1\.[0-9]{1,3}")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What every rule has.

    `needs` names evidence besides the objects themselves; where it is missing, the rule says *insufficient evidence*.
    `since` and `until` are the first and the last Kubernetes minor it holds for. `like` names checks of other tools
    that say the same (`tool:check`). ValueError where a field cannot be meant.
    """

    id: str
    title: str
    severity: Severity
    why: str
    fix: str
    source: str
    like: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    params: dict[str, Any] = {}
    enabled: bool = True

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"`{self.id}` is no id: three to eight capital letters and three digits, as in `RES101`")
        if not self.source.startswith("https://"):
            raise ValueError("`source` is the https address of an official page")
        for minor in (self.since, self.until):
            if minor and not _MINOR.fullmatch(minor):
                raise ValueError(f"`{minor}` is no Kubernetes minor: quote it, as in `'1.30'`")

    @property
    def area(self) -> str:
        return area_of(self.id)

    def holds_for(self, minor: int) -> bool:
        """Whether it says anything about Kubernetes 1.`minor`."""
        return number_of(self.since, 0) <= minor <= number_of(self.until, 999)

    def found(self, each: KubeObject, message: str, *, path: Path = (), item: str = "", evidence: str = "") -> Found:
        """A finding about an object; `path` is from its root, also where the field is not there."""
        return Found(
            self.id,
            self.severity,
            each.ref,
            message,
            self.fix,
            title=self.title,
            api_version=each.api_version,
            kind=each.kind,
            namespace=each.namespace,
            name=each.name,
            item=item,
            path=path_text(path),
            file=each.place.file,
            line=each.place.line,
            column=each.place.column,
            document=each.place.document,
            evidence=evidence,
        )


class ObjectRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A rule for one object, in CEL. `expect` is true where all is well; where `when` is not true it does not apply.

    `applies` is `workloads` (whatever holds a pod spec), `all`, or a list of kinds as kubectl writes them (`Service`,
    `Rollout.argoproj.io`). With `each` it is judged once per item (see `fairlead.checks.items`), and `path` starts
    there; without, at the pod spec for `workloads`, at the object otherwise.
    """

    applies: str | tuple[str, ...]
    expect: str
    each: str | dict[str, str] = ""
    when: str = ""
    message: str = ""
    messageExpression: str = ""  # noqa: N815  (the name it has in ValidatingAdmissionPolicy)
    path: str = ""
    good: tuple[Example, ...]
    bad: tuple[Example, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.applies, str) and self.applies not in {"workloads", "all"}:
            raise ValueError("`applies` is `workloads`, `all` or a list of kinds such as `[Deployment, Service]`")
        if isinstance(self.each, dict) and len(self.each) != 1:
            raise ValueError("`each` names one variable and one list, as in `{port: object.spec.ports}`")
        if not self.good or not self.bad:
            raise ValueError("a rule has a good and a bad example")


class SeveralRule(Rule, frozen=True, kw_only=True):
    """
    A rule over all objects of a scope, in Python. `about` are the kinds it is about (`KubeObject.key`): where none is
    there, it is not applicable. Each example is a list of manifests, short or whole.
    """

    about: tuple[str, ...] = ()
    check: "Callable[[SeveralRule, Scope], Iterator[Found]]"
    good: tuple[tuple[Example, ...], ...]
    bad: tuple[tuple[Example, ...], ...]


def number_of(minor: str, otherwise: int) -> int:
    """`1.30` as 30."""
    return int(minor.partition(".")[2]) if minor else otherwise
