"""What the API server calls (webhooks, conversions, aggregated APIs), and whether what answers survives an upgrade."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import (
    is_made_by_another,
    labels_at,
    mapping_at,
    mappings_at,
    matches,
    text_at,
    texts_at,
)
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_PRACTICES = "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/"
_HOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_CALLERS = (*_HOOKS, "CustomResourceDefinition", "APIService")
_NAME_LABEL = "kubernetes.io/metadata.name"
_HTTPS = 443


class _Call(NamedTuple):
    """A Service that the API server calls for an object; `path` is where the object says so."""

    caller: KubeObject
    item: str
    service: Mapping[str, Any]
    path: Path
    fails_closed: bool

    @property
    def namespace(self) -> str:
        return text_at(self.service, "namespace")

    @property
    def name(self) -> str:
        return text_at(self.service, "name")


def _webhooks(scope: Scope) -> Iterator[tuple[KubeObject, int, dict[str, Any]]]:
    for kind in _HOOKS:
        for each in scope.objects.of(kind):
            for index, webhook in enumerate(mappings_at(each.raw, "webhooks")):
                yield each, index, webhook


def _calls(scope: Scope) -> Iterator[_Call]:
    for each, index, webhook in _webhooks(scope):
        service = mapping_at(webhook, "clientConfig", "service")
        path = ("webhooks", index, "clientConfig", "service")
        yield _Call(each, _label(webhook, index), service, path, webhook.get("failurePolicy") != "Ignore")
    for each in scope.objects.of("CustomResourceDefinition"):
        steps = ("spec", "conversion", "webhook", "clientConfig", "service")
        yield _Call(each, "", mapping_at(each.raw, *steps), steps, fails_closed=True)
    for each in scope.objects.of("APIService"):
        yield _Call(each, "", mapping_at(each.raw, "spec", "service"), ("spec", "service"), fails_closed=True)


def _label(webhook: Mapping[str, Any], index: int) -> str:
    return f"webhook {text_at(webhook, 'name') or index}"


def called_services(scope: Scope) -> frozenset[tuple[str, str]]:
    """Namespace and name of each Service without which the API server refuses requests."""
    return frozenset((call.namespace, call.name) for call in _calls(scope) if call.name and call.fails_closed)


def _workloads(scope: Scope, service: KubeObject) -> list[KubeObject]:
    chosen = scope.objects.selected(service.namespace, labels_at(service.raw, "spec", "selector"))
    return [each for each in chosen if not is_made_by_another(each)]


def _not_there(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for call in _calls(scope):
        if not call.name:
            continue
        service = scope.objects.get("Service", call.namespace, call.name)
        if service is None:
            if scope.is_whole(call.namespace):
                yield _about(rule, call, f"Service {call.namespace}/{call.name} is not there")
            continue
        wanted = call.service.get("port", _HTTPS)
        ports = [port.get("port") for port in mappings_at(service.raw, "spec", "ports")]
        if ports and wanted not in ports:
            yield _about(rule, call, f"Service {call.namespace}/{call.name} has no port {wanted}")


def _alone(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for call in _calls(scope):
        service = scope.objects.get("Service", call.namespace, call.name)
        if service is None or not call.fails_closed:
            continue
        behind = _workloads(scope, service)
        if len(behind) == 1 and behind[0].kind in {"Deployment", "StatefulSet"} and _replicas(behind[0]) == 1:
            yield _about(rule, call, f"{behind[0].kind} {behind[0].name}, which answers, has one replica")


def _replicas(each: KubeObject) -> Any:
    return mapping_at(each.raw, "spec").get("replicas", 1)


def _about(rule: SeveralRule, call: _Call, message: str) -> Found:
    return rule.found(call.caller, message, path=call.path, item=call.item)


_STARTING_PODS = {"*", "*/*", "pods", "pods/*", "replicasets"}


def _guards_pods(webhook: Mapping[str, Any]) -> bool:
    """Whether pods cannot be made while the webhook does not answer."""
    if webhook.get("failurePolicy") == "Ignore" or mappings_at(webhook, "matchConditions"):
        return False
    return any(
        _STARTING_PODS & set(texts_at(rule, "resources"))
        and {"*", "CREATE"} & set(texts_at(rule, "operations"))
        and {"*", "", "apps"} & set(texts_at(rule, "apiGroups"))
        and rule.get("scope") != "Cluster"
        for rule in mappings_at(webhook, "rules")
    )


def _lets_in(scope: Scope, webhook: Mapping[str, Any], namespace: str) -> bool:
    """Whether its selector of namespaces surely fits this one; a namespace not in the scope has its name alone."""
    selector = mapping_at(webhook, "namespaceSelector")
    if not selector:
        return False  # without one it is for all: UPG431
    known = scope.objects.get("Namespace", "", namespace)
    asked = set(mapping_at(selector, "matchLabels"))
    asked |= {text_at(expression, "key") for expression in mappings_at(selector, "matchExpressions")}
    if known is None and asked - {_NAME_LABEL}:
        return False
    labels = {**(known.labels if known else {}), _NAME_LABEL: namespace}
    return matches(selector, labels)


def _guards_itself(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, index, webhook in _webhooks(scope):
        service = mapping_at(webhook, "clientConfig", "service")
        namespace = text_at(service, "namespace")
        if not namespace or not _guards_pods(webhook) or not _lets_in(scope, webhook, namespace):
            continue
        if _spares_own_pods(scope, webhook, service):
            continue
        message = f"fails closed for pods in its own namespace, {namespace}"
        path = ("webhooks", index, "namespaceSelector")
        yield rule.found(each, message, path=path, item=_label(webhook, index))


def _spares_own_pods(scope: Scope, webhook: Mapping[str, Any], called: Mapping[str, Any]) -> bool:
    selector = mapping_at(webhook, "objectSelector")
    if not selector:
        return False
    service = scope.objects.get("Service", text_at(called, "namespace"), text_at(called, "name"))
    behind = _workloads(scope, service) if service else []
    return not any(matches(selector, each.pod_labels) for each in behind)


def _guards_system(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, index, webhook in _webhooks(scope):
        if mapping_at(webhook, "objectSelector") or not _guards_pods(webhook):
            continue
        if text_at(webhook, "clientConfig", "service", "namespace") == "kube-system":
            continue
        if _lets_in(scope, webhook, "kube-system"):
            path = ("webhooks", index, "namespaceSelector")
            yield rule.found(each, "fails closed for pods in kube-system", path=path, item=_label(webhook, index))


_SERVICE = {
    "kind": "Service",
    "metadata": {"name": "policy", "namespace": "policy"},
    "spec": {"selector": {"app": "policy"}, "ports": [{"port": 443, "targetPort": 8443}]},
}
_PODS = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}


def _server(replicas: int) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "policy", "namespace": "policy"},
        "podMeta": {"labels": {"app": "policy"}},
        "spec": {"replicas": replicas},
    }


def _hook(port: int | None = None, **webhook: Any) -> dict[str, Any]:
    service = {"name": "policy", "namespace": "policy"} | ({"port": port} if port else {})
    whole = {"name": "check.policy.example", "clientConfig": {"service": service}, "rules": [_PODS], **webhook}
    return {"kind": "ValidatingWebhookConfiguration", "webhooks": [whole]}


def _not_in(*names: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": _NAME_LABEL, "operator": "NotIn", "values": list(names)}]}


def _aggregated(name: str) -> dict[str, Any]:
    spec = {"group": "metrics.shop.example", "version": "v1", "service": {"name": name, "namespace": "policy"}}
    return {"kind": "APIService", "metadata": {"name": "v1.metrics.shop.example"}, "spec": spec}


_OPTED_OUT = {"matchExpressions": [{"key": "policy.example/ignore", "operator": "DoesNotExist"}]}

RULES = (
    SeveralRule(
        id="UPG441",
        title="Webhook that has to admit its own pods",
        severity=Severity.ERROR,
        why="When a drain takes its last pod, nobody answers for the new one, and it is never made.",
        fix="Leave its own namespace out: `kubernetes.io/metadata.name` NotIn in `namespaceSelector`.",
        source=_PRACTICES,
        like=("kubepreflight:WH-001",),
        about=_HOOKS,
        check=_guards_itself,
        good=(
            (_hook(namespaceSelector=_not_in("kube-system", "policy")),),
            (_hook(namespaceSelector=_not_in("kube-system"), failurePolicy="Ignore"),),
            (_hook(namespaceSelector=_OPTED_OUT),),
            (
                _hook(namespaceSelector=_not_in("kube-system"), objectSelector={"matchLabels": {"app": "cart"}}),
                _SERVICE,
                _server(2),
            ),
        ),
        bad=(
            (_hook(namespaceSelector=_not_in("kube-system")),),
            (
                _hook(namespaceSelector=_OPTED_OUT),
                {"kind": "Namespace", "metadata": {"name": "policy", "labels": {"app": "policy"}}},
            ),
        ),
    ),
    SeveralRule(
        id="UPG442",
        title="Webhook that has to admit pods of kube-system",
        severity=Severity.ERROR,
        why="While it is down, DNS, network and kube-proxy pods cannot come back, and new nodes never get ready.",
        fix="Leave kube-system out: `kubernetes.io/metadata.name` NotIn in `namespaceSelector`.",
        source=_PRACTICES,
        like=("kubepreflight:WH-005",),
        about=_HOOKS,
        check=_guards_system,
        good=(
            (_hook(namespaceSelector=_not_in("kube-system", "policy")),),
            (_hook(namespaceSelector={"matchLabels": {"policy.example/on": "yes"}}),),
        ),
        bad=(
            (_hook(namespaceSelector=_not_in("policy")),),
            (
                _hook(namespaceSelector=_OPTED_OUT),
                {"kind": "Namespace", "metadata": {"name": "kube-system", "labels": {"app": "kube-system"}}},
            ),
        ),
    ),
    SeveralRule(
        id="UPG443",
        title="The API server calls a Service that cannot answer",
        severity=Severity.ERROR,
        why="Requests it guards are refused, custom resources cannot be read, or namespaces cannot be deleted.",
        fix="Name the Service and a port it has, or remove what calls it.",
        source="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#service-reference",
        like=("kubepreflight:WH-002", "k8sgpt:mutating and validating webhook analyzers"),
        about=_CALLERS,
        check=_not_there,
        good=((_hook(), _SERVICE, _server(2)), (_hook(),), (_aggregated("policy"), _SERVICE, _server(2))),
        bad=(
            (_hook(), _server(2)),
            (_hook(port=8443), _SERVICE, _server(2)),
            (_aggregated("metrics"), _SERVICE, _server(2)),
        ),
    ),
    SeveralRule(
        id="UPG444",
        title="The API server depends on a single pod",
        severity=Severity.WARNING,
        why="While its node is drained, requests it guards are refused, or its API is away.",
        fix="Run two replicas or more, on different nodes and with a disruption budget.",
        source=_PRACTICES,
        about=_CALLERS,
        check=_alone,
        good=((_hook(), _SERVICE, _server(2)), (_hook(failurePolicy="Ignore"), _SERVICE, _server(1))),
        bad=((_hook(), _SERVICE, _server(1)), (_aggregated("policy"), _SERVICE, _server(1))),
    ),
)
