"""Custom resources: versions that their definitions, or the software they belong to, no longer serve."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import Scope
from fairlead.checks.several.reading import is_made_by_another, mapping_at, mappings_at, text_at
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject


def _crd_versions(scope: Scope) -> dict[tuple[str, str], dict[str, dict[str, object]]]:
    """For the group and kind of each definition in the scope: its versions by name."""
    known: dict[tuple[str, str], dict[str, dict[str, object]]] = {}
    for each in scope.objects.of("CustomResourceDefinition"):
        spec = mapping_at(each.raw, "spec")
        versions = {text_at(version, "name"): version for version in mappings_at(spec, "versions")}
        if versions:
            known.setdefault((text_at(spec, "group"), text_at(spec, "names", "kind")), versions)
    return known


def _custom(scope: Scope) -> Iterator[tuple[KubeObject, str, dict[str, dict[str, object]]]]:
    definitions = _crd_versions(scope)
    if not definitions:
        return
    for each in scope.objects:
        versions = definitions.get((each.group, each.kind))
        if versions is not None:
            yield each, each.api_version.rpartition("/")[2], versions


def _custom_not_served(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, version, versions in _custom(scope):
        if mapping_at(versions, version).get("served") is not True:
            served = ", ".join(f"`{name}`" for name, said in versions.items() if said.get("served") is True)
            yield rule.found(
                each, f"its definition serves {served or 'nothing'}, not `{version}`", path=("apiVersion",)
            )


def _custom_deprecated(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each, version, versions in _custom(scope):
        said = mapping_at(versions, version)
        if said.get("served") is True and said.get("deprecated") is True:
            warning = text_at(said, "deprecationWarning")
            message = f"its definition calls `{version}` deprecated{': ' + warning if warning else ''}"
            yield rule.found(each, message, path=("apiVersion",))


class _Gone(NamedTuple):
    """An API version another project has dropped: with which of its releases, and what to write."""

    since: str
    use: str
    source: str


_CERT_MANAGER = "https://cert-manager.io/docs/releases/upgrading/remove-deprecated-apis/"
_FLUX = "https://fluxcd.io/roadmap/"
_SNAPSHOTS = "https://github.com/kubernetes-csi/external-snapshotter/releases/tag/v6.0.0"
_KARPENTER = "https://karpenter.sh/docs/upgrading/upgrade-guide/"
_TRAEFIK = "https://doc.traefik.io/traefik/migrate/v2-to-v3/"
_GONE: Mapping[str, _Gone] = {
    **dict.fromkeys(
        ("cert-manager.io/v1alpha2", "cert-manager.io/v1alpha3", "cert-manager.io/v1beta1"),
        _Gone("cert-manager 1.6", "cert-manager.io/v1", _CERT_MANAGER),
    ),
    **dict.fromkeys(
        ("acme.cert-manager.io/v1alpha2", "acme.cert-manager.io/v1alpha3", "acme.cert-manager.io/v1beta1"),
        _Gone("cert-manager 1.6", "acme.cert-manager.io/v1", _CERT_MANAGER),
    ),
    "certmanager.k8s.io/v1alpha1": _Gone("cert-manager 0.11", "cert-manager.io/v1", _CERT_MANAGER),
    "snapshot.storage.k8s.io/v1alpha1": _Gone("external-snapshotter 2.0", "snapshot.storage.k8s.io/v1", _SNAPSHOTS),
    "snapshot.storage.k8s.io/v1beta1": _Gone("external-snapshotter 6.0", "snapshot.storage.k8s.io/v1", _SNAPSHOTS),
    **dict.fromkeys(
        ("source.toolkit.fluxcd.io/v1beta1", "source.toolkit.fluxcd.io/v1beta2"),
        _Gone("Flux 2.8", "source.toolkit.fluxcd.io/v1", _FLUX),
    ),
    **dict.fromkeys(
        ("kustomize.toolkit.fluxcd.io/v1beta1", "kustomize.toolkit.fluxcd.io/v1beta2"),
        _Gone("Flux 2.8", "kustomize.toolkit.fluxcd.io/v1", _FLUX),
    ),
    **dict.fromkeys(
        ("helm.toolkit.fluxcd.io/v2beta1", "helm.toolkit.fluxcd.io/v2beta2"),
        _Gone("Flux 2.8", "helm.toolkit.fluxcd.io/v2", _FLUX),
    ),
    "karpenter.sh/v1alpha5": _Gone("Karpenter 0.33", "karpenter.sh/v1 NodePool", _KARPENTER),
    "karpenter.k8s.aws/v1alpha1": _Gone("Karpenter 0.33", "karpenter.k8s.aws/v1 EC2NodeClass", _KARPENTER),
    "karpenter.sh/v1beta1": _Gone("Karpenter 1.1", "karpenter.sh/v1", _KARPENTER),
    "karpenter.k8s.aws/v1beta1": _Gone("Karpenter 1.1", "karpenter.k8s.aws/v1", _KARPENTER),
    "traefik.containo.us/v1alpha1": _Gone("Traefik 3.0", "traefik.io/v1alpha1", _TRAEFIK),
}


def _dropped_by_its_project(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    definitions = _crd_versions(scope)
    for each in scope.objects:
        gone = _GONE.get(each.api_version)
        if gone is None or is_made_by_another(each) or (each.group, each.kind) in definitions:
            continue
        message = f"`{each.api_version}` is gone in {gone.since}; write `{gone.use}`"
        yield rule.found(each, message, path=("apiVersion",), evidence=gone.source)


def _definition(**version: object) -> dict[str, object]:
    names = {"kind": "Basket", "plural": "baskets", "singular": "basket"}
    versions = [{"name": "v1", "served": True, "storage": True}, {"name": "v1alpha1", **version}]
    spec = {"group": "shop.example", "scope": "Namespaced", "names": names, "versions": versions}
    return {"kind": "CustomResourceDefinition", "metadata": {"name": "baskets.shop.example"}, "spec": spec}


_BASKET = {"apiVersion": "shop.example/v1alpha1", "kind": "Basket"}

RULES = (
    SeveralRule(
        id="UPG410",
        title="Custom resource in a version its definition does not serve",
        severity=Severity.ERROR,
        why="Applying it fails as soon as the definition is there.",
        fix="Write a version that the definition serves.",
        source="https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/",
        check=_custom_not_served,
        good=(
            (_definition(served=True), _BASKET),
            (_definition(served=False), _BASKET | {"apiVersion": "shop.example/v1"}),
        ),
        bad=(
            (_definition(served=False), _BASKET),
            (_definition(served=True), _BASKET | {"apiVersion": "shop.example/v2"}),
        ),
    ),
    SeveralRule(
        id="UPG411",
        title="Custom resource in a version its definition calls deprecated",
        severity=Severity.WARNING,
        why="A later release of the operator will stop serving it.",
        fix="Move to a version that is not deprecated.",
        source="https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-deprecation",
        check=_custom_deprecated,
        good=((_definition(served=True), _BASKET),),
        bad=((_definition(served=True, deprecated=True), _BASKET),),
    ),
    SeveralRule(
        id="UPG478",
        title="API version that its project has dropped",
        severity=Severity.WARNING,
        why="The next release of the software no longer serves it, and what is delivered in it is refused.",
        fix="Write the version that follows, before the software is upgraded.",
        source="https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/",
        check=_dropped_by_its_project,
        good=(
            ({"apiVersion": "cert-manager.io/v1", "kind": "Certificate"},),
            ({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "HTTPRoute"},),
        ),
        bad=(
            ({"apiVersion": "cert-manager.io/v1alpha2", "kind": "Certificate"},),
            ({"apiVersion": "traefik.containo.us/v1alpha1", "kind": "IngressRoute"},),
            ({"apiVersion": "helm.toolkit.fluxcd.io/v2beta2", "kind": "HelmRelease"},),
        ),
    ),
)
