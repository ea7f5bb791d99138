"""Namespaces' Pod Security levels against the pods that are to run there."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import NEWEST_MINOR, Scope
from fairlead.checks.several.pod_security import Pod, broken_controls, told
from fairlead.checks.several.reading import workloads
from fairlead.knowledge.podsecurity import Level
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

Mode = Literal["enforce", "audit", "warn"]
_PREFIX = "pod-security.kubernetes.io/"
_LEVELS: Mapping[str, Level] = {"baseline": "baseline", "restricted": "restricted"}
_ADMISSION = "https://kubernetes.io/docs/concepts/security/pod-security-admission/"
_MIGRATION = "https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-namespace-labels/"


class Wanted(NamedTuple):
    """A level that a namespace asks for, and in which minor's meaning; `pinned` where its label names that."""

    level: Level
    minor: int
    pinned: bool


def wanted(namespace: KubeObject, mode: Mode, minor: int) -> Wanted | None:
    """
    What a namespace's labels ask for in a cluster of 1.`minor`; None for privileged and for no label.

    A level that does not exist is enforced as restricted
    (https://kubernetes.io/docs/concepts/security/pod-security-admission/).
    """
    said = namespace.labels.get(_PREFIX + mode)
    if said is None or said == "privileged":
        return None
    pinned = _pinned(namespace.labels.get(f"{_PREFIX}{mode}-version"), minor)
    level: Level = _LEVELS.get(str(said), "restricted")
    return Wanted(level, minor if pinned is None else pinned, pinned is not None)


def _pinned(version: Any, minor: int) -> int | None:
    digits = str(version).removeprefix("v1.")
    return min(int(digits), minor) if digits.isdecimal() and digits.isascii() else None


def _pods(scope: Scope) -> Iterator[tuple[KubeObject, KubeObject, Pod]]:
    """Each workload with its namespace, where that is here, and what the controls look at."""
    for each in workloads(scope):
        namespace = scope.objects.get("Namespace", "", each.namespace)
        if namespace is not None and each.pod_spec is not None:
            yield each, namespace, Pod(each.pod_spec, each.pod_annotations)


def _refused(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, namespace, pod in _pods(scope):
        asked = wanted(namespace, "enforce", scope.minor)
        broken = broken_controls(pod, asked.level, asked.minor) if asked else []
        if asked and broken:
            message = f"namespace {namespace.name} enforces {asked.level} and refuses its pods: {told(broken)}"
            yield rule.found(each, message, path=each.pod_path)


def _warned(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, namespace, pod in _pods(scope):
        enforced = wanted(namespace, "enforce", scope.minor)
        if enforced and broken_controls(pod, enforced.level, enforced.minor):
            continue
        modes: tuple[Mode, ...] = ("warn", "audit")
        for mode in modes:
            asked = wanted(namespace, mode, scope.minor)
            broken = broken_controls(pod, asked.level, asked.minor) if asked else []
            if asked and broken:
                message = f"is below {asked.level}, for which namespace {namespace.name} warns: {told(broken)}"
                yield rule.found(each, message, path=each.pod_path)
                break


def _refused_later(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, namespace, pod in _pods(scope):
        asked = wanted(namespace, "enforce", scope.minor)
        if asked is None or asked.pinned or broken_controls(pod, asked.level, asked.minor):
            continue
        for minor in range(scope.minor + 1, NEWEST_MINOR + 1):
            broken = broken_controls(pod, asked.level, minor)
            if broken:
                message = f"namespace {namespace.name} refuses its pods from Kubernetes 1.{minor}: {told(broken)}"
                yield rule.found(each, message, path=each.pod_path)
                break


def _could_be_stricter(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    by_namespace: dict[str, list[bool]] = {}
    for each, namespace, pod in _pods(scope):
        if namespace.labels.get(_PREFIX + "enforce") in ("privileged", "baseline"):
            is_fit = not broken_controls(pod, "restricted", scope.minor)
            by_namespace.setdefault(each.namespace, []).append(is_fit)
    for name, fits in by_namespace.items():
        found = scope.objects.get("Namespace", "", name)
        if found is not None and all(fits):
            message = f"all {len(fits)} workloads here would be admitted at restricted"
            yield rule.found(found, message, path=("metadata", "labels", _PREFIX + "enforce"))


def _namespace(labels: dict[str, str]) -> dict[str, Any]:
    return {"kind": "Namespace", "metadata": {"name": "shop", "labels": {_PREFIX + key: labels[key] for key in labels}}}


_HARD = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
_RESTRICTED = {"container": {"securityContext": _HARD}}
_PLAIN: dict[str, Any] = {"container": {}}
_PRIVILEGED = {"container": {"securityContext": {"privileged": True}}}
_ASKS_ELSEWHERE = {"container": {"livenessProbe": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}}}
_WINDOWS = {"pod": {"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}}}
_USERS = {
    "pod": {"hostUsers": False},
    "container": {"securityContext": {**_HARD, "runAsNonRoot": None, "runAsUser": 0}},
}

RULES = (
    SeveralRule(
        id="SEC521",
        title="Workload that its namespace refuses",
        severity=Severity.BLOCKER,
        why="The API server takes the workload and refuses each of its pods: nothing new runs, a drain ends the rest.",
        fix="Change the pod template so that it meets the level, or move it to a namespace with a lower one.",
        source=_ADMISSION,
        like=("pod-security-admission:enforce",),
        about=("Namespace",),
        check=_refused,
        good=(
            (_namespace({"enforce": "restricted"}), _RESTRICTED),
            (_namespace({"enforce": "baseline"}), _PLAIN),
            (_namespace({"enforce": "privileged", "warn": "restricted"}), _PRIVILEGED),
            (_namespace({"warn": "restricted"}), _PRIVILEGED),
            (_namespace({"enforce": "restricted"}), {**_PRIVILEGED, "metadata": {"namespace": "tools"}}),
            (_namespace({"enforce": "baseline", "enforce-version": "v1.33"}), _ASKS_ELSEWHERE),
            ({**_namespace({"enforce": "baseline"}), "kubernetes": "1.33"}, _ASKS_ELSEWHERE),
            (_namespace({"enforce": "restricted"}), _WINDOWS),
            ({**_namespace({"enforce": "restricted"}), "kubernetes": "1.35"}, _USERS),
        ),
        bad=(
            (_namespace({"enforce": "restricted"}), _PLAIN),
            (_namespace({"enforce": "baseline"}), _PRIVILEGED),
            (_namespace({"enforce": "baseline"}), {**_PRIVILEGED, "kind": "CronJob"}),
            (_namespace({"enforce": "baseline"}), {"ephemeral-container": _PRIVILEGED["container"]}),
            (_namespace({"enforce": "Baseline"}), _PLAIN),
            ({**_namespace({"enforce": "baseline"}), "kubernetes": "1.34"}, _ASKS_ELSEWHERE),
            (_namespace({"enforce": "restricted", "enforce-version": "v1.24"}), _WINDOWS),
            ({**_namespace({"enforce": "restricted"}), "kubernetes": "1.34"}, _USERS),
        ),
    ),
    SeveralRule(
        id="SEC522",
        title="Workload below the level its namespace warns for",
        severity=Severity.ADVICE,
        why="It runs today; when the namespace enforces that level, its pods are refused.",
        fix="Change the pod template so that it meets the level.",
        source=_MIGRATION,
        like=("pod-security-admission:warn", "pod-security-admission:audit"),
        about=("Namespace",),
        check=_warned,
        good=(
            (_namespace({"warn": "restricted"}), _RESTRICTED),
            (_namespace({"warn": "privileged"}), _PRIVILEGED),
            (_namespace({"enforce": "restricted", "warn": "restricted"}), _PLAIN),
        ),
        bad=(
            (_namespace({"warn": "restricted"}), _PLAIN),
            (_namespace({"enforce": "baseline", "audit": "restricted"}), _PLAIN),
        ),
    ),
    SeveralRule(
        id="SEC523",
        title="Workload that a later Kubernetes refuses",
        severity=Severity.ERROR,
        why="The level means more in a later version, and this namespace follows the cluster: then no new pod comes.",
        fix="Change the pod template, or pin the meaning by the label `pod-security.kubernetes.io/enforce-version`.",
        source=_ADMISSION,
        about=("Namespace",),
        check=_refused_later,
        good=(
            ({**_namespace({"enforce": "baseline"}), "kubernetes": "1.33"}, _PLAIN),
            (
                {**_namespace({"enforce": "baseline", "enforce-version": "v1.33"}), "kubernetes": "1.33"},
                _ASKS_ELSEWHERE,
            ),
            ({**_namespace({"enforce": "baseline"}), "kubernetes": "1.37"}, _ASKS_ELSEWHERE),
        ),
        bad=(
            ({**_namespace({"enforce": "baseline"}), "kubernetes": "1.33"}, _ASKS_ELSEWHERE),
            (
                {**_namespace({"enforce": "restricted", "enforce-version": "latest"}), "kubernetes": "1.30"},
                {"container": {**_RESTRICTED["container"], **_ASKS_ELSEWHERE["container"]}},
            ),
        ),
    ),
    SeveralRule(
        id="SEC524",
        title="Namespace that could enforce more",
        severity=Severity.ADVICE,
        why="Nothing there needs the lower level, and the next workload could use what it allows.",
        fix="Set `pod-security.kubernetes.io/enforce` to restricted.",
        source=_MIGRATION,
        about=("Namespace",),
        check=_could_be_stricter,
        good=(
            (_namespace({"enforce": "restricted"}), _RESTRICTED),
            (_namespace({"enforce": "baseline"}), _PLAIN),
            (_namespace({"enforce": "baseline"}),),
            (_namespace({"enforce": "baseline"}), _RESTRICTED, {**_PLAIN, "metadata": {"name": "other"}}),
        ),
        bad=((_namespace({"enforce": "baseline"}), _RESTRICTED),),
    ),
)
