"""Which workloads take requests through a Service."""

from collections.abc import Iterator

from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import is_made_by_another, mapping, mappings, spec_of, text
from fairlead.snapshot.objects import KubeObject

_METRICS = ("metrics", "prom", "telemetry")


def takes_requests(service: KubeObject) -> bool:
    """Not where only metrics are read, and not where there is nothing that balances."""
    spec = spec_of(service)
    if spec.get("type") == "ExternalName":
        return False
    names = [text(port.get("name")) for port in mappings(spec.get("ports"))]
    is_scraped = bool(names) and all(any(word in name for word in _METRICS) for name in names)
    return not is_scraped and not service.name.endswith("-metrics")


def served(scope: Scope) -> Iterator[tuple[KubeObject, KubeObject]]:
    """Each Service that takes requests with each workload behind it; Jobs end anyway."""
    for service in scope.objects.of("Service"):
        if takes_requests(service):
            for each in scope.objects.selected(service.namespace, mapping(spec_of(service).get("selector"))):
                if not is_made_by_another(each) and each.kind not in {"Job", "CronJob"}:
                    yield service, each
