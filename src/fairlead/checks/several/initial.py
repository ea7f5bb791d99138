"""What pods wait for when they start, and whether it can ever be there; what starts at the same moment."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import is_made_by_another, mapping, mappings, spec_of, text, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_INIT = "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/"
_LOOP = re.compile(r"\b(?:until|while)\b|\bwait-for|\bwaitfor|\bwait_for|dockerize .*-wait")
# A name that must answer, not only resolve: nslookup of a Service succeeds before any pod is ready.
_ASKED = re.compile(
    r"(?:\b(?:nc|ncat)\b[^;|&]*?\s|https?://|tcp://|-h[ =]|--host[ =]|(?:wait-for(?:-it)?(?:\.sh)?|-wait)\s+)"
    r"([a-z][a-z0-9-]*)(?:\.([a-z0-9-]+)(?:\.svc[a-z.]*)?)?(?=[\s:/;\"']|$)"
)
_MACROS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *"}


class Wait(NamedTuple):
    """An init container that does not end before a Service answers."""

    each: KubeObject
    path: Path
    item: str
    service: KubeObject


def _waits(scope: Scope) -> Iterator[Wait]:
    for each in workloads(scope):
        for index, container in enumerate(mappings(mapping(each.pod_spec).get("initContainers"))):
            if container.get("restartPolicy") == "Always":
                continue
            for service in _asked_in(scope, each.namespace, container):
                path: Path = (*each.pod_path, "initContainers", index)
                yield Wait(each, path, f"init container {text(container.get('name'))}", service)


def _asked_in(scope: Scope, namespace: str, container: Mapping[str, Any]) -> Iterator[KubeObject]:
    line = _line(container)
    if not _LOOP.search(line):
        return
    seen: set[tuple[str, str]] = set()
    for name, other in _ASKED.findall(line):
        service = scope.objects.get("Service", other or namespace, name)
        if service is not None and (service.namespace, service.name) not in seen:
            seen.add((service.namespace, service.name))
            yield service


def _line(container: Mapping[str, Any]) -> str:
    parts = [container.get("command"), container.get("args")]
    return " ".join(str(word) for part in parts if isinstance(part, list) for word in part)


def _behind(scope: Scope, service: KubeObject) -> list[KubeObject]:
    spec = spec_of(service)
    if spec.get("publishNotReadyAddresses") is True:
        return []
    found = scope.objects.selected(service.namespace, mapping(spec.get("selector")))
    return [each for each in found if not is_made_by_another(each)]


def _for_itself(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for wait in _waits(scope):
        if [id(each) for each in _behind(scope, wait.service)] == [id(wait.each)]:
            message = f"waits for Service {wait.service.name}, behind which are only the pods that wait"
            yield rule.found(wait.each, message, path=wait.path, item=wait.item)


def _for_each_other(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    edges: dict[int, list[tuple[Wait, KubeObject]]] = {}
    for wait in _waits(scope):
        for other in _behind(scope, wait.service):
            if other is not wait.each:
                edges.setdefault(id(wait.each), []).append((wait, other))
    told: set[frozenset[int]] = set()
    for start in edges:
        ring = _ring(edges, start)
        if ring and frozenset(id(wait.each) for wait in ring) not in told:
            told.add(frozenset(id(wait.each) for wait in ring))
            names = " for ".join(f"{wait.each.kind} {wait.each.name}" for wait in (*ring, ring[0]))
            yield rule.found(ring[0].each, f"{names} wait in a ring", path=ring[0].path, item=ring[0].item)


def _ring(edges: Mapping[int, list[tuple[Wait, KubeObject]]], start: int) -> list[Wait]:
    """The waits from a workload back to itself, by the fewest steps; empty where there is no such way."""
    ways: list[tuple[int, list[Wait]]] = [(start, [])]
    seen: set[int] = set()
    for at, way in ways:
        for wait, other in edges.get(at, ()):
            if id(other) == start:
                return [*way, wait]
            if id(other) not in seen:
                seen.add(id(other))
                ways.append((id(other), [*way, wait]))
    return []


def _all_at_once(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    at: dict[str, list[KubeObject]] = {}
    for each in scope.objects.of("CronJob"):
        spec = spec_of(each)
        schedule = " ".join(text(spec.get("schedule")).split())
        if schedule and spec.get("suspend") is not True:
            at.setdefault(f"{_MACROS.get(schedule, schedule)} {text(spec.get('timeZone'))}".strip(), []).append(each)
    for schedule, jobs in at.items():
        if len(jobs) >= int(rule.params["jobs"]) and schedule != "* * * * *":
            yield rule.found(jobs[0], f"starts at `{schedule}` with {len(jobs) - 1} others", path=("spec", "schedule"))


def _waiting(name: str, *for_names: str) -> dict[str, Any]:
    script = " && ".join(f"nc -z {other} 80" for other in for_names)
    return {
        "metadata": {"name": name},
        "podMeta": {"labels": {"app": name}},
        "init-container": {"command": ["sh", "-c", f"until {script}; do sleep 1; done"]},
    }


def _service(name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"selector": {"app": name}, **spec}}


def _cron(count: int, schedule: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"kind": "CronJob", "metadata": {"name": f"job-{index}"}, "spec": {"schedule": schedule}, "pod": {}}
        for index in range(count)
    )


RULES = (
    SeveralRule(
        id="INI201",
        title="Pod that waits for itself",
        severity=Severity.ERROR,
        why="A Service answers when a pod behind it is ready, and the only pods behind it wait for it to answer. "
        "After an "
        "outage nothing of it ever starts.",
        fix="Remove the wait, or ask the other members by a headless Service with `publishNotReadyAddresses`.",
        source=_INIT,
        about=("Service",),
        check=_for_itself,
        good=(
            (
                _waiting("cart", "db"),
                _service("cart"),
                _service("db"),
                {"metadata": {"name": "db"}, "podMeta": {"labels": {"app": "db"}}},
            ),
            (_waiting("cart", "cart"), _service("cart", clusterIP="None", publishNotReadyAddresses=True)),
        ),
        bad=((_waiting("cart", "cart"), _service("cart")),),
    ),
    SeveralRule(
        id="INI202",
        title="Workloads that wait for each other",
        severity=Severity.ERROR,
        why="While some pods run all is well. When all are gone, after an outage or in a new cluster, each waits "
        "for the next "
        "and nothing starts.",
        fix="Let one of them start without the others and retry its connections.",
        source=_INIT,
        about=("Service",),
        check=_for_each_other,
        good=((_waiting("cart", "user"), _waiting("user", "db"), _service("cart"), _service("user"), _service("db")),),
        bad=(
            (_waiting("cart", "user"), _waiting("user", "cart"), _service("cart"), _service("user")),
            (
                *(_waiting("cart", "user"), _waiting("user", "pay"), _waiting("pay", "cart")),
                *(_service("cart"), _service("user"), _service("pay")),
            ),
        ),
    ),
    SeveralRule(
        id="INI203",
        title="Many CronJobs at the same moment",
        severity=Severity.ADVICE,
        why="Their pods are all placed, pulled and started at once; nodes are added for a minute, and databases "
        "meet all of them.",
        fix="Spread their minutes over the hour.",
        source="https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/",
        params={"jobs": 5},
        about=("CronJob",),
        check=_all_at_once,
        good=(_cron(4, "0 0 * * *"), (*_cron(4, "0 0 * * *"), *_cron(4, "7 0 * * *"))),
        bad=(_cron(5, "0 0 * * *"), _cron(5, "@daily")),
    ),
)
