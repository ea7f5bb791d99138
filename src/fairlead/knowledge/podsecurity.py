"""The Pod Security Standards, as each minor version means them."""

from functools import cache
from typing import Literal

import msgspec

from fairlead.knowledge.minors import Minor
from fairlead.knowledge.stored import stored
from fairlead.model.version import Version

Level = Literal["baseline", "restricted"]


class Revision(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    What a control demands from one minor on.

    `allowed` are the values that pass besides unset; where `required`, unset does not pass. `exempt` pods pass whatever
    they say: `windows` (`spec.os.name`), `user-namespace` (`spec.hostUsers: false`).
    """

    since: Minor
    allowed: tuple[str, ...] = ()
    required: bool = False
    exempt: tuple[Literal["windows", "user-namespace"], ...] = ()


class Control(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    One control, by the id that the API server's own checks have.

    In `fields`, `containers` stands for containers, initContainers and ephemeralContainers. `overrides` is the
    baseline control whose place it takes in the restricted level.
    """

    id: str
    level: Level
    title: str
    fields: tuple[str, ...]
    overrides: str = ""
    note: str = ""
    revisions: tuple[Revision, ...]

    def revision_for(self, minor: Minor) -> Revision | None:
        """What holds in that policy version; None where the control came later."""
        return next((each for each in reversed(self.revisions) if each.since <= minor), None)


class Standards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    checked: str
    controls: tuple[Control, ...]


@cache
def known() -> Standards:
    return stored("podsecurity", Standards)


def controls(level: Level, version: Version | Minor | str) -> dict[str, Revision]:
    """
    The controls of a level in a policy version, by id, each as that version means it.

    The version is what the namespace's label says (`enforce-version: v1.30`), or the cluster's own where it says
    `latest` or nothing.
    """
    minor = Minor.of(version)
    in_force = {
        each.id: (each, revision)
        for each in known().controls
        if (level == "restricted" or each.level == "baseline") and (revision := each.revision_for(minor))
    }
    replaced = {each.overrides for each, _ in in_force.values()}
    return {name: revision for name, (_, revision) in in_force.items() if name not in replaced}
