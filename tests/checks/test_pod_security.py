"""The Pod Security Standards: what the rules say one by one, and what a namespace refuses, agree in every version."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from fairlead.checks.compiled import Compiled
from fairlead.checks.examples import written_out
from fairlead.checks.judge import judge
from fairlead.checks.nulls import without_nulls
from fairlead.checks.rule import Example, ObjectRule
from fairlead.checks.scope import NEWEST_MINOR, Scope
from fairlead.checks.several.pod_security import Pod, broken_controls
from fairlead.knowledge.podsecurity import Level, known
from fairlead.review.rulebook import open_rulebook
from fairlead.snapshot.objects import KubeObject, Objects

BOOK = open_rulebook()
MINORS = range(22, NEWEST_MINOR + 1)
# The rules that say what a control says. Some are also about more than the control, none about less.
RULES = {
    "windowsHostProcess": ("SEC105", "SEC106"),
    "hostNamespaces": ("SEC102", "SEC103", "SEC104"),
    "privileged": ("SEC101",),
    "capabilities_baseline": ("SEC107", "SEC108", "SEC148"),
    "capabilities_restricted": ("SEC101", "SEC107", "SEC108", "SEC138", "SEC139", "SEC148"),
    "hostPathVolumes": ("SEC109", "SEC110", "SEC111", "CFG124"),
    "restrictedVolumes": ("SEC109", "SEC110", "SEC111", "SEC131", "CFG124"),
    "hostPorts": ("SEC102", "SEC113"),
    "hostProbesAndHostLifecycle": ("SEC123",),
    "appArmorProfile": ("SEC118", "SEC119", "SEC120"),
    "seLinuxOptions": ("SEC121", "SEC122"),
    "procMount": ("SEC115",),
    "procMount_restricted": ("SEC115", "SEC141"),
    "seccompProfile_baseline": ("SEC116", "SEC117"),
    "seccompProfile_restricted": ("SEC101", "SEC116", "SEC117", "SEC140"),
    "sysctls": ("SEC114", "NOD140"),
    "allowPrivilegeEscalation": ("SEC101", "SEC132"),
    "runAsNonRoot": ("SEC134", "SEC135", "SEC136", "SEC169", "SEC170"),
    "runAsUser": ("SEC135", "SEC136"),
}
LEVELS: tuple[Level, ...] = ("baseline", "restricted")


def examples(control: str) -> Iterator[Example]:
    for rule_id in RULES[control]:
        rule = BOOK.find(rule_id)
        assert isinstance(rule, ObjectRule)
        yield from (example for example in (*rule.good, *rule.bad) if "params" not in example)


def broken(example: Example, level: Level, minor: int) -> list[str]:
    (each,) = without_nulls([KubeObject(written_out(example))])
    assert each.pod_spec is not None
    return broken_controls(Pod(each.pod_spec, each.pod_annotations), level, minor)


@cache
def compiled(control: str) -> list[Compiled]:
    return [Compiled(rule) for name in RULES[control] if isinstance(rule := BOOK.find(name), ObjectRule)]


def is_found(control: str, example: Example, minor: int) -> bool:
    objects = Objects(without_nulls([KubeObject(written_out(example))]))
    return bool(judge(Scope(objects, minor=minor), compiled(control)).findings)


def test_every_control_has_its_rules() -> None:
    assert {control.id for control in known().controls} == set(RULES)


@pytest.mark.parametrize("control", RULES)
def test_what_a_level_refuses_a_rule_finds(control: str) -> None:
    missed = [
        (minor, example)
        for example in examples(control)
        for minor in MINORS
        if any(control in broken(example, level, minor) for level in LEVELS) and not is_found(control, example, minor)
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("level", "minor", "pod", "control"),
    [
        ("baseline", 33, {"container": {"livenessProbe": {"httpGet": {"port": 80, "host": "db"}}}}, None),
        ("baseline", 34, {"container": {"livenessProbe": {"httpGet": {"port": 80, "host": "db"}}}}, "hostProbes"),
        ("baseline", 34, {"container": {"securityContext": {"procMount": "Unmasked"}}}, "procMount"),
        ("restricted", 24, {"pod": {"os": {"name": "windows"}}}, "allowPrivilegeEscalation"),
        ("restricted", 22, {"pod": {"securityContext": {"runAsUser": 0}}}, "runAsNonRoot"),
        ("baseline", 37, {"pod": {"hostUsers": False, "hostNetwork": True}}, "hostNamespaces"),
    ],
)
def test_the_standards_of_a_version(level: Level, minor: int, pod: dict[str, Any], control: str | None) -> None:
    found = broken(pod, level, minor)
    assert any(name.startswith(control) for name in found) if control else found == []


def test_the_examples_try_every_version_that_changed_something() -> None:
    """A revision that no example can tell from the one before is not tested."""
    untold = [
        (control.id, str(revision.since))
        for control in known().controls
        for revision in control.revisions[1:]
        if revision.since.minor > MINORS[0]
        and not any(
            (control.id in broken(example, level, revision.since.minor))
            != (control.id in broken(example, level, revision.since.minor - 1))
            for example in examples(control.id)
            for level in LEVELS
        )
    ]
    assert untold == []
