"""Bindings, the roles and accounts they name, and the pods that have their rights."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.checks.found import Found
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.reading import chosen_by, mapping, mappings, spec_of, text, workloads
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_RBAC = "https://kubernetes.io/docs/reference/access-authn-authz/rbac/"
_GOOD_PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
# What Kubernetes itself brings: the bootstrap roles (https://kubernetes.io/docs/reference/access-authn-authz/rbac/).
_BROUGHT = frozenset({"cluster-admin", "admin", "edit", "view", "extension-apiserver-authentication-reader"})


class Grant(NamedTuple):
    """A binding that names a service account, and the role it gives where that is here."""

    binding: KubeObject
    role: KubeObject | None


def account_of(workload: KubeObject) -> tuple[str, str]:
    """Namespace and name of the service account its pods run as."""
    pod = mapping(workload.pod_spec)
    return workload.namespace, text(pod.get("serviceAccountName")) or text(pod.get("serviceAccount")) or "default"


def _bindings(scope: Scope) -> Iterator[KubeObject]:
    for kind in _BINDINGS:
        yield from scope.objects.of(kind)


def _role_of(binding: KubeObject, scope: Scope) -> KubeObject | None:
    reference = mapping(binding.raw.get("roleRef"))
    kind = text(reference.get("kind"))
    return scope.objects.get(kind, binding.namespace if kind == "Role" else "", text(reference.get("name")))


def _accounts(binding: KubeObject) -> Iterator[tuple[int, str, str]]:
    """Place in the list, namespace and name of the service accounts among its subjects."""
    for index, subject in enumerate(mappings(binding.raw.get("subjects"))):
        if subject.get("kind") == "ServiceAccount":
            yield index, text(subject.get("namespace")) or binding.namespace, text(subject.get("name"))


def _grants(scope: Scope) -> dict[tuple[str, str], list[Grant]]:
    grants: dict[tuple[str, str], list[Grant]] = {}
    for binding in _bindings(scope):
        grant = Grant(binding, _role_of(binding, scope))
        for _, namespace, name in _accounts(binding):
            grants.setdefault((namespace, name), []).append(grant)
    return grants


def _role_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for binding in _bindings(scope):
        reference = mapping(binding.raw.get("roleRef"))
        kind, name = text(reference.get("kind")), text(reference.get("name"))
        if not name or _role_of(binding, scope) is not None or not _must_be_here(kind, name, binding, scope):
            continue
        where = f" in {binding.namespace}" if kind == "Role" and binding.namespace else ""
        yield rule.found(binding, f"there is no {kind} `{name}`{where}", path=("roleRef", "name"))


def _must_be_here(kind: str, name: str, binding: KubeObject, scope: Scope) -> bool:
    """Whether a role that is not among the objects is not anywhere. ClusterRoles often come with something else."""
    if name in _BROUGHT or name.startswith("system:"):
        return False
    if kind == "ClusterRole":
        return WHOLE in scope.evidence
    return kind == "Role" and (scope.is_whole(binding.namespace) or bool(scope.objects.of("Role", binding.namespace)))


def _account_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for binding in _bindings(scope):
        for index, namespace, name in _accounts(binding):
            known = {each.name for each in scope.objects.of("ServiceAccount", namespace)}
            # What names no namespace goes where `kubectl -n` says, and a ClusterRoleBinding can only guess which.
            unplaced = {each.name for each in scope.objects.of("ServiceAccount", "")}
            is_certain = scope.is_whole(namespace) or bool(known)
            if name and name != "default" and name not in known | unplaced and is_certain:
                yield rule.found(
                    binding,
                    f"there is no service account `{name}` in namespace {namespace or 'default'}",
                    path=("subjects", index, "name"),
                    item=f"subject {name}",
                )


def _needless_token(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    grants = _grants(scope)
    if not grants:
        return
    for each in workloads(scope):
        account = account_of(each)
        found = scope.objects.get("ServiceAccount", *account)
        if account[1] == "default" or found is None or account in grants or not _mounts_token(each, found):
            continue
        if found.annotations.keys() & _CLOUD_IDENTITIES:
            continue
        message = f"mounts a token of service account `{account[1]}`, which nothing gives rights"
        yield rule.found(each, message, path=(*each.pod_path, "automountServiceAccountToken"))


# With these the account's tokens are for a cloud, not for the API server.
_CLOUD_IDENTITIES = frozenset(
    {"iam.gke.io/gcp-service-account", "eks.amazonaws.com/role-arn", "azure.workload.identity/client-id"}
)


def _mounts_token(workload: KubeObject, account: KubeObject) -> bool:
    said = mapping(workload.pod_spec).get("automountServiceAccountToken")
    return (account.raw.get("automountServiceAccountToken") if said is None else said) is not False


def _takes_over(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    powers = {account: next(filter(None, map(_power_of, each)), "") for account, each in _grants(scope).items()}
    if not any(powers.values()):
        return
    reached = {id(each): service for service, each in _reachable(scope)}
    for each in workloads(scope):
        power, service = powers.get(account_of(each), ""), reached.get(id(each))
        if power and service is not None:
            message = f"is reached from outside through {service.kind} {service.name}, and its account {power}"
            yield rule.found(each, message, path=(*each.pod_path, "serviceAccountName"))


def _power_of(grant: Grant) -> str:
    """What whoever takes over a pod with this right can do with the cluster; empty for less."""
    if grant.binding.kind != "ClusterRoleBinding":
        return ""
    if mapping(grant.binding.raw.get("roleRef")).get("name") == "cluster-admin":
        return "is cluster-admin"
    role = grant.role
    return next(filter(None, map(_power_in, mappings(role.raw.get("rules")))), "") if role is not None else ""


def _power_in(rule: Mapping[str, Any]) -> str:
    verbs, resources, groups = (_texts(rule.get(key)) for key in ("verbs", "resources", "apiGroups"))
    if rule.get("resourceNames") or not groups & {"", "*", "rbac.authorization.k8s.io"}:
        return ""
    if resources & {"*"} and verbs & {"*", "create", "update", "patch"}:
        return "changes everything in the cluster"
    if resources & {"secrets", "*"} and groups & {"", "*"} and verbs & {"*", "get", "list", "watch"}:
        return "reads every Secret"
    if verbs & {"escalate", "bind", "impersonate"}:
        return "can give itself any right"
    if resources & {"pods/exec", "nodes/proxy"} and verbs & {"*", "create", "get"}:
        return "runs commands in every pod"
    return ""


def _texts(value: Any) -> set[str]:
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()


def _reachable(scope: Scope) -> Iterator[tuple[KubeObject, KubeObject]]:
    """Services that lead from outside to workloads: by their type, or because an Ingress or HTTPRoute names them."""
    routed = {*_backends(scope.objects.of("Ingress")), *_routes(scope)}
    for service in scope.objects.of("Service"):
        spec = spec_of(service)
        is_open = text(spec.get("type")) in {"LoadBalancer", "NodePort"} or (service.namespace, service.name) in routed
        if is_open and spec.get("selector"):
            selector = {"matchLabels": spec["selector"]}
            for each in chosen_by(selector, service.namespace, scope):
                yield service, each


def _backends(ingresses: Iterable[KubeObject]) -> Iterator[tuple[str, str]]:
    for ingress in ingresses:
        spec = spec_of(ingress)
        backends = [spec.get("defaultBackend")]
        for rule in mappings(spec.get("rules")):
            backends += [path.get("backend") for path in mappings(mapping(rule.get("http")).get("paths"))]
        for backend in backends:
            yield ingress.namespace, text(mapping(mapping(backend).get("service")).get("name"))


def _routes(scope: Scope) -> Iterator[tuple[str, str]]:
    for route in scope.objects.of("HTTPRoute.gateway.networking.k8s.io"):
        for rule in mappings(spec_of(route).get("rules")):
            for backend in mappings(rule.get("backendRefs")):
                yield text(backend.get("namespace")) or route.namespace, text(backend.get("name"))


def _binding(**more: Any) -> dict[str, Any]:
    return {
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "cart"},
        "subjects": [{"kind": "ServiceAccount", "name": "cart", "namespace": "shop"}],
        **more,
    }


_CART = {"metadata": {"name": "cart"}}
_ROLE = {"kind": "Role", **_CART, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
_ACCOUNT = {"kind": "ServiceAccount", **_CART}
_PODS = {"pod": {"serviceAccountName": "cart"}}
_BALANCER = {"kind": "Service", "spec": {"type": "LoadBalancer", "selector": {"app": "example"}}}
_SECRETS = {
    "kind": "ClusterRole",
    **_CART,
    "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}],
}
_CLUSTER_BINDING = _binding(
    kind="ClusterRoleBinding", roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cart"}
)
_INGRESS = {
    "kind": "Ingress",
    "spec": {"rules": [{"http": {"paths": [{"path": "/", "backend": {"service": {"name": "example"}}}]}}]},
}

RULES = (
    SeveralRule(
        id="SEC271",
        title="Binding to a role that is not there",
        severity=Severity.ERROR,
        why="It gives nothing: whoever counts on it is refused at run time.",
        fix="Add the role to the same namespace, or correct its name or kind in `roleRef`.",
        source=f"{_RBAC}#rolebinding-and-clusterrolebinding",
        like=("popeye:1300",),
        about=_BINDINGS,
        check=_role_missing,
        good=(
            (_ROLE, _binding()),
            (_PODS, _binding(roleRef={"kind": "ClusterRole", "name": "view"})),
            (_PODS, _CLUSTER_BINDING),
            (_PODS, _binding(roleRef={"kind": "Role", "name": "extension-apiserver-authentication-reader"})),
            # a binding alone: its role may stand in another file
            (_binding(),),
        ),
        bad=(
            (_PODS, _binding()),
            ({**_ROLE, "metadata": {"name": "carts"}}, _binding()),
            (_PODS, {**_ROLE, "metadata": {"name": "cart", "namespace": "tools"}}, _binding()),
        ),
    ),
    SeveralRule(
        id="SEC272",
        title="Binding for a service account that is not there",
        severity=Severity.WARNING,
        why="The pods that need these rights run as another account; whoever makes this one later has them.",
        fix="Correct name and namespace of the subject, or add the service account.",
        source=f"{_RBAC}#referring-to-subjects",
        like=("popeye:1300",),
        about=_BINDINGS,
        check=_account_missing,
        good=(
            (_ROLE, _ACCOUNT, _binding()),
            (_PODS, _binding(subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}])),
            (_PODS, _binding(subjects=[{"kind": "ServiceAccount", "name": "cart", "namespace": "elsewhere"}])),
            (_PODS, _binding(subjects=[{"kind": "Group", "name": "cart"}])),
            (_PODS, {"kind": "ServiceAccount", "metadata": {"name": "cart", "namespace": ""}}, _CLUSTER_BINDING),
        ),
        bad=(
            (_PODS, _binding()),
            ({**_ACCOUNT, "metadata": {"name": "carts"}}, _binding()),
            (_PODS, _CLUSTER_BINDING),
        ),
    ),
    SeveralRule(
        id="SEC273",
        title="Token of a service account without rights",
        severity=Severity.ADVICE,
        why="The containers carry a credential for the API that is good for nothing but being stolen.",
        fix="Set `automountServiceAccountToken` to false on the pod or the service account.",
        source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
        like=("popeye:301", "kubescape:C-0261"),
        about=_BINDINGS,
        check=_needless_token,
        good=(
            (_PODS, _ACCOUNT, _binding()),
            (
                _PODS,
                {**_ACCOUNT, "automountServiceAccountToken": False},
                _binding(subjects=[{"kind": "ServiceAccount", "name": "other", "namespace": "shop"}]),
            ),
            (_PODS, _ACCOUNT),
        ),
        bad=(
            (
                _PODS,
                _ACCOUNT,
                _binding(subjects=[{"kind": "ServiceAccount", "name": "other", "namespace": "shop"}]),
            ),
            (
                {"pod": {"serviceAccountName": "cart", "automountServiceAccountToken": True}},
                {**_ACCOUNT, "automountServiceAccountToken": False},
                _binding(subjects=[{"kind": "ServiceAccount", "name": "other", "namespace": "shop"}]),
            ),
        ),
    ),
    SeveralRule(
        id="SEC274",
        title="Way from outside to the whole cluster",
        severity=Severity.ERROR,
        why="Traffic from outside reaches these pods; a hole in their program gives away the account's rights.",
        fix="Give the account a Role with what it uses, or put a part without rights in front.",
        source=_GOOD_PRACTICES,
        like=("kubescape:C-0267",),
        about=("ClusterRoleBinding",),
        check=_takes_over,
        good=(
            (_PODS, _SECRETS, _CLUSTER_BINDING, {**_BALANCER, "spec": {"selector": {"app": "example"}}}),
            (_PODS, _SECRETS, _binding(roleRef={"kind": "ClusterRole", "name": "cart"}), _BALANCER),
            (
                _PODS,
                {**_SECRETS, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]},
                _CLUSTER_BINDING,
                _BALANCER,
            ),
        ),
        bad=(
            (_PODS, _SECRETS, _CLUSTER_BINDING, _BALANCER),
            (_PODS, _SECRETS, _CLUSTER_BINDING, {**_BALANCER, "spec": {"selector": {"app": "example"}}}, _INGRESS),
            (
                _PODS,
                _CLUSTER_BINDING | {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}},
                _BALANCER,
            ),
        ),
    ),
)
