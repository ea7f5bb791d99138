"""The few fields of Kubernetes objects that we read, and what they mean in our nouns."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from fairlead.model.version import Version
from fairlead.snapshot.cluster import Budget, Node, Pod, WarningEvent, Webhook, Workload

POOL_LABEL = "cloud.google.com/gke-nodepool"
ZONE_LABEL = "topology.kubernetes.io/zone"


class _Part(msgspec.Struct, rename="camel", gc=False):
    """Short-lived and without cycles: the garbage collector need not look at tens of thousands of them."""


class Owner(_Part):
    kind: str
    name: str
    controller: bool = False


class Meta(_Part):
    name: str
    namespace: str = ""
    labels: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class Condition(_Part):
    type: str
    status: str


class NodeInfo(_Part):
    kubelet_version: str = ""


class NodeStatus(_Part):
    conditions: list[Condition] | None = None
    node_info: NodeInfo = msgspec.field(default_factory=NodeInfo)


class NodeSpec(_Part):
    unschedulable: bool = False


class NodeObject(_Part):
    metadata: Meta
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)

    def noun(self) -> Node:
        labels = self.metadata.labels or {}
        return Node(
            name=self.metadata.name,
            pool=labels.get(POOL_LABEL, ""),
            zone=labels.get(ZONE_LABEL, ""),
            version=_version(self.status.node_info.kubelet_version),
            ready=_is_ready(self.status.conditions),
            unschedulable=self.spec.unschedulable,
        )


class PodSpec(_Part):
    node_name: str = ""


class PodStatus(_Part):
    phase: str = ""
    conditions: list[Condition] | None = None


class PodObject(_Part):
    metadata: Meta
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)

    def noun(self) -> Pod:
        owners = self.metadata.owner_references or ()
        return Pod(
            namespace=self.metadata.namespace,
            name=self.metadata.name,
            node=self.spec.node_name,
            phase=self.status.phase,
            ready=_is_ready(self.status.conditions),
            owner=next((f"{owner.kind}/{owner.name}" for owner in owners if owner.controller), ""),
            labels=self.metadata.labels or {},
        )


class ReplicaSpec(_Part):
    replicas: int = 1


class ReplicaStatus(_Part):
    ready_replicas: int = 0


class ReplicatedObject(_Part):
    """A Deployment or StatefulSet."""

    metadata: Meta
    spec: ReplicaSpec = msgspec.field(default_factory=ReplicaSpec)
    status: ReplicaStatus = msgspec.field(default_factory=ReplicaStatus)

    def noun(self, kind: str) -> Workload:
        return Workload(
            kind, self.metadata.namespace, self.metadata.name, self.spec.replicas, self.status.ready_replicas
        )


class DaemonSetStatus(_Part):
    desired_number_scheduled: int = 0
    number_ready: int = 0


class DaemonSetObject(_Part):
    metadata: Meta
    status: DaemonSetStatus = msgspec.field(default_factory=DaemonSetStatus)

    def noun(self, kind: str) -> Workload:
        status = self.status
        return Workload(
            kind, self.metadata.namespace, self.metadata.name, status.desired_number_scheduled, status.number_ready
        )


class JobSpec(_Part):
    parallelism: int = 1
    completions: int | None = None
    suspend: bool = False


class JobStatus(_Part):
    ready: int = 0
    succeeded: int = 0
    conditions: list[Condition] | None = None


class JobObject(_Part):
    metadata: Meta
    spec: JobSpec = msgspec.field(default_factory=JobSpec)
    status: JobStatus = msgspec.field(default_factory=JobStatus)

    def noun(self, kind: str) -> Workload:
        """A Job that has ended or is suspended wants no pods; one near its end wants only what is left."""
        ended = any(
            each.type in {"Complete", "Failed"} and each.status == "True" for each in self.status.conditions or ()
        )
        wanted = self.spec.parallelism
        if self.spec.completions is not None:
            wanted = min(wanted, max(self.spec.completions - self.status.succeeded, 0))
        if ended or self.spec.suspend:
            wanted = 0
        return Workload(kind, self.metadata.namespace, self.metadata.name, wanted, min(self.status.ready, wanted))


class Selector(_Part):
    match_labels: dict[str, str] | None = None


class BudgetSpec(_Part):
    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: Selector | None = None


class BudgetStatus(_Part):
    expected_pods: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    disruptions_allowed: int = 0


class BudgetObject(_Part):
    metadata: Meta
    spec: BudgetSpec = msgspec.field(default_factory=BudgetSpec)
    status: BudgetStatus = msgspec.field(default_factory=BudgetStatus)

    def noun(self) -> Budget:
        spec, status = self.spec, self.status
        return Budget(
            namespace=self.metadata.namespace,
            name=self.metadata.name,
            pods=status.expected_pods,
            healthy=status.current_healthy,
            desired_healthy=status.desired_healthy,
            evictions_allowed=status.disruptions_allowed,
            min_available="" if spec.min_available is None else str(spec.min_available),
            max_unavailable="" if spec.max_unavailable is None else str(spec.max_unavailable),
            pod_labels=(spec.selector.match_labels if spec.selector else None) or {},
        )


class ServiceTarget(_Part):
    name: str
    namespace: str


class ClientConfig(_Part):
    url: str | None = None
    service: ServiceTarget | None = None

    @property
    def target(self) -> str:
        if self.service is not None:
            return f"Service {self.service.namespace}/{self.service.name}"
        return self.url or ""


class WebhookEntry(_Part):
    name: str
    client_config: ClientConfig = msgspec.field(default_factory=ClientConfig)
    failure_policy: str = "Fail"
    timeout_seconds: Annotated[int, msgspec.Meta(ge=0)] = 10


class WebhookObject(_Part):
    metadata: Meta
    webhooks: list[WebhookEntry] | None = None

    def nouns(self, kind: str) -> Iterator[Webhook]:
        for hook in self.webhooks or ():
            yield Webhook(
                kind=kind,
                configuration=self.metadata.name,
                name=hook.name,
                fails_closed=hook.failure_policy != "Ignore",
                timeout_seconds=hook.timeout_seconds,
                target=hook.client_config.target,
            )


class Involved(_Part):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class Series(_Part):
    count: int = 0
    last_observed_time: str | None = None


class EventObject(_Part):
    """Old reporters fill `count` and `lastTimestamp`, new ones `series` or only `eventTime`."""

    involved_object: Involved
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None

    def noun(self) -> WarningEvent:
        about = self.involved_object
        place = f"{about.namespace}/{about.name}" if about.namespace else about.name
        series = self.series or Series()
        return WarningEvent(
            subject=f"{about.kind} {place}",
            reason=self.reason or "",
            message=self.message or "",
            count=series.count or self.count or 1,
            last=series.last_observed_time or self.last_timestamp or self.event_time or "",
        )


def _is_ready(conditions: list[Condition] | None) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in conditions or ())


def _version(text: str) -> Version | None:
    """None where a kubelet calls itself something no version parser reads."""
    try:
        return Version(text)
    except ValueError:
        return None
