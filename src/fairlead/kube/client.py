"""Reads one cluster through its API server."""

from typing import TypeVar

import msgspec

from fairlead.kube import objects
from fairlead.kube.discovery import served_kinds
from fairlead.kube.link import KubeLink
from fairlead.kube.lists import Page, read_list
from fairlead.kube.port import KubeUnavailableError
from fairlead.model.access import KubeAccess
from fairlead.model.version import Version
from fairlead.snapshot.cluster import Budget, Node, Pod, WarningEvent, Webhook, Workload

T = TypeVar("T")

_HOOKS = "/apis/admissionregistration.k8s.io/v1"


class _VersionAnswer(msgspec.Struct, rename="camel"):
    git_version: str


class KubeClient:
    """`fairlead.kube.port.KubeReader` over HTTPS. `within`: seconds each answer may take."""

    def __init__(self, access: KubeAccess, within: float = 30.0) -> None:
        self._link = KubeLink(access, within)

    async def close(self) -> None:
        await self._link.close()

    async def version(self) -> Version:
        answer = await self._link.read("/version")
        try:
            return Version(msgspec.json.decode(answer.content, type=_VersionAnswer).git_version)
        except ValueError as error:  # msgspec.DecodeError is one
            raise KubeUnavailableError(f"`/version` cannot be understood: {error}") from error

    async def ready(self) -> bool:
        return (await self._link.read_as("*/*", "/readyz", fine=(500, 503))).is_success

    async def apis(self) -> frozenset[str]:
        try:
            return await served_kinds(self._link)
        except msgspec.DecodeError as error:
            raise KubeUnavailableError(f"API discovery cannot be understood: {error}") from error

    async def nodes(self) -> tuple[Node, ...]:
        found = await read_list(self._link, "/api/v1/nodes", Page[objects.NodeObject], objects.NodeObject.noun)
        return tuple(sorted(found, key=lambda node: node.name))

    async def pods(self) -> tuple[Pod, ...]:
        return tuple(await read_list(self._link, "/api/v1/pods", Page[objects.PodObject], objects.PodObject.noun))

    async def workloads(self) -> tuple[Workload, ...]:
        replicated, link = Page[objects.ReplicatedObject], self._link
        return (
            *await read_list(link, "/apis/apps/v1/deployments", replicated, lambda each: each.noun("Deployment")),
            *await read_list(link, "/apis/apps/v1/statefulsets", replicated, lambda each: each.noun("StatefulSet")),
            *await read_list(
                link, "/apis/apps/v1/daemonsets", Page[objects.DaemonSetObject], lambda each: each.noun("DaemonSet")
            ),
            *await read_list(link, "/apis/batch/v1/jobs", Page[objects.JobObject], lambda each: each.noun("Job")),
        )

    async def budgets(self) -> tuple[Budget, ...]:
        path = "/apis/policy/v1/poddisruptionbudgets"
        return tuple(await read_list(self._link, path, Page[objects.BudgetObject], objects.BudgetObject.noun))

    async def webhooks(self) -> tuple[Webhook, ...]:
        found: list[Webhook] = []
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
            path = f"{_HOOKS}/{kind.lower()}s"
            page = Page[objects.WebhookObject]
            for hooks in await read_list(self._link, path, page, lambda each, kind=kind: tuple(each.nouns(kind))):
                found += hooks
        return tuple(found)

    async def warnings(self) -> tuple[WarningEvent, ...]:
        found = await read_list(
            self._link,
            "/api/v1/events",
            Page[objects.EventObject],
            objects.EventObject.noun,
            fieldSelector="type=Warning",
        )
        return tuple(sorted(found, key=lambda event: event.last, reverse=True))
