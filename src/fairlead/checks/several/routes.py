"""Routes of the Gateway API and of Istio, and Google's settings for balancers."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.ingresses import has_port, ports_said
from fairlead.checks.several.reading import mapping, mappings, matches, spec_of, text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_GROUP = "gateway.networking.k8s.io"
_ROUTES = tuple(f"{kind}.{_GROUP}" for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"))
_GATEWAY = f"Gateway.{_GROUP}"
_VIRTUAL, _DESTINATION = "VirtualService.networking.istio.io", "DestinationRule.networking.istio.io"
_BACKEND, _FRONTEND = "BackendConfig.cloud.google.com", "FrontendConfig.networking.gke.io"
_NEG = "cloud.google.com/neg"


def _routes(scope: Scope) -> Iterator[KubeObject]:
    for kind in _ROUTES:
        yield from scope.objects.of(kind)


def _backends(route: KubeObject) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """The namespace a reference is into, the reference, and where it stands; Services only."""
    for index, rule in enumerate(mappings(spec_of(route).get("rules"))):
        for number, ref in enumerate(mappings(rule.get("backendRefs"))):
            if ref.get("kind", "Service") == "Service" and not ref.get("group"):
                namespace = text(ref.get("namespace")) or route.namespace
                yield namespace, ref, ("spec", "rules", index, "backendRefs", number)


def _backend_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for route in _routes(scope):
        for namespace, ref, path in _backends(route):
            name = text(ref.get("name"))
            service = scope.objects.get("Service", namespace, name)
            if service is None:
                if scope.is_whole(namespace) or scope.objects.of("Service", namespace):
                    yield rule.found(route, f"there is no Service `{name}`", path=(*path, "name"))
            elif not has_port(service, ref.get("port")):
                said = f"Service `{name}` has no port {ref.get('port')} (it has {ports_said(service)})"
                yield rule.found(route, said, path=(*path, "port"))


def _not_granted(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for route in _routes(scope):
        for namespace, ref, path in _backends(route):
            if namespace == route.namespace or not _is_known(scope, namespace):
                continue
            grants = scope.objects.of(f"ReferenceGrant.{_GROUP}", namespace)
            if not any(_grants(grant, route, text(ref.get("name"))) for grant in grants):
                said = f"no ReferenceGrant in {namespace} lets it use `{ref.get('name')}`"
                yield rule.found(route, said, path=(*path, "namespace"))


def _is_known(scope: Scope, namespace: str) -> bool:
    return scope.is_whole(namespace) or bool(scope.objects.of("Service", namespace))


def _grants(grant: KubeObject, route: KubeObject, name: str) -> bool:
    takes = any(
        each.get("kind") == route.kind and each.get("namespace") == route.namespace
        for each in mappings(spec_of(grant).get("from"))
    )
    gives = any(
        each.get("kind") == "Service" and each.get("name", name) == name for each in mappings(spec_of(grant).get("to"))
    )
    return takes and gives


def _parents(route: KubeObject) -> Iterator[tuple[str, dict[str, Any], Path]]:
    for index, ref in enumerate(mappings(spec_of(route).get("parentRefs"))):
        if ref.get("kind", "Gateway") == "Gateway" and ref.get("group", _GROUP) == _GROUP:
            yield text(ref.get("namespace")) or route.namespace, ref, ("spec", "parentRefs", index)


def _parent_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for route in _routes(scope):
        for namespace, ref, path in _parents(route):
            gateway = scope.objects.get(_GATEWAY, namespace, text(ref.get("name")))
            if gateway is None:
                if WHOLE in scope.evidence or scope.objects.of(_GATEWAY, namespace):
                    yield rule.found(route, f"there is no Gateway `{ref.get('name')}`", path=(*path, "name"))
            elif wrong := _not_taken(gateway, ref, route, scope):
                yield rule.found(route, wrong, path=path)


def _not_taken(gateway: KubeObject, ref: dict[str, Any], route: KubeObject, scope: Scope) -> str:
    section, port = ref.get("sectionName"), ref.get("port")
    listeners = [
        each
        for each in mappings(spec_of(gateway).get("listeners"))
        if section in (None, each.get("name")) and port in (None, each.get("port"))
    ]
    if not listeners:
        return f"{gateway.ref} has no listener `{section or port}`"
    if not any(_allows(listener, gateway, route, scope) for listener in listeners):
        return f"{gateway.ref} takes no routes of the namespace {route.namespace}"
    return ""


def _allows(listener: dict[str, Any], gateway: KubeObject, route: KubeObject, scope: Scope) -> bool:
    allowed = mapping(mapping(listener.get("allowedRoutes")).get("namespaces"))
    if allowed.get("from", "Same") == "Same":
        return gateway.namespace == route.namespace
    namespace = scope.objects.get("Namespace", "", route.namespace)
    if allowed.get("from") != "Selector" or namespace is None:
        return True
    labels = {"kubernetes.io/metadata.name": namespace.name, **namespace.labels}
    return matches(allowed.get("selector"), labels)


def _destinations(route: KubeObject) -> Iterator[tuple[Mapping[str, Any], Path]]:
    for kind in ("http", "tls", "tcp"):
        for index, each in enumerate(mappings(spec_of(route).get(kind))):
            for number, target in enumerate(mappings(each.get("route"))):
                place: Path = ("spec", kind, index, "route", number, "destination")
                yield mapping(target.get("destination")), place


def _short(host: str, namespace: str) -> str:
    """A host of the mesh as `name.namespace`; empty for what lies outside of the cluster."""
    name, _, rest = host.removesuffix(".svc.cluster.local").removesuffix(".svc").partition(".")
    if "." in rest or (rest and not host.endswith((".svc", ".svc.cluster.local"))):
        return ""
    return f"{name}.{rest or namespace}"


def _subset_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    subsets: dict[str, set[str]] = {}
    for each in scope.objects.of(_DESTINATION):
        host = _short(text(spec_of(each).get("host")), each.namespace)
        names = (text(subset.get("name")) for subset in mappings(spec_of(each).get("subsets")))
        subsets.setdefault(host, set()).update(names)
    for route in scope.objects.of(_VIRTUAL):
        for destination, path in _destinations(route):
            host, subset = _short(text(destination.get("host")), route.namespace), text(destination.get("subset"))
            is_known = bool(host) and (host in subsets or WHOLE in scope.evidence)
            if subset and is_known and subset not in subsets.get(host, set()):
                said = f"no DestinationRule of `{destination.get('host')}` has the subset `{subset}`"
                yield rule.found(route, said, path=(*path, "subset"))


def _subset_selects_nothing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in scope.objects.of(_DESTINATION):
        name, _, namespace = _short(text(spec_of(each).get("host")), each.namespace).partition(".")
        service = scope.objects.get("Service", namespace, name)
        selector = mapping(spec_of(service).get("selector")) if service else {}
        is_text = all(isinstance(value, str) for value in selector.values())
        if not selector or not is_text or not scope.objects.selected(namespace, selector):
            continue
        for index, subset in enumerate(mappings(spec_of(each).get("subsets"))):
            labels = {**selector, **mapping(subset.get("labels"))}
            is_text = all(isinstance(value, str) for value in labels.values())
            if is_text and not scope.objects.selected(namespace, labels):
                said = f"no pods of Service `{name}` carry the labels of subset `{subset.get('name')}`"
                yield rule.found(each, said, path=("spec", "subsets", index, "labels"))


def _read(value: Any) -> Any:
    import json  # slow to load, and rarely needed

    try:
        return json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _settings_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    key = "cloud.google.com/backend-config"
    for service in scope.objects.of("Service"):
        if key not in service.annotations:
            continue
        path: Path = ("metadata", "annotations", key)
        said = _read(service.annotations[key])
        if not isinstance(said, dict):
            yield rule.found(service, "its annotation is no JSON", path=path)
            continue
        ports = said.get("ports")
        names = [said.get("default"), *(ports.values() if isinstance(ports, dict) else ())]
        for name in filter(None, map(text, names)):
            if scope.objects.get(_BACKEND, service.namespace, name) is None and _all_known(scope, _BACKEND, service):
                yield rule.found(service, f"there is no BackendConfig `{name}`", path=path)


def _all_known(scope: Scope, kind: str, each: KubeObject) -> bool:
    return WHOLE in scope.evidence or bool(scope.objects.of(kind, each.namespace))


def _frontend_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    key = "networking.gke.io/v1beta1.FrontendConfig"
    for ingress in scope.objects.of("Ingress"):
        name = text(ingress.annotations.get(key))
        if not name or not _all_known(scope, _FRONTEND, ingress):
            continue
        if scope.objects.get(_FRONTEND, ingress.namespace, name) is None:
            yield rule.found(ingress, f"there is no FrontendConfig `{name}`", path=("metadata", "annotations", key))


def _group_of_other_port(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for service in scope.objects.of("Service"):
        said = mapping(_read(service.annotations.get(_NEG)))
        exposed = mapping(said.get("exposed_ports"))
        for port in exposed:
            if not has_port(service, int(port) if str(port).isdigit() else port):
                text_of = f"exposes port {port}; it has {ports_said(service)}"
                yield rule.found(service, text_of, path=("metadata", "annotations", _NEG))


_CART = {"kind": "Service", "metadata": {"name": "cart"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
_WEB: dict[str, Any] = {
    "kind": "Gateway",
    "metadata": {"name": "web"},
    "spec": {"listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
}


def _route(*, parent: dict[str, Any] | None = None, **ref: Any) -> dict[str, Any]:
    rules = [{"backendRefs": [{"name": "cart", "port": 80, **ref}]}]
    return {"kind": "HTTPRoute", "spec": {"parentRefs": [parent or {"name": "web"}], "rules": rules}}


_GRANT = {
    "kind": "ReferenceGrant",
    "apiVersion": f"{_GROUP}/v1beta1",
    "metadata": {"namespace": "pay"},
    "spec": {"from": [{"group": _GROUP, "kind": "HTTPRoute", "namespace": "shop"}], "to": [{"kind": "Service"}]},
}
_PAY = {**_CART, "metadata": {"name": "cart", "namespace": "pay"}}
_ISTIO = "networking.istio.io/v1"


def _virtual(subset: str) -> dict[str, Any]:
    destination = {"host": "cart", "subset": subset}
    return {
        "kind": "VirtualService",
        "apiVersion": _ISTIO,
        "spec": {"http": [{"route": [{"destination": destination}]}]},
    }


def _subsets(label: str) -> dict[str, Any]:
    subsets = [{"name": "v1", "labels": {"version": label}}]
    return {"kind": "DestinationRule", "apiVersion": _ISTIO, "spec": {"host": "cart", "subsets": subsets}}


_PODS = {"podMeta": {"labels": {"app": "cart", "version": "v1"}}}
_SELECTING = {**_CART, "spec": {"selector": {"app": "cart"}}}
_CONFIG = {"kind": "BackendConfig", "apiVersion": "cloud.google.com/v1", "metadata": {"name": "cart"}}
_FRONT = {"kind": "FrontendConfig", "apiVersion": "networking.gke.io/v1beta1", "metadata": {"name": "web"}}


def _annotated(kind: str, key: str, value: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"annotations": {key: value}}, "spec": spec}


_WITH_CONFIG = "cloud.google.com/backend-config"
_WITH_FRONT = "networking.gke.io/v1beta1.FrontendConfig"
_GKE = "https://cloud.google.com/kubernetes-engine/docs/how-to/"

RULES = (
    SeveralRule(
        id="NET241",
        title="Route to a Service or port that is not there",
        severity=Severity.ERROR,
        why="The share of requests that falls to this backend is answered with 500.",
        fix="Name a Service and a port of it (the Service's, not the pod's).",
        source="https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref",
        like=("kubescape:C-0302", "k8sgpt:gateway, gatewayclass and httproute analyzers"),
        about=_ROUTES,
        check=_backend_missing,
        good=((_route(), _CART), (_route(),)),
        bad=((_route(name="carts"), _CART), (_route(port=8080), _CART)),
    ),
    SeveralRule(
        id="NET242",
        title="Route into a namespace that does not allow it",
        severity=Severity.ERROR,
        why="Without a grant in the Service's namespace the reference is refused, and requests are answered with 500.",
        fix="Add a ReferenceGrant there, from the kind and namespace of the route to the Service.",
        source="https://gateway-api.sigs.k8s.io/api-types/referencegrant/",
        like=("kubescape:C-0302",),
        about=_ROUTES,
        check=_not_granted,
        good=((_route(namespace="pay"), _PAY, _GRANT), (_route(), _CART)),
        bad=((_route(namespace="pay"), _PAY),),
    ),
    SeveralRule(
        id="NET243",
        title="Route that its Gateway does not take",
        severity=Severity.ERROR,
        why="The route is attached to nothing, and its hosts are answered with 404.",
        fix="Name a Gateway and a listener there is; let the listener's `allowedRoutes` have the route's namespace.",
        source="https://gateway-api.sigs.k8s.io/concepts/api-overview/#attaching-routes-to-gateways",
        like=("kubescape:C-0302", "k8sgpt:gateway, gatewayclass and httproute analyzers"),
        about=_ROUTES,
        check=_parent_missing,
        good=((_route(), _WEB), (_route(),), (_route(parent={"name": "web", "sectionName": "http"}), _WEB)),
        bad=(
            (_route(parent={"name": "wep"}), _WEB),
            (_route(parent={"name": "web", "sectionName": "https"}), _WEB),
            (
                _route(parent={"name": "web", "namespace": "edge"}),
                {**_WEB, "metadata": {"name": "web", "namespace": "edge"}},
            ),
        ),
    ),
    SeveralRule(
        id="NET251",
        title="Mesh route to a subset that is not there",
        severity=Severity.ERROR,
        why="The mesh answers requests for it with 503.",
        fix="Add the subset to the host's DestinationRule, before the route.",
        source="https://istio.io/latest/docs/ops/common-problems/network-issues/#503-errors-after-setting-destination-rule",
        about=(_VIRTUAL,),
        check=_subset_missing,
        good=((_virtual("v1"), _subsets("v1")), (_virtual("v1"),)),
        bad=((_virtual("v2"), _subsets("v1")),),
    ),
    SeveralRule(
        id="NET252",
        title="Mesh subset without pods",
        severity=Severity.WARNING,
        why="Whatever is routed to it is answered with 503.",
        fix="Make the subset's labels agree with those of the pods.",
        source="https://istio.io/latest/docs/reference/config/networking/destination-rule/#Subset",
        about=(_DESTINATION,),
        check=_subset_selects_nothing,
        good=((_subsets("v1"), _SELECTING, _PODS), (_subsets("v1"), _SELECTING)),
        bad=((_subsets("v2"), _SELECTING, _PODS),),
    ),
    SeveralRule(
        id="NET261",
        title="BackendConfig that is not there",
        severity=Severity.ERROR,
        why="The Ingress is no longer brought up to date: no change of any of its backends reaches the balancer.",
        fix="Add the BackendConfig in the Service's namespace, or correct the annotation.",
        source=_GKE + "ingress-configuration",
        about=("Service",),
        check=_settings_missing,
        good=(
            (_annotated("Service", _WITH_CONFIG, '{"default": "cart"}'), _CONFIG),
            (_annotated("Service", _WITH_CONFIG, '{"default": "cart"}'),),
        ),
        bad=(
            (_annotated("Service", _WITH_CONFIG, '{"ports": {"80": "carts"}}'), _CONFIG),
            (_annotated("Service", _WITH_CONFIG, "cart"),),
        ),
    ),
    SeveralRule(
        id="NET262",
        title="FrontendConfig that is not there",
        severity=Severity.ERROR,
        why="The Ingress is no longer brought up to date, and TLS policy and redirect do not hold.",
        fix="Add the FrontendConfig in the Ingress's namespace, or correct the annotation.",
        source=_GKE + "ingress-features#configuring_ingress_features_through_frontendconfig_parameters",
        about=("Ingress",),
        check=_frontend_missing,
        good=((_annotated("Ingress", _WITH_FRONT, "web"), _FRONT),),
        bad=((_annotated("Ingress", _WITH_FRONT, "webs"), _FRONT),),
    ),
    SeveralRule(
        id="NET263",
        title="Endpoint group for a port that the Service does not have",
        severity=Severity.ERROR,
        why="The group is not made, and a balancer that was given its name has no backends.",
        fix="Name a port of the Service in `exposed_ports`.",
        source=_GKE + "standalone-neg",
        about=("Service",),
        check=_group_of_other_port,
        good=((_annotated("Service", _NEG, '{"exposed_ports": {"80": {}}}', ports=[{"port": 80}]),),),
        bad=((_annotated("Service", _NEG, '{"exposed_ports": {"443": {}}}', ports=[{"port": 80}]),),),
    ),
)
