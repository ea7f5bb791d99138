"""Storage classes, volumes and nodes, snapshots and backups."""

from collections.abc import Iterator
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import LIVE, WHOLE, Scope
from fairlead.checks.several.claims import CLAIM, SetsOfClaims, templates_of
from fairlead.checks.several.reading import mapping, mappings, matches, spec_of, text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"

_SCHEDULE = "Schedule.velero.io"


def _claimed_classes(scope: Scope) -> Iterator[tuple[KubeObject, tuple[str | int, ...], str | None]]:
    """Each claim or template, the path of its class, and the class: None where it leaves that to the default."""
    for claim in scope.objects.of(CLAIM):
        if not spec_of(claim).get("volumeName"):
            yield claim, ("spec", "storageClassName"), _class_of(claim.annotations, spec_of(claim))
    for each in scope.objects.of("StatefulSet"):
        for index, template in enumerate(templates_of(each)):
            annotations = mapping(mapping(template.get("metadata")).get("annotations"))
            path = ("spec", "volumeClaimTemplates", index, "spec", "storageClassName")
            yield each, path, _class_of(annotations, mapping(template.get("spec")))


def _class_of(annotations: Any, spec: Any) -> str | None:
    found = spec.get("storageClassName", annotations.get("volume.beta.kubernetes.io/storage-class"))
    return found if isinstance(found, str) else None


def _class_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    # Manifests without any class leave them, the default among them, to the cluster.
    has_default = bool(_defaults(scope)) or (not scope.objects.of("StorageClass") and LIVE not in scope.evidence)
    # Volumes made by hand may carry the name of a class that no object has.
    by_hand = {text(spec_of(volume).get("storageClassName")) for volume in scope.objects.of("PersistentVolume")}
    for each, path, name in _claimed_classes(scope):
        if name is None and not has_default:
            yield rule.found(each, "leaves its class to the default, and there is none", path=path)
        elif name and scope.objects.get("StorageClass", "", name) is None and name not in by_hand:
            yield rule.found(each, f"there is no storage class `{name}`", path=path)


def _defaults(scope: Scope) -> list[KubeObject]:
    return [each for each in scope.objects.of("StorageClass") if each.annotations.get(_DEFAULT_CLASS) == "true"]


def _several_defaults(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    defaults = _defaults(scope)
    for each in defaults[1:]:
        said = f"is a default beside `{defaults[0].name}`"
        yield rule.found(each, said, path=("metadata", "annotations", _DEFAULT_CLASS))


def _class_deletes(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, path, name in _claimed_classes(scope):
        storage = scope.objects.get("StorageClass", "", name or "")
        if each.kind == "StatefulSet" and storage and storage.raw.get("reclaimPolicy", "Delete") == "Delete":
            yield rule.found(each, f"class `{name}` deletes the disk with its claim", path=path)


def _no_snapshot_class(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = {text(each.raw.get("driver")) for each in scope.objects.of("VolumeSnapshotClass.snapshot.storage.k8s.io")}
    for storage in scope.objects.of("StorageClass"):
        driver = text(storage.raw.get("provisioner"))
        if driver and not driver.startswith("kubernetes.io/") and driver not in known:
            yield rule.found(storage, f"there is no VolumeSnapshotClass of `{driver}`", path=("provisioner",))


def _snapshot_of_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    sets = SetsOfClaims(scope)
    for snapshot in scope.objects.of("VolumeSnapshot.snapshot.storage.k8s.io"):
        name = text(mapping(spec_of(snapshot).get("source")).get("persistentVolumeClaimName"))
        is_known = WHOLE in scope.evidence or scope.objects.of(CLAIM, snapshot.namespace)
        if not name or not is_known or scope.objects.get(CLAIM, snapshot.namespace, name):
            continue
        if sets.of(snapshot.namespace, name) is None:
            path = ("spec", "source", "persistentVolumeClaimName")
            yield rule.found(snapshot, f"there is no claim `{name}`", path=path)


def _not_backed_up(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    schedules = [mapping(spec_of(each).get("template")) for each in scope.objects.of(_SCHEDULE)]
    if not schedules or any("labelSelector" in each or "orLabelSelectors" in each for each in schedules):
        return
    seen: set[str] = set()
    holders = (*scope.objects.of(CLAIM), *filter(templates_of, scope.objects.of("StatefulSet")))
    for each in holders:
        if each.namespace in seen or any(_includes(schedule, each.namespace) for schedule in schedules):
            continue
        seen.add(each.namespace)
        yield rule.found(each, f"no schedule includes the namespace {each.namespace or 'it is put into'}")


def _names(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _includes(schedule: Any, namespace: str) -> bool:
    included, excluded = (_names(schedule.get(key)) for key in ("includedNamespaces", "excludedNamespaces"))
    included = included or ["*"]
    return ("*" in included or namespace in included) and namespace not in excluded


def _attach_limit(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    attached: dict[tuple[str, str], int] = {}
    for attachment in scope.objects.of("VolumeAttachment"):
        spec = spec_of(attachment)
        key = (text(spec.get("nodeName")), text(spec.get("attacher")))
        attached[key] = attached.get(key, 0) + 1
    for node in scope.objects.of("CSINode"):
        for index, driver in enumerate(mappings(spec_of(node).get("drivers"))):
            limit = mapping(driver.get("allocatable")).get("count")
            used = attached.get((node.name, text(driver.get("name"))), 0)
            if isinstance(limit, int) and limit > 0 and used * 10 >= limit * 9:
                said = f"{used} of {limit} disks of `{driver.get('name')}` are attached"
                yield rule.found(node, said, path=("spec", "drivers", index))


def _no_node_for_volume(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    nodes = scope.objects.of("Node")
    if not nodes:
        return
    # Thousands of volumes are bound to the same few zones.
    known: dict[str, bool] = {}
    for volume in scope.objects.of("PersistentVolume"):
        required = mapping(mapping(spec_of(volume).get("nodeAffinity")).get("required"))
        terms = mappings(required.get("nodeSelectorTerms"))
        if terms and (key := repr(terms)) not in known:
            selectors = [{"matchExpressions": term.get("matchExpressions")} for term in terms]
            known[key] = any(matches(selector, node.labels) for selector in selectors for node in nodes)
        if terms and not known[key]:
            yield rule.found(volume, "no node has the labels it is bound to", path=("spec", "nodeAffinity"))


_DB: dict[str, Any] = {
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {
        "serviceName": "db",
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}],
    },
}

_FAST: dict[str, Any] = {
    "kind": "StorageClass",
    "metadata": {"name": "fast", "annotations": {_DEFAULT_CLASS: "true"}},
    "provisioner": "pd.csi.storage.gke.io",
}

_SNAPSHOT = "snapshot.storage.k8s.io/v1"

_VELERO = {"kind": "Schedule", "apiVersion": "velero.io/v1", "metadata": {"name": "daily", "namespace": "velero"}}


def _volume_in(zone: str) -> dict[str, Any]:
    expression = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"kind": "PersistentVolume", "spec": {"nodeAffinity": {"required": terms}}}


_NODE = {"kind": "Node", "metadata": {"labels": {"topology.kubernetes.io/zone": "a"}}}

_CSI_NODE = {
    "kind": "CSINode",
    "apiVersion": "storage.k8s.io/v1",
    "spec": {"drivers": [{"name": "d", "allocatable": {"count": 1}}]},
}

_ATTACHED = {"kind": "VolumeAttachment", "spec": {"nodeName": "example", "attacher": "d"}}

RULES = (
    SeveralRule(
        id="STA424",
        title="Storage class that is not there",
        severity=Severity.ERROR,
        why="The claim is never bound, and its pods stay Pending.",
        fix="Name a class that the cluster has (`kubectl get storageclass`), or add it.",
        source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1",
        like=(
            "k8sgpt:statefulset analyzer",
            "k8sgpt:pvc and storage analyzers",
            "kyverno-policies:restrict-storageclass",
        ),
        needs=(WHOLE,),
        about=(CLAIM, "StatefulSet"),
        check=_class_missing,
        good=(
            (_DB, _FAST),
            ({"kind": CLAIM, "spec": {}}, _FAST),
            ({"kind": CLAIM, "spec": {"storageClassName": ""}},),
            ({"kind": CLAIM, "spec": {}},),
            (
                {"kind": CLAIM, "spec": {"storageClassName": "manual"}},
                {"kind": "PersistentVolume", "spec": {"storageClassName": "manual"}},
            ),
        ),
        bad=((_DB,), ({"kind": CLAIM, "spec": {}}, {**_FAST, "metadata": {"name": "fast"}})),
    ),
    SeveralRule(
        id="STA425",
        title="Several default storage classes",
        severity=Severity.WARNING,
        why="Claims without a class get the one made last; which that is differs from cluster to cluster.",
        fix="Leave the annotation on one class.",
        source="https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass",
        like=("k8sgpt:storage analyzer",),
        about=("StorageClass",),
        check=_several_defaults,
        good=((_FAST, {"kind": "StorageClass", "metadata": {"name": "slow"}}),),
        bad=((_FAST, {**_FAST, "metadata": {**_FAST["metadata"], "name": "slow"}}),),
    ),
    SeveralRule(
        id="STA426",
        title="Data of a StatefulSet goes with its claim",
        severity=Severity.ADVICE,
        why="Whoever deletes a claim or the namespace deletes the disk in the same moment.",
        fix="Use a class with `reclaimPolicy: Retain` for data that matters, or have backups that are tried.",
        source="https://kubernetes.io/docs/concepts/storage/storage-classes/#reclaim-policy",
        about=("StatefulSet",),
        check=_class_deletes,
        good=((_DB, {**_FAST, "reclaimPolicy": "Retain"}), (_DB,)),
        bad=((_DB, _FAST),),
    ),
    SeveralRule(
        id="STA427",
        title="Driver without a class for snapshots",
        severity=Severity.ADVICE,
        why="Backup tools take no snapshots of its volumes; they skip them or copy file by file.",
        fix="Add a VolumeSnapshotClass for the driver.",
        source="https://kubernetes.io/docs/concepts/storage/volume-snapshot-classes/",
        needs=(WHOLE,),
        about=("StorageClass",),
        check=_no_snapshot_class,
        good=((_FAST, {"kind": "VolumeSnapshotClass", "driver": "pd.csi.storage.gke.io"}),),
        bad=((_FAST,),),
    ),
    SeveralRule(
        id="STA428",
        title="Snapshot of a claim that is not there",
        severity=Severity.ERROR,
        why="The snapshot never becomes ready, and whoever counts on it has none.",
        fix="Name a claim of the same namespace.",
        source="https://kubernetes.io/docs/concepts/storage/volume-snapshots/",
        about=("VolumeSnapshot.snapshot.storage.k8s.io",),
        check=_snapshot_of_nothing,
        good=(
            (
                {"kind": "VolumeSnapshot", "spec": {"source": {"persistentVolumeClaimName": "data"}}},
                {"kind": CLAIM, "metadata": {"name": "data"}},
            ),
        ),
        bad=(
            (
                {
                    "kind": "VolumeSnapshot",
                    "apiVersion": _SNAPSHOT,
                    "spec": {"source": {"persistentVolumeClaimName": "data"}},
                },
                {"kind": CLAIM, "metadata": {"name": "date"}},
            ),
        ),
    ),
    SeveralRule(
        id="STA429",
        title="Namespace with volumes that no backup includes",
        severity=Severity.WARNING,
        why="There are backups of other namespaces and none of this one; it is noticed when the data is gone.",
        fix="Add the namespace to a Velero Schedule, or leave `includedNamespaces` out.",
        source="https://velero.io/docs/main/api-types/schedule/",
        like=("kyverno-policies:backup-all-volumes",),
        about=(_SCHEDULE,),
        check=_not_backed_up,
        good=(
            (_DB, {**_VELERO, "spec": {"template": {"includedNamespaces": ["shop"]}}}),
            (_DB, {**_VELERO, "spec": {"template": {}}}),
            (_DB,),
        ),
        bad=(
            (_DB, {**_VELERO, "spec": {"template": {"includedNamespaces": ["pay"]}}}),
            (_DB, {**_VELERO, "spec": {"template": {"excludedNamespaces": ["shop"]}}}),
        ),
    ),
    SeveralRule(
        id="STA431",
        title="Node close to the disks it can attach",
        severity=Severity.WARNING,
        why="Pods with volumes that a drain sends there stay Pending, although CPU and memory are free.",
        fix="Spread pods with volumes over more nodes, or use a machine type that attaches more.",
        source="https://kubernetes.io/docs/concepts/storage/storage-limits/",
        about=("CSINode",),
        check=_attach_limit,
        good=((_CSI_NODE,), (_CSI_NODE, {**_ATTACHED, "spec": {"nodeName": "other", "attacher": "d"}})),
        bad=(({**_CSI_NODE, "metadata": {"namespace": None}}, _ATTACHED),),
    ),
    SeveralRule(
        id="STA432",
        title="Volume that no node can mount",
        severity=Severity.ERROR,
        why="It is bound to a zone or a node that the cluster no longer has; its pod stays Pending for good.",
        fix="Add nodes in that zone, or move the data by a snapshot; labels `failure-domain.beta…` are gone.",
        source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#node-affinity",
        about=("PersistentVolume",),
        check=_no_node_for_volume,
        good=((_volume_in("a"), _NODE), (_volume_in("b"),)),
        bad=((_volume_in("b"), _NODE),),
    ),
)
