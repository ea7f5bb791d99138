"""Programs and node pools that end in their own time, against the grace period of the pods they are about."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.amounts import grace_of, running, seconds_of
from fairlead.checks.several.reading import mapping, spec_of, text, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_NODE_POOL = "NodePool.karpenter.sh"
_CONTROLLERS = ("ingress-nginx/controller", "nginx-ingress-controller", "ingress-nginx-controller")
# https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#worker-shutdown-timeout
_WORKER_SHUTDOWN = 240.0


def _nginx_cut_off(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        pod = mapping(each.pod_spec)
        for _, index, container in running(pod):
            if not any(name in text(container.get("image")) for name in _CONTROLLERS):
                continue
            seconds, said_in = _worker_shutdown(scope, each, container)
            if seconds > grace_of(pod):
                message = (
                    f"lets its connections end for {seconds:g} s ({said_in}), the grace period is {grace_of(pod)} s"
                )
                path = (*each.pod_path, "terminationGracePeriodSeconds")
                yield rule.found(each, message, path=path, item=f"container {text(container.get('name')) or index}")
                break


def _worker_shutdown(scope: Scope, each: KubeObject, container: Mapping[str, Any]) -> tuple[float, str]:
    """What its ConfigMap says, found by the argument that names it (`--configmap=$(POD_NAMESPACE)/name`)."""
    args = container.get("args")
    for word in args if isinstance(args, list) else []:
        option, _, value = str(word).partition("=")
        config = scope.objects.get("ConfigMap", each.namespace, value.rpartition("/")[2])
        if option.lstrip("-") == "configmap" and config is not None:
            seconds = seconds_of(mapping(config.raw.get("data")).get("worker-shutdown-timeout"))
            if seconds is not None:
                return seconds, f"`worker-shutdown-timeout` of ConfigMap {config.name}"
    return _WORKER_SHUTDOWN, "the default of `worker-shutdown-timeout`"


def _nodes_go_earlier(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for pool in scope.objects.of(_NODE_POOL):
        template = mapping(mapping(spec_of(pool).get("template")).get("spec"))
        seconds = seconds_of(template.get("terminationGracePeriod"))
        longer = [
            each for each in workloads(scope) if seconds is not None and grace_of(mapping(each.pod_spec)) > seconds
        ]
        if seconds is not None and longer:
            most = max(longer, key=lambda each: grace_of(mapping(each.pod_spec)))
            message = (
                f"gives a node {seconds:g} s to end; {len(longer)} workloads ask for more, "
                f"{most.kind} {most.name} for {grace_of(mapping(most.pod_spec))} s"
            )
            yield rule.found(pool, message, path=("spec", "template", "spec", "terminationGracePeriod"))


_NGINX = {"image": "registry.k8s.io/ingress-nginx/controller:v1.13.0", "args": ["--configmap=$(POD_NAMESPACE)/nginx"]}


def _config(seconds: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "nginx"}, "data": {"worker-shutdown-timeout": seconds}}


def _pool(period: str) -> dict[str, Any]:
    spec = {"template": {"spec": {"terminationGracePeriod": period}}}
    return {"kind": "NodePool", "apiVersion": "karpenter.sh/v1", "metadata": {"name": "web"}, "spec": spec}


RULES = (
    SeveralRule(
        id="END206",
        title="Ingress controller is killed while its connections end",
        severity=Severity.WARNING,
        why="nginx keeps old workers for open connections, WebSockets and uploads; with a shorter grace period "
        "they are all cut at "
        "each rollout or drain of the controller.",
        fix="Set `terminationGracePeriodSeconds` above `worker-shutdown-timeout` (300 is what its chart has).",
        source=""
        "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#worker-shutdown-timeout",
        check=_nginx_cut_off,
        good=(
            ({"container": _NGINX, "pod": {"terminationGracePeriodSeconds": 300}},),
            ({"container": _NGINX}, _config("20s")),
            ({"container": {"image": "nginx:1.29"}},),
        ),
        bad=(
            ({"container": _NGINX},),
            ({"container": _NGINX, "pod": {"terminationGracePeriodSeconds": 300}}, _config("600s")),
        ),
    ),
    SeveralRule(
        id="END207",
        title="Nodes end before their pods may",
        severity=Severity.WARNING,
        why="When the time of the node is over Karpenter deletes it with all that is still there, budgets or not.",
        fix="Raise `terminationGracePeriod` of the pool above the longest grace period of what runs there.",
        source="https://karpenter.sh/docs/concepts/disruption/#terminationgraceperiod",
        about=(_NODE_POOL,),
        check=_nodes_go_earlier,
        good=(({"container": {}}, _pool("1h")), ({"pod": {"terminationGracePeriodSeconds": 600}}, _pool("600s"))),
        bad=(({"pod": {"terminationGracePeriodSeconds": 600}}, _pool("5m")),),
    ),
)
