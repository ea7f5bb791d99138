"""What pods name in the way of ConfigMaps and Secrets, and what other objects will make Secrets."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.checks.found import Path
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import mapping, mappings, text
from fairlead.snapshot.objects import KubeObject

_LISTS = ("initContainers", "containers", "ephemeralContainers")


class Reference(NamedTuple):
    """A pod's use of a ConfigMap or Secret: its name, the keys asked for (none: all of it), where it stands."""

    kind: str
    name: str
    keys: tuple[str, ...]
    path: Path
    item: str
    is_optional: bool


def references(workload: KubeObject) -> Iterator[Reference]:
    for path, item, container in containers(workload):
        yield from _of_container(container, path, item)
    for index, volume in enumerate(mappings(mapping(workload.pod_spec).get("volumes"))):
        item = f"volume {text(volume.get('name')) or index}"
        path = (*workload.pod_path, "volumes", index)
        yield from _of_volume(volume, path, item)
        for number, source in enumerate(mappings(mapping(volume.get("projected")).get("sources"))):
            yield from _of_volume(source, (*path, "projected", "sources", number), item)


def containers(workload: KubeObject) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Path from the object's root, how it is called, and the container itself; of every kind."""
    for name in _LISTS:
        for index, container in enumerate(mappings(mapping(workload.pod_spec).get(name))):
            yield (*workload.pod_path, name, index), f"container {text(container.get('name')) or index}", container


def _of_container(container: Mapping[str, Any], path: Path, item: str) -> Iterator[Reference]:
    for index, variable in enumerate(mappings(container.get("env"))):
        source = mapping(variable.get("valueFrom"))
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if said := mapping(source.get(field)):
                keys = (text(said.get("key")),)
                yield _reference(kind, said, "name", keys, (*path, "env", index, "valueFrom", field), item)
    for index, source in enumerate(mappings(container.get("envFrom"))):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if said := mapping(source.get(field)):
                yield _reference(kind, said, "name", (), (*path, "envFrom", index, field), item)


def _of_volume(volume: Mapping[str, Any], path: Path, item: str) -> Iterator[Reference]:
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if said := mapping(volume.get(field)):
            named = "secretName" if "secretName" in said else "name"
            keys = tuple(text(each.get("key")) for each in mappings(said.get("items")))
            yield _reference(kind, said, named, keys, (*path, field), item)


def _reference(
    kind: str, said: Mapping[str, Any], named: str, keys: tuple[str, ...], path: Path, item: str
) -> Reference:
    wanted = tuple(key for key in keys if key)
    return Reference(kind, text(said.get(named)), wanted, (*path, named), item, said.get("optional") is True)


# What makes a Secret of a name that only it knows; and where it says that name.
_MAKERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "ExternalSecret.external-secrets.io": (("spec", "target", "name"),),
    "SealedSecret.bitnami.com": (("spec", "template", "metadata", "name"),),
    "Certificate.cert-manager.io": (("spec", "secretName"),),
    "VaultStaticSecret.secrets.hashicorp.com": (("spec", "destination", "name"),),
    "VaultDynamicSecret.secrets.hashicorp.com": (("spec", "destination", "name"),),
    "OnePasswordItem.onepassword.com": (),
    "InfisicalSecret.secrets.infisical.com": (("spec", "managedSecretReference", "secretName"),),
}
# These make Secrets under names of their own rules.
GENERATORS = (
    "ClusterExternalSecret.external-secrets.io",
    "SecretProviderClass.secrets-store.csi.x-k8s.io",
    "Cluster.postgresql.cnpg.io",
    "Kafka.kafka.strimzi.io",
    "KafkaUser.kafka.strimzi.io",
    "postgresql.acid.zalan.do",
)


def made_secrets(scope: Scope) -> set[tuple[str, str]]:
    made: set[tuple[str, str]] = set()
    for kind, paths in _MAKERS.items():
        for each in scope.objects.of(kind):
            said = {_at(each.raw, path) for path in paths}
            made |= {(each.namespace, name) for name in (said, {each.name})[not any(said)] if name}
    return made


def _at(raw: Any, path: tuple[str, ...]) -> str:
    for step in path:
        raw = mapping(raw).get(step)
    return text(raw)
