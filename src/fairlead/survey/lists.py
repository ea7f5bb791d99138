"""Turns what an API server lists into the snapshot's words."""

from collections.abc import Iterable
from functools import partial
from itertools import chain

from fairlead.kube import objects
from fairlead.kube.reader import KubeReader
from fairlead.model.version import Version
from fairlead.snapshot.cluster import Budget, Node, Pod, Webhook, Workload

POOL_LABEL = "cloud.google.com/gke-nodepool"
ZONE_LABEL = "topology.kubernetes.io/zone"


async def nodes(kube: KubeReader) -> tuple[Node, ...]:
    return tuple(await kube.nodes(_node))


async def pods(kube: KubeReader) -> tuple[Pod, ...]:
    # Pods of one workload carry equal labels and owners: each is kept once, or 30,000 pods would hold 30,000 copies.
    labels: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    texts: dict[str, str] = {}
    return tuple(await kube.pods(partial(_pod, labels, texts)))


async def workloads(kube: KubeReader) -> tuple[Workload, ...]:
    return tuple(await kube.workloads(_workload))


async def budgets(kube: KubeReader) -> tuple[Budget, ...]:
    return tuple(await kube.budgets(_budget))


async def webhooks(kube: KubeReader) -> tuple[Webhook, ...]:
    return tuple(chain.from_iterable(await kube.webhooks(_webhooks)))


def version_of(text: str) -> Version | None:
    """None where it cannot be read: KWOK, for one, may say `fake`."""
    try:
        return Version(text)
    except ValueError:
        return None


def _node(node: objects.Node) -> Node:
    labels = node.metadata.labels or {}
    return Node(
        name=node.metadata.name,
        pool=labels.get(POOL_LABEL, ""),
        zone=labels.get(ZONE_LABEL, ""),
        version=version_of(node.status.node_info.kubelet_version),
        ready=_is_true(node.status.conditions, "Ready"),
        unschedulable=node.spec.unschedulable,
    )


def _pod(labels: dict[tuple[tuple[str, str], ...], dict[str, str]], texts: dict[str, str], pod: objects.Pod) -> Pod:
    own = pod.metadata.labels or {}
    owner = next((f"{each.kind}/{each.name}" for each in pod.metadata.owner_references or [] if each.controller), "")
    return Pod(
        namespace=texts.setdefault(pod.metadata.namespace, pod.metadata.namespace),
        name=pod.metadata.name,
        node=texts.setdefault(pod.spec.node_name, pod.spec.node_name),
        phase=texts.setdefault(pod.status.phase, pod.status.phase),
        ready=_is_true(pod.status.conditions, "Ready") and pod.metadata.deletion_timestamp is None,
        owner=texts.setdefault(owner, owner),
        labels=labels.setdefault(tuple(own.items()), own),
    )


def _workload(kind: str, workload: objects.Workload) -> Workload:
    return Workload(kind, workload.metadata.namespace, workload.metadata.name, *_counts(kind, workload))


def _counts(kind: str, workload: objects.Workload) -> tuple[int, int]:
    """How many pods are wanted, and how many of them are ready."""
    spec, status = workload.spec, workload.status
    if kind == "DaemonSet":
        return status.desired_number_scheduled, status.number_ready
    if kind == "Job":
        if _is_true(status.conditions, "Complete") or _is_true(status.conditions, "Failed"):
            return 0, 0
        left = (spec.completions if spec.completions is not None else 1) - status.succeeded
        return max(0, min(spec.parallelism if spec.parallelism is not None else 1, left)), status.ready
    return spec.replicas if spec.replicas is not None else 1, status.ready_replicas


def _budget(budget: objects.Budget) -> Budget:
    selector = budget.spec.selector or objects.Selector()
    status = budget.status
    return Budget(
        namespace=budget.metadata.namespace,
        name=budget.metadata.name,
        pods=status.expected_pods,
        healthy=status.current_healthy,
        desired_healthy=status.desired_healthy,
        evictions_allowed=status.disruptions_allowed,
        min_available="" if budget.spec.min_available is None else str(budget.spec.min_available),
        max_unavailable="" if budget.spec.max_unavailable is None else str(budget.spec.max_unavailable),
        pod_labels=selector.match_labels or {},
    )


def _webhooks(kind: str, configuration: objects.WebhookConfiguration) -> list[Webhook]:
    return [_webhook(kind, configuration.metadata.name, each) for each in configuration.webhooks or []]


def _webhook(kind: str, configuration: str, webhook: objects.Webhook) -> Webhook:
    service = webhook.client_config.service
    target = f"{service.namespace}/{service.name}" if service else webhook.client_config.url or ""
    return Webhook(
        kind=kind,
        configuration=configuration,
        name=webhook.name,
        fails_closed=webhook.failure_policy != "Ignore",
        timeout_seconds=webhook.timeout_seconds,
        target=target,
    )


def _is_true(conditions: Iterable[objects.Condition] | None, name: str) -> bool:
    return any(each.type == name and each.status == "True" for each in conditions or ())
