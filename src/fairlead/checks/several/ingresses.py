"""Ingresses, what they lead to, their certificates and classes."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.reading import mapping, mappings, spec_of, text
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/ingress/"
_CLASS = "kubernetes.io/ingress.class"
_CANARY = "nginx.ingress.kubernetes.io/canary"
# What makes the Secrets that Ingresses name.
_MAKERS = ("Certificate.cert-manager.io", "ExternalSecret.external-secrets.io", "SealedSecret.bitnami.com")


class Backend(NamedTuple):
    """A Service that an Ingress names, with the port as it is written; `host` and `at` are of its rule."""

    service: str
    port: Any
    path: Path
    host: str = ""
    at: str = ""
    kind: str = ""


def backends_of(ingress: KubeObject) -> Iterator[Backend]:
    spec = spec_of(ingress)
    default = mapping(mapping(spec.get("defaultBackend")).get("service"))
    if default:
        yield Backend(text(default.get("name")), _port_of(default), ("spec", "defaultBackend", "service"))
    for index, rule in enumerate(mappings(spec.get("rules"))):
        for number, path in enumerate(mappings(mapping(rule.get("http")).get("paths"))):
            service = mapping(mapping(path.get("backend")).get("service"))
            place: Path = ("spec", "rules", index, "http", "paths", number)
            yield Backend(
                text(service.get("name")),
                _port_of(service),
                (*place, "backend", "service"),
                text(rule.get("host")),
                text(path.get("path")) or "/",
                text(path.get("pathType")),
            )


def _port_of(service: Any) -> Any:
    port = mapping(service.get("port"))
    return port.get("name") or port.get("number")


def has_port(service: KubeObject, port: Any) -> bool:
    ports = mappings(spec_of(service).get("ports"))
    return port is None or not ports or any(port in (each.get("name"), each.get("port")) for each in ports)


def ports_said(service: KubeObject) -> str:
    ports = mappings(spec_of(service).get("ports"))
    return ", ".join(" ".join(str(each[key]) for key in ("name", "port") if key in each) for each in ports)


def _backend_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for ingress in scope.objects.of("Ingress"):
        for backend in backends_of(ingress):
            service = scope.objects.get("Service", ingress.namespace, backend.service)
            # ALB writes actions where the Service stands.
            if not backend.service or backend.port == "use-annotation":
                continue
            if service is None:
                if _knows_services(scope, ingress.namespace):
                    yield rule.found(ingress, f"there is no Service `{backend.service}`", path=(*backend.path, "name"))
            elif not has_port(service, backend.port):
                said = f"Service `{service.name}` has no port {backend.port} (it has {ports_said(service)})"
                yield rule.found(ingress, said, path=(*backend.path, "port"))


def _knows_services(scope: Scope, namespace: str) -> bool:
    return scope.is_whole(namespace) or bool(scope.objects.of("Service", namespace))


def _secret_of_tls(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    # Certificates are seldom among manifests; a namespace that has one here is taken to have all.
    known = {each.namespace for each in scope.objects.of("Secret") if each.raw.get("type") == "kubernetes.io/tls"}
    made = _made_secrets(scope)
    for ingress in scope.objects.of("Ingress"):
        if any(key.startswith(("cert-manager.io/", "acme.cert-manager.io/")) for key in ingress.annotations):
            continue
        for index, tls in enumerate(mappings(spec_of(ingress).get("tls"))):
            name = text(tls.get("secretName"))
            if not name:
                continue
            secret = scope.objects.get("Secret", ingress.namespace, name)
            path: Path = ("spec", "tls", index, "secretName")
            if secret is not None and (found := secret.raw.get("type", "Opaque")) != "kubernetes.io/tls":
                yield rule.found(ingress, f"Secret `{name}` is of the type {found}", path=path)
            is_known = WHOLE in scope.evidence or ingress.namespace in known
            if secret is None and is_known and (ingress.namespace, name) not in made:
                yield rule.found(ingress, f"there is no Secret `{name}`", path=path)


def _made_secrets(scope: Scope) -> set[tuple[str, str]]:
    """Namespaces and names of Secrets that other objects stand for."""
    found: set[tuple[str, str]] = set()
    for each in (each for kind in _MAKERS for each in scope.objects.of(kind)):
        named = (spec_of(each).get("secretName"), mapping(spec_of(each).get("target")).get("name"))
        found.update((each.namespace, text(name)) for name in (each.name, *named))
    return found


def _class_unknown(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    known = {each.name for each in scope.objects.of("IngressClass")}
    for ingress in scope.objects.of("Ingress"):
        name = text(spec_of(ingress).get("ingressClassName"))
        if name and name not in known:
            yield rule.found(ingress, f"there is no class `{name}`", path=("spec", "ingressClassName"))


def _same_host_and_path(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    first: dict[tuple[str, str, str, str], KubeObject] = {}
    for ingress in scope.objects.of("Ingress"):
        if ingress.annotations.get(_CANARY) == "true":
            continue
        of_class = text(spec_of(ingress).get("ingressClassName")) or str(ingress.annotations.get(_CLASS, ""))
        for backend in backends_of(ingress):
            if not backend.host:
                continue
            other = first.setdefault((of_class, backend.host, backend.at, backend.kind), ingress)
            if (other.namespace, other.name) != (ingress.namespace, ingress.name):
                said = f"{backend.host}{backend.at} is also that of {other.ref}"
                yield rule.found(ingress, said, path=backend.path[:-2])


def _ingress(name: str = "shop", **spec: Any) -> dict[str, Any]:
    backend = {"service": {"name": "cart", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": {"rules": [{"host": "shop.example", "http": {"paths": paths}}], **spec},
    }


_CART = {"kind": "Service", "metadata": {"name": "cart"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
_TLS: dict[str, Any] = {"tls": [{"hosts": ["shop.example"], "secretName": "shop"}]}
_SECRET = {"kind": "Secret", "metadata": {"name": "shop"}, "type": "kubernetes.io/tls"}
_CLASS_OBJECT = {"kind": "IngressClass", "metadata": {"name": "web"}}

RULES = (
    SeveralRule(
        id="NET221",
        title="Ingress to a Service or port that is not there",
        severity=Severity.ERROR,
        why="Requests for this path are answered with 503 or 404; some controllers refuse the whole Ingress.",
        fix="Name a Service of the same namespace and a port of it (the Service's, not the pod's).",
        source=_DOCS + "#the-ingress-resource",
        like=(
            "kube-linter:dangling-ingress",
            "kube-score:ingress-targets-service",
            "popeye:1401",
            "popeye:1402",
            "popeye:1404",
            "kubescape:C-0298",
            "k8sgpt:ingress analyzer",
        ),
        about=("Ingress",),
        check=_backend_missing,
        good=((_ingress(), _CART), (_ingress(),)),
        bad=(
            (_ingress(), {**_CART, "metadata": {"name": "carts"}}),
            (_ingress(), {**_CART, "spec": {"ports": [{"port": 8080}]}}),
            (_ingress(), {"metadata": {"name": "cart"}}),
        ),
    ),
    SeveralRule(
        id="NET222",
        title="Ingress with a certificate that is not there",
        severity=Severity.ERROR,
        why="The controller serves its own default certificate, and clients refuse the connection.",
        fix="Add the Secret of type `kubernetes.io/tls`, or let cert-manager make it.",
        source=_DOCS + "#tls",
        like=("k8sgpt:ingress analyzer",),
        about=("Ingress",),
        check=_secret_of_tls,
        good=(
            (_ingress(**_TLS), _SECRET),
            (_ingress(**_TLS),),
            (
                _ingress(**_TLS),
                {**_SECRET, "metadata": {"name": "other"}},
                {"kind": "Certificate", "spec": {"secretName": "shop"}},
            ),
        ),
        bad=(
            (_ingress(**_TLS), {**_SECRET, "metadata": {"name": "shop-tls"}}),
            (_ingress(**_TLS), {**_SECRET, "type": "Opaque"}),
        ),
    ),
    SeveralRule(
        id="NET223",
        title="Class of an Ingress that is not there",
        severity=Severity.ERROR,
        why="No controller takes the Ingress, and nothing answers for its hosts.",
        fix="Name a class that the cluster has (`kubectl get ingressclass`).",
        source=_DOCS + "#ingress-class",
        like=("k8sgpt:ingress analyzer",),
        needs=(WHOLE,),
        about=("Ingress",),
        check=_class_unknown,
        good=((_ingress(ingressClassName="web"), _CLASS_OBJECT), (_ingress(),)),
        bad=((_ingress(ingressClassName="nginx"), _CLASS_OBJECT),),
    ),
    SeveralRule(
        id="NET224",
        title="Two Ingresses for one host and path",
        severity=Severity.ERROR,
        why="One of the two takes the traffic, most often the older; which one changes when an object is made anew.",
        fix="Leave the path to one of them; for a canary use the annotations or weights of your controller.",
        source=_DOCS + "#multiple-matches",
        like=(
            "gatekeeper-library:K8sUniqueIngressHost",
            "kyverno-policies:restrict-ingress-host",
            "kyverno-policies:unique-ingress-host-and-path",
            "kyverno-policies:unique-ingress-paths",
            "kyverno-policies:unique-routes",
        ),
        about=("Ingress",),
        check=_same_host_and_path,
        good=(
            (_ingress(), {**_ingress("canary"), "metadata": {"name": "canary", "annotations": {_CANARY: "true"}}}),
            (_ingress(ingressClassName="inside"), _ingress("outside", ingressClassName="outside")),
            (_ingress(), _ingress()),
        ),
        bad=((_ingress(), _ingress("pay")), (_ingress(), {**_ingress(), "metadata": {"namespace": "pay"}})),
    ),
)
