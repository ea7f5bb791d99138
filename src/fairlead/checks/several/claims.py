"""Claims to volumes and who mounts them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.amounts import amount, replicas_of
from fairlead.checks.several.reading import mapping, mappings, spec_of, text, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

CLAIM = "PersistentVolumeClaim"
_ORDINAL = re.compile(r"(.+)-(\d+)")
# Each of these drivers makes disks that one node attaches at a time.
_BLOCK = frozenset(
    {
        *("pd.csi.storage.gke.io", "ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "disk.csi.azure.com"),
        *("cinder.csi.openstack.org", "csi.hetzner.cloud", "topolvm.io", "kubernetes.io/gce-pd"),
        *("kubernetes.io/aws-ebs", "kubernetes.io/azure-disk", "kubernetes.io/cinder"),
    }
)


def mounts(scope: Scope) -> Iterator[tuple[KubeObject, int, str]]:
    """Each volume of a workload that is a claim: the workload, the volume's index, the claim's name."""
    for each in workloads(scope):
        for index, volume in enumerate(mappings(mapping(each.pod_spec).get("volumes"))):
            name = text(mapping(volume.get("persistentVolumeClaim")).get("claimName"))
            if name:
                yield each, index, name


def templates_of(each: KubeObject) -> list[dict[str, Any]]:
    return mappings(spec_of(each).get("volumeClaimTemplates"))


class SetsOfClaims:
    """The StatefulSets of a scope by the names of the claims that they make (`data-db-2`): one look-up each."""

    def __init__(self, scope: Scope) -> None:
        self._made: dict[tuple[str, str], tuple[KubeObject, dict[str, Any]]] = {}
        for each in scope.objects.of("StatefulSet"):
            for template in templates_of(each):
                name = f"{text(mapping(template.get('metadata')).get('name'))}-{each.name}"
                self._made[(each.namespace, name)] = each, template

    def of(self, namespace: str, name: str) -> tuple[KubeObject, Mapping[str, Any], int] | None:
        """The set, its template and the ordinal that a claim is of."""
        match = _ORDINAL.fullmatch(name)
        made = self._made.get((namespace, match[1])) if match else None
        return (*made, int(match[2])) if made and match else None


def _modes(claim: KubeObject) -> frozenset[str]:
    found = spec_of(claim).get("accessModes")
    return frozenset(filter(None, map(text, found))) if isinstance(found, list) else frozenset()


def _is_for_one_node(claim: KubeObject) -> bool:
    modes = _modes(claim)
    return bool(modes) and modes <= {"ReadWriteOnce", "ReadWriteOncePod"}


def _volume_path(each: KubeObject, index: int) -> tuple[str | int, ...]:
    return (*each.pod_path, "volumes", index, "persistentVolumeClaim", "claimName")


def _stays_together(each: KubeObject) -> bool:
    """Whether its pods are held on one node: then one node's disk serves them all."""
    pod = mapping(each.pod_spec)
    terms = mapping(mapping(pod.get("affinity")).get("podAffinity")).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return (
        bool(pod.get("nodeName"))
        or "kubernetes.io/hostname" in mapping(pod.get("nodeSelector"))
        or any(term.get("topologyKey") == "kubernetes.io/hostname" for term in mappings(terms))
    )


def _claim_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    """Claims are often made apart from what mounts them; a namespace that has some here is taken to have all."""
    sets = SetsOfClaims(scope)
    for each, index, name in mounts(scope):
        is_known = WHOLE in scope.evidence or bool(scope.objects.of(CLAIM, each.namespace))
        if not is_known or scope.objects.get(CLAIM, each.namespace, name) is not None:
            continue
        if sets.of(each.namespace, name) is None:
            yield rule.found(each, f"mounts the claim `{name}`, which is not there", path=_volume_path(each, index))


def _many_pods_on_one_node_disk(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, index, name in mounts(scope):
        claim = scope.objects.get(CLAIM, each.namespace, name)
        if claim is None or not _is_for_one_node(claim) or _stays_together(each):
            continue
        modes = ", ".join(sorted(_modes(claim)))
        if each.kind == "DaemonSet":
            yield rule.found(each, f"mounts `{name}` ({modes}) on every node", path=_volume_path(each, index))
        elif each.kind not in {"Pod", "CronJob"} and replicas_of(each) > 1:
            said = f"{replicas_of(each)} pods mount `{name}` ({modes})"
            yield rule.found(each, said, path=_volume_path(each, index))


def _rolled_over_one_disk(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, index, name in mounts(scope):
        claim = scope.objects.get(CLAIM, each.namespace, name)
        if each.kind != "Deployment" or claim is None or not _is_for_one_node(claim):
            continue
        if replicas_of(each) != 1 or not _starts_before_it_ends(each) or _stays_together(each):
            continue
        yield rule.found(
            each, f"the new pod waits for `{name}` until the old one has ended", path=_volume_path(each, index)
        )


def _starts_before_it_ends(deployment: KubeObject) -> bool:
    strategy = mapping(spec_of(deployment).get("strategy"))
    surge = mapping(strategy.get("rollingUpdate")).get("maxSurge", "25%")
    return strategy.get("type", "RollingUpdate") == "RollingUpdate" and str(surge) not in {"0", "0%"}


def _claim_of_two(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    users: dict[tuple[str, str], list[tuple[KubeObject, int]]] = {}
    for each, index, name in mounts(scope):
        users.setdefault((each.namespace, name), []).append((each, index))
    for (namespace, name), found in users.items():
        claim = scope.objects.get(CLAIM, namespace, name)
        if len({each.ref for each, _ in found}) < 2 or claim is None or not _is_for_one_node(claim):
            continue
        first = found[0][0]
        for each, index in found[1:]:
            if each.ref != first.ref and not _stays_together(each):
                yield rule.found(each, f"mounts `{name}`, which {first.ref} mounts too", path=_volume_path(each, index))


def _disk_for_many_nodes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for claim in scope.objects.of(CLAIM):
        storage = scope.objects.get("StorageClass", "", text(spec_of(claim).get("storageClassName")))
        if storage is None or "ReadWriteMany" not in _modes(claim) or spec_of(claim).get("volumeMode") == "Block":
            continue
        driver = text(storage.raw.get("provisioner"))
        if driver in _BLOCK:
            yield rule.found(claim, f"`{driver}` has no ReadWriteMany", path=("spec", "accessModes"))


def _ordinal_gone(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    sets = SetsOfClaims(scope)
    for claim in scope.objects.of(CLAIM):
        made = sets.of(claim.namespace, claim.name)
        if made is None:
            continue
        each, _, ordinal = made
        start = mapping(spec_of(each).get("ordinals")).get("start", 0)
        end = replicas_of(each) + (start if isinstance(start, int) else 0)
        # A set at 0 is switched off, not made smaller.
        if replicas_of(each) > 0 and ordinal >= end:
            yield rule.found(claim, f"is of a replica that {each.ref} no longer has", path=("metadata", "name"))


def _used_by_nobody(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    sets = SetsOfClaims(scope)
    used = {(each.namespace, name) for each, _, name in mounts(scope)}
    for claim in scope.objects.of(CLAIM):
        is_owned = bool(mapping(claim.raw.get("metadata")).get("ownerReferences"))
        if (claim.namespace, claim.name) in used or is_owned:
            continue
        if sets.of(claim.namespace, claim.name) is None:
            yield rule.found(claim, "is mounted by nothing", path=("metadata", "name"))


def _size(spec: Any) -> float | None:
    return amount(mapping(mapping(mapping(spec).get("resources")).get("requests")).get("storage"))


def _template_smaller(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    sets = SetsOfClaims(scope)
    seen: set[tuple[str, str]] = set()
    for claim in scope.objects.of(CLAIM):
        made = sets.of(claim.namespace, claim.name)
        has, wanted = _size(spec_of(claim)), _size(made[1].get("spec")) if made else None
        if made is None or has is None or wanted is None or wanted >= has:
            continue
        each, template, _ = made
        key = (each.ref, text(mapping(template.get("metadata")).get("name")))
        if key not in seen:
            seen.add(key)
            said = f"claim `{claim.name}` has grown beyond its template"
            yield rule.found(each, said, path=("spec", "volumeClaimTemplates"))


def _cannot_grow(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for claim in scope.objects.of(CLAIM):
        storage = scope.objects.get("StorageClass", "", text(spec_of(claim).get("storageClassName")))
        has = amount(mapping(mapping(claim.raw.get("status")).get("capacity")).get("storage"))
        wanted = _size(spec_of(claim))
        if storage is None or has is None or wanted is None or storage.raw.get("allowVolumeExpansion") is True:
            continue
        if wanted > has:
            said = f"asks to grow, and class `{storage.name}` does not allow it"
            yield rule.found(claim, said, path=("spec", "resources", "requests", "storage"))


def _claim(mode: str = "ReadWriteOnce", **more: Any) -> dict[str, Any]:
    spec = {"accessModes": [mode], "resources": {"requests": {"storage": "10Gi"}}, **more}
    return {"kind": CLAIM, "metadata": {"name": "data"}, "spec": spec}


_VOLUME = {"persistentVolumeClaim": {"claimName": "data"}}
_TEMPLATE = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
}
_SET = {"kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"replicas": 2, "volumeClaimTemplates": [_TEMPLATE]}}
_ACCESS = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes"

RULES = (
    SeveralRule(
        id="STA401",
        title="Claim that is not there",
        severity=Severity.ERROR,
        why="The pod stays Pending until somebody makes the claim.",
        fix="Add the PersistentVolumeClaim, or mount one that there is.",
        source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes",
        about=(CLAIM,),
        check=_claim_missing,
        good=(
            ({"volume": _VOLUME}, _claim()),
            ({"volume": _VOLUME},),
            (_SET, {"kind": "Pod", "volume": {"persistentVolumeClaim": {"claimName": "data-db-0"}}}, _claim()),
        ),
        bad=(({"volume": {"persistentVolumeClaim": {"claimName": "date"}}}, _claim()),),
    ),
    SeveralRule(
        id="STA402",
        title="Several pods on a disk that one node attaches",
        severity=Severity.ERROR,
        why=(
            "Pods on other nodes than the first stay in ContainerCreating with a Multi-Attach error; after a drain "
            "it may be all of them."
        ),
        fix="Give each replica a volume of its own (StatefulSet), or use a class of shared files with ReadWriteMany.",
        source=_ACCESS,
        about=(CLAIM,),
        check=_many_pods_on_one_node_disk,
        good=(
            ({"volume": _VOLUME, "spec": {"replicas": 3}}, _claim("ReadWriteMany")),
            ({"volume": _VOLUME}, _claim()),
            ({"volume": _VOLUME, "spec": {"replicas": 3}, "pod": {"nodeName": "a"}}, _claim()),
        ),
        bad=(
            ({"volume": _VOLUME, "spec": {"replicas": 3}}, _claim()),
            ({"kind": "DaemonSet", "volume": _VOLUME}, _claim()),
            ({"kind": "StatefulSet", "volume": _VOLUME, "spec": {"replicas": 2}}, _claim("ReadWriteOncePod")),
        ),
    ),
    SeveralRule(
        id="STA403",
        title="Rollout that waits for its own disk",
        severity=Severity.WARNING,
        why=(
            "The new pod is started first. On another node it cannot attach the disk that the old one holds, and the "
            "old one is not ended before the new one is ready: the rollout hangs."
        ),
        fix="Set `strategy.type` to Recreate, or use a StatefulSet.",
        source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment",
        about=(CLAIM,),
        check=_rolled_over_one_disk,
        good=(
            ({"volume": _VOLUME, "spec": {"strategy": {"type": "Recreate"}}}, _claim()),
            ({"volume": _VOLUME}, _claim("ReadWriteMany")),
            ({"volume": _VOLUME, "spec": {"strategy": {"rollingUpdate": {"maxSurge": 0}}}}, _claim()),
        ),
        bad=(({"volume": _VOLUME}, _claim()),),
    ),
    SeveralRule(
        id="STA404",
        title="Disk that two workloads mount",
        severity=Severity.WARNING,
        why="The second one starts only where the first one happens to run; otherwise it hangs in ContainerCreating.",
        fix="Use ReadWriteMany with shared files, a copy of the volume, or pod affinity that holds them on one node.",
        source=_ACCESS,
        about=(CLAIM,),
        check=_claim_of_two,
        good=(
            ({"volume": _VOLUME}, {"kind": "CronJob", "volume": _VOLUME}, _claim("ReadWriteMany")),
            ({"volume": _VOLUME}, _claim()),
        ),
        bad=(({"volume": _VOLUME}, {"kind": "CronJob", "volume": _VOLUME}, _claim()),),
    ),
    SeveralRule(
        id="STA405",
        title="Claim for many nodes on a class of disks",
        severity=Severity.ERROR,
        why="The class makes disks that attach to one node; the claim is never bound.",
        fix="Ask for ReadWriteOnce, or use a class of shared files.",
        source=_ACCESS,
        about=(CLAIM,),
        check=_disk_for_many_nodes,
        good=(
            (_claim(storageClassName="fast"), {"kind": "StorageClass", "metadata": {"name": "fast"}}),
            (
                _claim("ReadWriteMany", storageClassName="files"),
                {"kind": "StorageClass", "metadata": {"name": "files"}, "provisioner": "efs.csi.aws.com"},
            ),
        ),
        bad=(
            (
                _claim("ReadWriteMany", storageClassName="fast"),
                {"kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner": "pd.csi.storage.gke.io"},
            ),
        ),
    ),
    SeveralRule(
        id="STA406",
        title="Volume of a replica that is no longer there",
        severity=Severity.ADVICE,
        why="Claims stay when a set is made smaller: the disk is paid for, and a replica that returns finds old data.",
        fix="Delete the claim when its data is no longer needed, or set `persistentVolumeClaimRetentionPolicy`.",
        source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention",
        about=("StatefulSet",),
        check=_ordinal_gone,
        good=((_SET, {"kind": CLAIM, "metadata": {"name": "data-db-1"}}),),
        bad=((_SET, {"kind": CLAIM, "metadata": {"name": "data-db-2"}}),),
    ),
    SeveralRule(
        id="STA407",
        title="Claim that nothing mounts",
        severity=Severity.ADVICE,
        why="Its disk is paid for, and nobody remembers what is on it.",
        fix="Take a snapshot where the data may matter, and delete the claim.",
        source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/",
        like=("popeye:400",),
        needs=(WHOLE,),
        about=(CLAIM,),
        check=_used_by_nobody,
        good=(({"volume": _VOLUME}, _claim()), (_SET, {"kind": CLAIM, "metadata": {"name": "data-db-0"}})),
        bad=((_claim(),),),
    ),
    SeveralRule(
        id="STA408",
        title="New replicas get a smaller volume",
        severity=Severity.WARNING,
        why="The claims were enlarged and the template was not; the next replica starts on a disk that is too small.",
        fix="Delete the set with `--cascade=orphan`, and apply it again with the new size in its template.",
        source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims",
        about=("StatefulSet",),
        check=_template_smaller,
        good=((_SET, {**_claim(), "metadata": {"name": "data-db-0"}}),),
        bad=(
            (
                _SET,
                {
                    "kind": CLAIM,
                    "metadata": {"name": "data-db-0"},
                    "spec": {"resources": {"requests": {"storage": "50Gi"}}},
                },
            ),
        ),
    ),
    SeveralRule(
        id="STA409",
        title="Claim that asks to grow where none may",
        severity=Severity.ERROR,
        why="The disk stays as it is and fills.",
        fix="Set `allowVolumeExpansion` in the class where the driver can do it; otherwise copy to a larger volume.",
        source="https://kubernetes.io/docs/concepts/storage/storage-classes/#allow-volume-expansion",
        about=(CLAIM,),
        check=_cannot_grow,
        good=(
            (
                {**_claim(storageClassName="fast"), "status": {"capacity": {"storage": "5Gi"}}},
                {"kind": "StorageClass", "metadata": {"name": "fast"}, "allowVolumeExpansion": True},
            ),
            (
                {**_claim(storageClassName="fast"), "status": {"capacity": {"storage": "10Gi"}}},
                {"kind": "StorageClass", "metadata": {"name": "fast"}},
            ),
        ),
        bad=(
            (
                {**_claim(storageClassName="fast"), "status": {"capacity": {"storage": "5Gi"}}},
                {"kind": "StorageClass", "metadata": {"name": "fast"}},
            ),
        ),
    ),
)
