"""What pods ask for: requests as the scheduler counts them, time to end, and how many there are."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.cel.library.quantities import parse_quantity
from fairlead.checks.several.reading import mapping, mappings, spec_of, text
from fairlead.snapshot.objects import KubeObject

DEFAULT_GRACE = 30
_SLEEP = re.compile(r"sleep +([0-9]+)(m?)")
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def amount(value: Any) -> float | None:
    """A quantity as a number; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    quantity = parse_quantity(str(value))
    return None if quantity is None else float(quantity.value) * 10.0**quantity.scale


def asked(container: Mapping[str, Any], name: str) -> float | None:
    """What a container requests of `name`: a limit alone is the request too."""
    resources = mapping(container.get("resources"))
    for part in ("requests", "limits"):
        found = amount(mapping(resources.get(part)).get(name))
        if found is not None:
            return found
    return None


def limited(container: Mapping[str, Any], name: str) -> float | None:
    return amount(mapping(mapping(container.get("resources")).get("limits")).get(name))


def running(pod: Mapping[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Containers and sidecars, each with its list and its index there."""
    for index, container in enumerate(mappings(pod.get("containers"))):
        yield "containers", index, container
    for index, container in enumerate(mappings(pod.get("initContainers"))):
        if container.get("restartPolicy") == "Always":
            yield "initContainers", index, container


def pod_request(pod: Mapping[str, Any], name: str) -> float:
    """
    The larger of what runs together and of any init container beside the sidecars before it
    (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers).
    """
    whole = asked(pod, name)
    if whole is not None:
        return whole + _overhead(pod, name)
    together = sum(asked(container, name) or 0.0 for _, _, container in running(pod))
    sidecars, most = 0.0, 0.0
    for container in mappings(pod.get("initContainers")):
        wanted = asked(container, name) or 0.0
        if container.get("restartPolicy") == "Always":
            sidecars += wanted
        else:
            most = max(most, sidecars + wanted)
    return max(together, most) + _overhead(pod, name)


def _overhead(pod: Mapping[str, Any], name: str) -> float:
    return amount(mapping(pod.get("overhead")).get(name)) or 0.0


def replicas_of(each: KubeObject) -> int:
    """How many pods it keeps; 1 for what does not say, and for Jobs what runs side by side."""
    spec = spec_of(each)
    if each.kind == "CronJob":
        spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    found = spec.get("parallelism" if each.kind in {"Job", "CronJob"} else "replicas", 1)
    return found if isinstance(found, int) and not isinstance(found, bool) else 1


def grace_of(pod: Mapping[str, Any]) -> int:
    found = pod.get("terminationGracePeriodSeconds", DEFAULT_GRACE)
    return found if isinstance(found, int) else DEFAULT_GRACE


def wait_before_stop(container: Mapping[str, Any]) -> int:
    """Seconds that preStop sleeps; 0 where it does something else, or is not there."""
    hook = mapping(mapping(container.get("lifecycle")).get("preStop"))
    seconds = mapping(hook.get("sleep")).get("seconds")
    if isinstance(seconds, int):
        return seconds
    command = mapping(hook.get("exec")).get("command")
    line = " ".join(map(str, command)) if isinstance(command, list) else ""
    return sum(int(number) * (60 if minutes else 1) for number, minutes in _SLEEP.findall(line))


def has_stop_hook(container: Mapping[str, Any]) -> bool:
    return bool(mapping(container.get("lifecycle")).get("preStop"))


def seconds_of(value: Any) -> float | None:
    """`90`, `"90"`, `1m30s` as seconds; None for what is no time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    written = text(value).strip()
    if written.isdigit():
        return float(written)
    parts = _TIME.findall(written)
    if not parts or "".join(number + unit for number, unit in parts) != written:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
