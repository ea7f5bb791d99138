"""Which Kubernetes API version is served by which minor, what replaces it, and what else changes then."""

from collections.abc import Iterator
from functools import cache
from typing import Literal

import msgspec

from fairlead.knowledge.minors import Minor
from fairlead.knowledge.stored import stored
from fairlead.model.version import Version

Form = Literal["resource", "request", "file"]
AnyMinor = Version | Minor | str


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    The life of one kind in one API version.

    `introduced`, `deprecated` and `removed` are first minors. `planned` is true where the removal was only announced
    when we looked: it may move. `served_by_default` is false where an API server serves it only when told to
    (`--runtime-config`), so that a stored object of it proves a setting. `form` is `resource` for stored objects,
    `request` for what is sent and never stored, `file` for what a component reads. `changes` are what else changes
    for who moves to `replacement` (`version Kind`, empty where nothing replaces it). `source` are addresses.
    """

    api_version: str
    kind: str
    introduced: Minor
    deprecated: Minor | None = None
    removed: Minor | None = None
    planned: bool = False
    served_by_default: bool = True
    form: Form = "resource"
    plural: str = ""
    replacement: str = ""
    changes: tuple[str, ...] = ()
    note: str = ""
    source: tuple[str, ...]
    checked: str

    @property
    def group(self) -> str:
        """`apps`; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    def served_in(self, minor: AnyMinor) -> bool:
        """Whether that minor's API server has it, by default or when told to."""
        at = Minor.of(minor)
        return self.introduced <= at and (self.removed is None or at < self.removed)

    def deprecated_in(self, minor: AnyMinor) -> bool:
        """Whether that minor serves it and calls it deprecated."""
        return self.served_in(minor) and self.deprecated is not None and self.deprecated <= Minor.of(minor)

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


class Lifecycles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: `released` is the newest minor that was out when we looked (`checked`)."""

    released: Minor
    checked: str
    kinds: tuple[Lifecycle, ...]


@cache
def known() -> Lifecycles:
    """Everything, ordered by group, kind and version; read at the first question and kept."""
    return stored("lifecycle", Lifecycles)


def of(api_version: str, kind: str) -> Lifecycle | None:
    """
    The life of a kind in an API version, `of("policy/v1beta1", "PodSecurityPolicy")`.

    A list (`PodSecurityPolicyList`) is as its items. None for what Kubernetes itself never had: custom resources.
    """
    index = _by_kind()
    return index.get((api_version, kind)) or index.get((api_version, kind.removesuffix("List")))


def of_resource(group: str, version: str, resource: str) -> Lifecycle | None:
    """
    The same by the plural name that metrics and RBAC write: `of_resource("batch", "v1beta1", "cronjobs")`.

    Only for what is deprecated or removed (or will be).
    """
    return _by_resource().get((group, version, resource))


def versions_of(kind: str) -> tuple[Lifecycle, ...]:
    """A kind in all API versions that ever had it, alphas first in each group."""
    return tuple(each for each in known().kinds if each.kind == kind)


def is_own(api_version: str) -> bool:
    """
    Whether Kubernetes itself has this group: then a kind that `of` does not know is misspelled or in the wrong version.

    Complete from 1.20 up to `known().released`; newer minors may bring kinds we have not heard of.
    """
    return api_version.rpartition("/")[0] in _own_groups()


def served_in(api_version: str, kind: str, minor: AnyMinor) -> bool | None:
    """Whether that minor's API server has it; None where the kind is not one of Kubernetes' own."""
    life = of(api_version, kind)
    return life.served_in(minor) if life else None


def gone_between(from_minor: AnyMinor, to_minor: AnyMinor) -> tuple[Lifecycle, ...]:
    """
    What the first minor has and the second has not.

    Backwards (`1.30` to `1.29`) it is what the older one does not know yet. Files that components read are in it.
    """
    return tuple(each for each in known().kinds if each.served_in(from_minor) and not each.served_in(to_minor))


def deprecated_in(minor: AnyMinor) -> tuple[Lifecycle, ...]:
    """What that minor still serves and calls deprecated."""
    return tuple(each for each in known().kinds if each.deprecated_in(minor))


def successor(life: Lifecycle, *minors: AnyMinor) -> Lifecycle | None:
    """
    The newest version to write instead that all these minors serve as installed; None where there is none.

    With the minors before and after an upgrade it is what manifests can move to *before* it. Where only a version off
    by default would do, the answer is None too.
    """
    fits = [each for each in _chain(life) if each.served_by_default and all(each.served_in(minor) for minor in minors)]
    return fits[-1] if fits else None


def _chain(life: Lifecycle) -> Iterator[Lifecycle]:
    seen = {str(life)}
    while life.replacement and life.replacement not in seen:
        seen.add(life.replacement)
        api_version, _, kind = life.replacement.partition(" ")
        following = _by_kind().get((api_version, kind))
        if following is None:
            return
        yield following
        life = following


@cache
def _by_kind() -> dict[tuple[str, str], Lifecycle]:
    return {(each.api_version, each.kind): each for each in known().kinds}


@cache
def _own_groups() -> frozenset[str]:
    return frozenset(each.group for each in known().kinds)


@cache
def _by_resource() -> dict[tuple[str, str, str], Lifecycle]:
    return {(each.group, each.version, each.plural): each for each in known().kinds if each.plural}
