"""
Which controls of the Pod Security Standards a pod breaks, as the API server's own admission would say.

The values each minor allows are knowledge; how the fields of a pod are read stands here, after
https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from fairlead.checks.several.reading import mapping, mappings
from fairlead.knowledge.podsecurity import Level, Revision, controls, known

_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_HANDLED = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


class Pod:
    """What the controls look at: the pod spec, its annotations, and the security contexts of pod and containers."""

    def __init__(self, spec: Mapping[str, Any], annotations: Mapping[str, Any]) -> None:
        self.spec = spec
        self.annotations = annotations
        self.context = mapping(spec.get("securityContext"))
        lists = ("containers", "initContainers", "ephemeralContainers")
        self.containers = [each for name in lists for each in mappings(spec.get(name))]
        self.contexts = [mapping(each.get("securityContext")) for each in self.containers]

    def everywhere(self, field: str) -> Iterator[Any]:
        """A field of the pod's and every container's security context, where it is set."""
        return (context[field] for context in (self.context, *self.contexts) if context.get(field) is not None)

    def is_exempt(self, revision: Revision) -> bool:
        return ("windows" in revision.exempt and mapping(self.spec.get("os")).get("name") == "windows") or (
            "user-namespace" in revision.exempt and self.spec.get("hostUsers") is False
        )


def broken_controls(pod: Pod, level: Level, minor: int) -> list[str]:
    """The ids of the controls that keep the pod from being admitted at a level, in the standards of 1.`minor`."""
    return [
        name
        for name, revision in _controls(level, minor)
        if name in _BREAKS and not pod.is_exempt(revision) and _BREAKS[name](pod, revision)
    ]


def told(names: list[str]) -> str:
    """The titles of controls, for a message."""
    titles = {each.id: each.title for each in known().controls}
    return "; ".join(titles[name][0].lower() + titles[name][1:] for name in names)


@cache
def _controls(level: Level, minor: int) -> tuple[tuple[str, Revision], ...]:
    return tuple(controls(level, f"1.{minor}").items())


def _host_process(pod: Pod, _: Revision) -> bool:
    return any(mapping(options).get("hostProcess") is True for options in pod.everywhere("windowsOptions"))


def _host_namespaces(pod: Pod, _: Revision) -> bool:
    return any(pod.spec.get(name) is True for name in ("hostNetwork", "hostPID", "hostIPC"))


def _privileged(pod: Pod, _: Revision) -> bool:
    return any(context.get("privileged") is True for context in pod.contexts)


def _adds(pod: Pod, revision: Revision) -> bool:
    return any(
        capability not in revision.allowed
        for context in pod.contexts
        for capability in _texts(mapping(context.get("capabilities")).get("add"))
    )


def _keeps(pod: Pod, revision: Revision) -> bool:
    return _adds(pod, revision) or any(
        "ALL" not in _texts(mapping(context.get("capabilities")).get("drop")) for context in pod.contexts
    )


def _host_paths(pod: Pod, _: Revision) -> bool:
    return any(volume.get("hostPath") is not None for volume in mappings(pod.spec.get("volumes")))


def _volumes(pod: Pod, revision: Revision) -> bool:
    """A volume that names no type is an emptyDir."""
    return any(
        kinds and not kinds & set(revision.allowed)
        for volume in mappings(pod.spec.get("volumes"))
        if (kinds := {name for name, value in volume.items() if name != "name" and value is not None})
    )


def _host_ports(pod: Pod, _: Revision) -> bool:
    return any(port.get("hostPort") for container in pod.containers for port in mappings(container.get("ports")))


def _hosts(pod: Pod, _: Revision) -> bool:
    for container in pod.containers:
        hooks = mapping(container.get("lifecycle"))
        handlers = [container.get(name) for name in _HANDLED] + [hooks.get(name) for name in _HOOKS]
        if any(mapping(mapping(each).get(how)).get("host") for each in handlers for how in ("httpGet", "tcpSocket")):
            return True
    return False


def _app_armor(pod: Pod, revision: Revision) -> bool:
    by_field = any(_type_of(profile, revision) for profile in pod.everywhere("appArmorProfile"))
    return by_field or any(
        value and not any(fnmatchcase(str(value), allowed) for allowed in revision.allowed)
        for key, value in pod.annotations.items()
        if key.startswith(_APPARMOR)
    )


def _se_linux(pod: Pod, revision: Revision) -> bool:
    return any(
        bool(options.get("user") or options.get("role")) or _type_of(options, revision)
        for options in map(mapping, pod.everywhere("seLinuxOptions"))
    )


def _proc_mount(pod: Pod, revision: Revision) -> bool:
    return any(context.get("procMount") not in (None, "", *revision.allowed) for context in pod.contexts)


def _seccomp_off(pod: Pod, revision: Revision) -> bool:
    return any(_type_of(profile, revision) for profile in pod.everywhere("seccompProfile"))


def _seccomp_missing(pod: Pod, revision: Revision) -> bool:
    if _seccomp_off(pod, revision):
        return True
    of_pod = mapping(pod.context.get("seccompProfile")).get("type")
    return not of_pod and any(not mapping(context.get("seccompProfile")).get("type") for context in pod.contexts)


def _sysctls(pod: Pod, revision: Revision) -> bool:
    return any(each.get("name") not in revision.allowed for each in mappings(pod.context.get("sysctls")))


def _escalation(pod: Pod, _: Revision) -> bool:
    return any(context.get("allowPrivilegeEscalation") is not False for context in pod.contexts)


def _may_be_root(pod: Pod, _: Revision) -> bool:
    if any(value is False for value in pod.everywhere("runAsNonRoot")):
        return True
    return pod.context.get("runAsNonRoot") is not True and any(
        context.get("runAsNonRoot") is not True for context in pod.contexts
    )


def _is_root(pod: Pod, _: Revision) -> bool:
    return any(value == 0 and value is not False for value in pod.everywhere("runAsUser"))


def _type_of(profile: Any, revision: Revision) -> bool:
    """Whether its `type` is set to what is not allowed."""
    kind = mapping(profile).get("type")
    return bool(kind) and kind not in revision.allowed


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


_BREAKS: Mapping[str, Callable[[Pod, Revision], bool]] = {
    "windowsHostProcess": _host_process,
    "hostNamespaces": _host_namespaces,
    "privileged": _privileged,
    "capabilities_baseline": _adds,
    "capabilities_restricted": _keeps,
    "hostPathVolumes": _host_paths,
    "restrictedVolumes": _volumes,
    "hostPorts": _host_ports,
    "hostProbesAndHostLifecycle": _hosts,
    "appArmorProfile": _app_armor,
    "seLinuxOptions": _se_linux,
    "procMount": _proc_mount,
    "procMount_restricted": _proc_mount,
    "seccompProfile_baseline": _seccomp_off,
    "seccompProfile_restricted": _seccomp_missing,
    "sysctls": _sysctls,
    "allowPrivilegeEscalation": _escalation,
    "runAsNonRoot": _may_be_root,
    "runAsUser": _is_root,
}
