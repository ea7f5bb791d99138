"""API versions: which the judged Kubernetes no longer serves, will drop, or does not have yet."""

from collections.abc import Iterator

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import MANIFESTS, Scope
from fairlead.checks.several.reading import is_made_by_another, mapping_at, mappings_at, text_at, texts_at
from fairlead.knowledge import removals
from fairlead.knowledge.minors import Minor
from fairlead.knowledge.removals import Lifecycle
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_GUIDE = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"
_POLICY = "https://kubernetes.io/docs/reference/using-api/deprecation-policy/"


def _written(scope: Scope) -> Iterator[tuple[KubeObject, Lifecycle]]:
    """The objects of Kubernetes' own kinds that somebody wrote, with the life of their API version."""
    for each in scope.objects:
        life = removals.of(each.api_version, each.kind)
        if life is not None and not is_made_by_another(each):
            yield each, life


def _removed(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = _minor(scope)
    for each, life in _written(scope):
        if life.removed is not None and life.removed <= now:
            gone = "is not read" if life.form == "file" else "is not served"
            yield _found(rule, each, f"`{life}` {gone} since Kubernetes {life.removed}", life, now)


def _deprecated(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = _minor(scope)
    for each, life in _written(scope):
        if life.removed is None or not life.deprecated_in(now):
            continue
        planned = "is to go" if life.planned else "goes"
        yield _found(
            rule,
            each,
            f"`{life}`, deprecated since {life.deprecated}, {planned} with Kubernetes {life.removed}",
            life,
            now,
        )


def _deprecated_for_good(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = _minor(scope)
    for each, life in _written(scope):
        if life.removed is None and life.deprecated_in(now):
            yield _found(rule, each, f"`{life}` is deprecated since Kubernetes {life.deprecated}", life, now)


def _too_new(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = _minor(scope)
    for each, life in _written(scope):
        if life.introduced <= now:
            continue
        served = [str(other.api_version) for other in removals.versions_of(each.kind) if _fits(other, now)]
        instead = f"; Kubernetes {now} has it in `{served[-1]}`" if served else ""
        yield rule.found(each, f"`{life}` comes with Kubernetes {life.introduced}{instead}", path=("apiVersion",))


def _fits(life: Lifecycle, now: Minor) -> bool:
    return life.served_by_default and life.served_in(now)


def _off_by_default(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = _minor(scope)
    for each, life in _written(scope):
        if not life.served_by_default and life.served_in(now) and not life.deprecated_in(now):
            yield rule.found(each, f"`{life}` is served only with `--runtime-config`", path=("apiVersion",))


def _unknown(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    if _minor(scope) > removals.known().released:
        return
    for each in scope.objects:
        if not removals.is_own(each.api_version) or removals.of(each.api_version, each.kind) or each.kind == "List":
            continue
        elsewhere = [other.api_version for other in removals.versions_of(each.kind) if _fits(other, _minor(scope))]
        where = f"; it is in `{elsewhere[-1]}`" if elsewhere else ""
        yield rule.found(each, f"no Kubernetes has `{each.kind}` in `{each.api_version}`{where}", path=("kind",))


def _minor(scope: Scope) -> Minor:
    return Minor(1, scope.minor)


def _found(rule: SeveralRule, each: KubeObject, what: str, life: Lifecycle, now: Minor) -> Found:
    """With what replaces it, and what else changes then."""
    message = f"{what}; {_instead(life, now)}"
    if life.changes:
        message += f" (what else changes: {'; '.join(life.changes)})"
    return rule.found(each, message, path=("apiVersion",))


def _instead(life: Lifecycle, now: Minor) -> str:
    successor = removals.successor(life, now)
    if successor is not None:
        return f"write `{successor}`, served since {successor.introduced}"
    return (
        f"`{life.replacement}` follows, which Kubernetes {now} does not serve"
        if life.replacement
        else "nothing replaces it"
    )


_AUTOSCALERS = ("HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ScaledObject.keda.sh")


def _scaled(scope: Scope) -> Iterator[tuple[KubeObject, Lifecycle, str]]:
    """What autoscalers act on, of Kubernetes' own kinds, and the field that says so."""
    for each in (each for kind in _AUTOSCALERS for each in scope.objects.of(kind)):
        for field in ("scaleTargetRef", "targetRef"):
            target = mapping_at(each.raw, "spec", field)
            life = removals.of(text_at(target, "apiVersion"), text_at(target, "kind"))
            if life is not None:
                yield each, life, field


def _scales_what_is_gone(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = _minor(scope)
    for each, life, field in _scaled(scope):
        if not _group_serves(life, now):
            yield rule.found(each, f"acts on `{life}`; {_instead(life, now)}", path=("spec", field, "apiVersion"))


def _group_serves(life: Lifecycle, now: Minor) -> bool:
    """Autoscalers look a target up by its group: another version of it will do."""
    return any(other.served_in(now) for other in removals.versions_of(life.kind) if other.group == life.group)


_HOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_POLICIES = ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")


def _matching_rules(each: KubeObject) -> Iterator[tuple[dict[str, object], tuple[str | int, ...]]]:
    if each.kind in _POLICIES:
        for index, said in enumerate(mappings_at(each.raw, "spec", "matchConstraints", "resourceRules")):
            yield said, ("spec", "matchConstraints", "resourceRules", index)
        return
    for number, webhook in enumerate(mappings_at(each.raw, "webhooks")):
        for index, said in enumerate(mappings_at(webhook, "rules")):
            yield said, ("webhooks", number, "rules", index)


def _waits_for_what_is_gone(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    now = _minor(scope)
    for each in (each for kind in (*_HOOKS, *_POLICIES) for each in scope.objects.of(kind)):
        for said, path in _matching_rules(each):
            named = [
                (group, version, resource.partition("/")[0])
                for group in texts_at(said, "apiGroups")
                for version in texts_at(said, "apiVersions")
                for resource in texts_at(said, "resources")
            ]
            gone = [life for name in named if (life := removals.of_resource(*name)) and not life.served_in(now)]
            if named and len(gone) == len(named):
                message = f"waits for `{gone[0]}`, which Kubernetes {now} does not serve: it is never asked"
                yield rule.found(each, message, path=(*path, "apiVersions"))


_BUDGET = {"kind": "PodDisruptionBudget", "spec": {"maxUnavailable": 1}}
_HPA = {"kind": "HorizontalPodAutoscaler", "spec": {"maxReplicas": 3}}
_HOOK = {"kind": "ValidatingWebhookConfiguration"}


def _hook_for(group: str, version: str, resource: str) -> dict[str, object]:
    rules = [{"apiGroups": [group], "apiVersions": [version], "resources": [resource], "operations": ["CREATE"]}]
    return _HOOK | {"webhooks": [{"name": "check.shop.example", "rules": rules}]}


RULES = (
    SeveralRule(
        id="UPG402",
        title="API version that is no longer served",
        severity=Severity.BLOCKER,
        why="Applying it fails on that Kubernetes, and so do the roll-backs and Helm upgrades that bring it up again.",
        fix="Write the API version that replaces it, and mind the fields that changed; do it before the upgrade.",
        source=_GUIDE,
        like=(
            "pluto:removed",
            "kubent:all rulesets",
            "kubepug:deleted",
            "kubepreflight:API-001",
            "gatekeeper-library:VerifyDeprecatedAPI",
            "kyverno-policies:check-deprecated-apis",
            "trivy:KSV-0107",
            "kube-linter:no-extensions-v1beta",
            "kubeaudit:DeprecatedAPIUsed",
        ),
        check=_removed,
        good=(
            (_BUDGET,),
            ({**_BUDGET, "apiVersion": "policy/v1beta1", "kubernetes": "1.24"},),
            ({"apiVersion": "policy.shop.example/v1beta1", "kind": "PodDisruptionBudget"},),
        ),
        bad=(
            ({**_BUDGET, "apiVersion": "policy/v1beta1", "kubernetes": "1.25"},),
            ({"apiVersion": "extensions/v1beta1", "kind": "Ingress"},),
            ({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy"},),
            ({"apiVersion": "kubescheduler.config.k8s.io/v1beta2", "kind": "KubeSchedulerConfiguration"},),
        ),
    ),
    SeveralRule(
        id="UPG403",
        title="API version that will be removed",
        severity=Severity.WARNING,
        why="The upgrade to the version without it will need every manifest, chart and client changed beforehand.",
        fix="Move to the API version that replaces it while both are served.",
        source=_GUIDE,
        like=(
            "pluto:deprecated",
            "kubepug:deprecated",
            "kubepreflight:API-002",
            "kube-score:stable-version",
            "popeye:403",
        ),
        check=_deprecated,
        good=((_BUDGET,), ({**_BUDGET, "apiVersion": "policy/v1beta1", "kubernetes": "1.20"},)),
        bad=(
            ({**_BUDGET, "apiVersion": "policy/v1beta1", "kubernetes": "1.24"},),
            ({"apiVersion": "resource.k8s.io/v1beta1", "kind": "ResourceClaim", "kubernetes": "1.36"},),
        ),
    ),
    SeveralRule(
        id="UPG404",
        title="API version that is deprecated, without a date",
        severity=Severity.ADVICE,
        why="It is kept, but gets no new features, and the API server warns at every call.",
        needs=(MANIFESTS,),
        fix="Use what replaces it in what you write anew.",
        source=_POLICY,
        check=_deprecated_for_good,
        good=(({"kind": "EndpointSlice"},),),
        bad=(({"kind": "Endpoints", "kubernetes": "1.33"},),),
    ),
    SeveralRule(
        id="UPG405",
        title="API version that this Kubernetes does not have yet",
        severity=Severity.ERROR,
        why="Applying it fails until the control plane is upgraded.",
        fix="Write a version that both the present and the next Kubernetes serve, or upgrade first.",
        source=_POLICY,
        like=("pluto:unavailable replacement (exit 4)",),
        check=_too_new,
        good=(({"apiVersion": "batch/v1", "kind": "CronJob", "kubernetes": "1.21"},),),
        bad=(
            ({"apiVersion": "batch/v1", "kind": "CronJob", "kubernetes": "1.20"},),
            ({"kind": "ValidatingAdmissionPolicy", "kubernetes": "1.29"},),
        ),
    ),
    SeveralRule(
        id="UPG406",
        title="API version that is off unless the server was told to serve it",
        severity=Severity.WARNING,
        why="It works only on clusters with that setting; alpha versions vanish without notice, their data too.",
        fix="Use a stable version, or make sure that the setting is on before and after the upgrade.",
        source="https://kubernetes.io/docs/reference/using-api/#api-versioning",
        check=_off_by_default,
        good=(({"kind": "ValidatingAdmissionPolicy"},),),
        bad=(({"apiVersion": "storage.k8s.io/v1alpha1", "kind": "VolumeAttributesClass", "kubernetes": "1.30"},),),
    ),
    SeveralRule(
        id="UPG407",
        title="Kind that its API version never had",
        severity=Severity.ERROR,
        why="The API server knows no such kind, so applying it fails.",
        fix="Mend the kind or the API version.",
        source="https://kubernetes.io/docs/concepts/overview/working-with-objects/",
        check=_unknown,
        good=(({"kind": "Deployment"},), ({"apiVersion": "shop.example/v1", "kind": "Basket"},)),
        bad=(
            ({"apiVersion": "v1", "kind": "Deployment"},),
            ({"apiVersion": "apps/v1", "kind": "Deploymnet"},),
        ),
    ),
    SeveralRule(
        id="UPG408",
        title="Autoscaler for an API group that no longer has the kind",
        severity=Severity.ERROR,
        why="It cannot read the scale of its target any more, so the workload stays at the size it happened to have.",
        fix="Name the target as it is served: `apps/v1` for Deployments and StatefulSets.",
        source=_GUIDE,
        about=_AUTOSCALERS,
        check=_scales_what_is_gone,
        good=(
            (_HPA | {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"}}},),
            (
                _HPA
                | {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1beta2", "kind": "Deployment", "name": "cart"}}},
            ),
        ),
        bad=(
            (
                _HPA
                | {
                    "spec": {
                        "scaleTargetRef": {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "name": "cart"}
                    }
                },
            ),
        ),
    ),
    SeveralRule(
        id="UPG409",
        title="Admission rule for API versions that are gone",
        severity=Severity.ERROR,
        why="Requests come in the versions that are served, so the webhook or policy is passed by and nobody notices.",
        fix="Name the versions that are served; keep the old one beside them until the last cluster is upgraded.",
        source="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchpolicy",
        about=(*_HOOKS, *_POLICIES),
        check=_waits_for_what_is_gone,
        good=(
            (_hook_for("networking.k8s.io", "v1", "ingresses"),),
            (_hook_for("networking.k8s.io", "*", "ingresses"),),
            (_hook_for("extensions", "v1beta1", "ingresses") | {"kubernetes": "1.21"},),
        ),
        bad=(
            (_hook_for("extensions", "v1beta1", "ingresses"),),
            (_hook_for("batch", "v1beta1", "cronjobs"),),
        ),
    ),
)
