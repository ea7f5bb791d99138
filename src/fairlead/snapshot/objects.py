"""Kubernetes objects as they were written or answered, with their place, and an index over many of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec


class Place(msgspec.Struct, frozen=True):
    """
    Where something was read. `line` and `column` count from 1, 0 where there is none (an object of a live cluster);
    `document` counts the file's documents from 0, empty ones included. An object's place is that of its first key;
    `path` is where in its document it begins: `("items", 3)` in a `List`.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    document: int = 0
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


NOWHERE = Place()

# The groups of the kinds that Kubernetes itself brings; what other groups call `Service` or `Job` is another thing.
BUILT_IN_GROUPS = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
_BUILT_IN_SUFFIX = ".k8s.io"
_FOREIGN_SUFFIXES = (".x-k8s.io", "gateway.networking.k8s.io", "snapshot.storage.k8s.io", "metrics.k8s.io")

_POD_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
} | dict.fromkeys(
    ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
    ("spec", "template", "spec"),
)
# Where other groups' kinds keep a pod template: Argo Rollouts, Knative, OpenKruise and most; their cron jobs.
_FOREIGN_POD_PATHS = (
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("spec", "template", "jobTemplate", "spec", "template", "spec"),
)


# The kinds of Kubernetes itself that make pods.
POD_KINDS = frozenset(_POD_PATHS)
# Among unread kinds: some that make pods.
WORKLOADS = "workloads"


class UnreadKindError(LookupError):
    """Objects of this kind could not be read, so nothing can be said from there being none."""


def key_of(group: str, kind: str) -> str:
    """As kubectl writes it: `Service`, and `Service.serving.knative.dev` for groups that are not Kubernetes' own."""
    return kind if group in BUILT_IN_GROUPS or _is_built_in(group) else f"{kind}.{group}"


class KubeObject:
    """
    One object, not to be changed. `raw` is it as parsed; what is malformed in it reads as absent here.

    `key` is its kind, and for kinds of other groups than Kubernetes' own `Kind.group`, as kubectl writes them:
    `Service` and `Service.serving.knative.dev`. `pod_spec` is None where the object makes no pods.
    """

    __slots__ = ("api_version", "group", "key", "kind", "name", "namespace", "place", "pod_path", "pod_spec", "raw")

    def __init__(self, raw: dict[str, Any], place: Place = NOWHERE) -> None:
        self.raw = raw
        self.place = place
        self.api_version = _text(raw.get("apiVersion"))
        self.kind = _text(raw.get("kind"))
        self.group = self.api_version.rpartition("/")[0]
        self.key = key_of(self.group, self.kind)
        metadata = _mapping(raw.get("metadata"))
        self.namespace = _text(metadata.get("namespace"))
        # An object without a name gets one that begins like this.
        self.name = _text(metadata.get("name")) or _text(metadata.get("generateName"))
        self.pod_path, self.pod_spec = _native_pod(self.kind, raw) if self.key == self.kind else _foreign_pod(raw)

    def __repr__(self) -> str:
        return f"<{self.ref} at {self.place}>"

    @property
    def ref(self) -> str:
        """`Deployment shop/cart`, `ClusterRole reader`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def labels(self) -> dict[str, str]:
        return _mapping(_mapping(self.raw.get("metadata")).get("labels"))

    @property
    def annotations(self) -> dict[str, str]:
        return _mapping(_mapping(self.raw.get("metadata")).get("annotations"))

    @property
    def pod_labels(self) -> dict[str, str]:
        return _mapping(self.pod_metadata.get("labels"))

    @property
    def pod_annotations(self) -> dict[str, str]:
        return _mapping(self.pod_metadata.get("annotations"))

    @property
    def pod_metadata(self) -> dict[str, Any]:
        if self.pod_spec is None:
            return {}
        return _mapping(_mapping(_at(self.raw, self.pod_path[:-1])).get("metadata"))


class Objects:
    """
    Many objects and the ways to find them, each one look-up. Building costs one pass over them.

    Kinds are named by `KubeObject.key`. Of two with the same kind, namespace and name the first is found; the
    others stand in `duplicates`.

    `unread` are kinds that could not be read, and `workloads` where some of them make pods; `unasked` are kinds there
    are, but nobody wanted to read. Whoever looks there gets UnreadKindError instead of nothing.
    """

    def __init__(
        self, objects: Iterable[KubeObject] = (), unread: Iterable[str] = (), unasked: Iterable[str] = ()
    ) -> None:
        self._all = tuple(objects)
        self.unread = frozenset(unread)
        self._unknown = self.unread.union(unasked)
        self._workloads = tuple(each for each in self._all if each.pod_spec is not None)
        self.duplicates: list[KubeObject] = []
        self._by_kind: dict[str, list[KubeObject]] = {}
        self._by_namespace: dict[tuple[str, str], list[KubeObject]] = {}
        self._by_name: dict[tuple[str, str, str], KubeObject] = {}
        for each in self._all:
            self._add(each)
        self._by_pod_label: dict[tuple[str, str, str], list[KubeObject]] | None = None

    def __iter__(self) -> Iterator[KubeObject]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def _add(self, each: KubeObject) -> None:
        self._by_kind.setdefault(each.key, []).append(each)
        self._by_namespace.setdefault((each.key, each.namespace), []).append(each)
        if self._by_name.setdefault((each.key, each.namespace, each.name), each) is not each:
            self.duplicates.append(each)

    @property
    def workloads(self) -> tuple[KubeObject, ...]:
        self.must_know(WORKLOADS)
        return self._workloads

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(self._by_kind)

    def must_know(self, kind: str) -> None:
        """UnreadKindError where nothing can be said from there being none of a kind."""
        if kind in self._unknown:
            raise UnreadKindError(kind)

    def of(self, kind: str, namespace: str | None = None) -> list[KubeObject]:
        """All of a kind, of all namespaces or of one (`""`: those that name none)."""
        self.must_know(kind)
        if namespace is None:
            return self._by_kind.get(kind, [])
        return self._by_namespace.get((kind, namespace), [])

    def get(self, kind: str, namespace: str, name: str) -> KubeObject | None:
        self.must_know(kind)
        return self._by_name.get((kind, namespace, name))

    def selected(self, namespace: str, labels: Mapping[str, str]) -> list[KubeObject]:
        """The workloads of a namespace whose pods carry all these labels; none for no labels."""
        self.must_know(WORKLOADS)
        if not labels:
            return []
        index = self._pod_label_index()
        # The rarest label first: `app: cart` leaves few to look at, `tier: backend` many.
        candidates = min((index.get((namespace, *pair), []) for pair in labels.items()), key=len)
        return [each for each in candidates if labels.items() <= each.pod_labels.items()]

    def _pod_label_index(self) -> dict[tuple[str, str, str], list[KubeObject]]:
        if self._by_pod_label is None:
            index: dict[tuple[str, str, str], list[KubeObject]] = {}
            for each in self._workloads:
                pairs = [pair for pair in each.pod_labels.items() if isinstance(pair[1], str)]
                for key, value in pairs:
                    index.setdefault((each.namespace, key, value), []).append(each)
            self._by_pod_label = index
        return self._by_pod_label


def _is_built_in(group: str) -> bool:
    return group.endswith(_BUILT_IN_SUFFIX) and not group.endswith(_FOREIGN_SUFFIXES)


def _native_pod(kind: str, raw: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any] | None]:
    path = _POD_PATHS.get(kind)
    if path is None:
        return (), None
    spec = _at(raw, path)
    return (path, spec) if isinstance(spec, dict) else ((), None)


def _foreign_pod(raw: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any] | None]:
    """A pod template is taken for one where it has containers: `spec.template.spec` alone may be anything."""
    for path in _FOREIGN_POD_PATHS:
        spec = _at(raw, path)
        if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
            return path, spec
    return (), None


def _at(raw: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(raw, dict):
            return None
        raw = raw.get(step)
    return raw


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
