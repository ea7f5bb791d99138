"""Kubernetes objects, as little of each as we read: what is not named here is skipped while decoding."""

from typing import Any

import msgspec


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    """Read from JSON; fields we do not name are passed over without being built."""


class Owner(_Object, frozen=True):
    kind: str = ""
    name: str = ""
    controller: bool = False


class Meta(_Object, frozen=True):
    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None
    owner_references: list[Owner] | None = None
    deletion_timestamp: str | None = None


class Condition(_Object, frozen=True):
    type: str = ""
    status: str = ""


class NodeSpec(_Object, frozen=True):
    unschedulable: bool = False


class NodeInfo(_Object, frozen=True):
    kubelet_version: str = ""


class NodeStatus(_Object, frozen=True):
    node_info: NodeInfo = NodeInfo()
    conditions: list[Condition] | None = None


class Node(_Object, frozen=True):
    metadata: Meta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class PodSpec(_Object, frozen=True):
    node_name: str = ""


class PodStatus(_Object, frozen=True):
    phase: str = ""
    conditions: list[Condition] | None = None


class Pod(_Object, frozen=True):
    metadata: Meta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class WorkloadSpec(_Object, frozen=True):
    replicas: int | None = None
    parallelism: int | None = None
    completions: int | None = None


class WorkloadStatus(_Object, frozen=True):
    ready_replicas: int = 0
    number_ready: int = 0
    desired_number_scheduled: int = 0
    ready: int = 0
    active: int = 0
    succeeded: int = 0
    conditions: list[Condition] | None = None


class Workload(_Object, frozen=True):
    """A Deployment, StatefulSet, DaemonSet or Job."""

    metadata: Meta
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class Selector(_Object, frozen=True):
    match_labels: dict[str, str] | None = None
    match_expressions: list[Any] | None = None


class BudgetSpec(_Object, frozen=True):
    selector: Selector | None = None
    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class BudgetStatus(_Object, frozen=True):
    expected_pods: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    disruptions_allowed: int = 0


class Budget(_Object, frozen=True):
    metadata: Meta
    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()


class ServiceTarget(_Object, frozen=True):
    namespace: str = ""
    name: str = ""


class WebhookClient(_Object, frozen=True):
    url: str | None = None
    service: ServiceTarget | None = None


class Webhook(_Object, frozen=True):
    name: str = ""
    failure_policy: str = "Fail"
    timeout_seconds: int = 10
    client_config: WebhookClient = WebhookClient()


class WebhookConfiguration(_Object, frozen=True):
    metadata: Meta
    webhooks: list[Webhook] | None = None


class ServerVersion(_Object, frozen=True):
    git_version: str
