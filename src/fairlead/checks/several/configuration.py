"""ConfigMaps, Secrets and service accounts that pods name, and whether they are there."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.found import Found, Path
from fairlead.checks.rule import SeveralRule
from fairlead.checks.scope import WHOLE, Scope
from fairlead.checks.several.reading import mapping, mappings, spec_of, text, workloads
from fairlead.checks.several.references import GENERATORS, containers, made_secrets, references
from fairlead.model.finding import Severity
from fairlead.snapshot.objects import KubeObject

_CONFIGMAP = "https://kubernetes.io/docs/concepts/configuration/configmap/"
_SECRET = "https://kubernetes.io/docs/concepts/configuration/secret/"  # noqa: S105  (a page, not a credential)


def _config_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        for reference in references(each):
            if reference.kind != "ConfigMap" or not reference.name or reference.is_optional:
                continue
            is_here = scope.objects.get("ConfigMap", each.namespace, reference.name) is not None
            # `kube-root-ca.crt` is in every namespace.
            if is_here or reference.name == "kube-root-ca.crt" or not _are_here("ConfigMap", each.namespace, scope):
                continue
            message = f"there is no ConfigMap `{reference.name}`"
            yield rule.found(each, message, path=reference.path, item=reference.item)


def _secret_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    if any(scope.objects.of(kind) for kind in GENERATORS):
        return
    made = made_secrets(scope)
    for each in workloads(scope):
        for reference in references(each):
            if reference.kind != "Secret" or not reference.name or reference.is_optional:
                continue
            if scope.objects.get("Secret", each.namespace, reference.name) or (each.namespace, reference.name) in made:
                continue
            message = f"there is no Secret `{reference.name}`"
            yield rule.found(each, message, path=reference.path, item=reference.item)


def _are_here(kind: str, namespace: str, scope: Scope) -> bool:
    """
    Whether objects of a kind are read together with the workloads that name them.

    Where a namespace has none of the kind at all, they most likely come from elsewhere.
    """
    return WHOLE in scope.evidence or bool(scope.objects.of(kind, namespace))


def _key_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        for reference in references(each):
            found = scope.objects.get(reference.kind, each.namespace, reference.name)
            if found is None or reference.is_optional or _is_filled_later(found):
                continue
            missing = [key for key in reference.keys if key not in _keys(found)]
            if missing:
                message = f"{found.kind} `{found.name}` has no key {', '.join(missing)}"
                yield rule.found(each, message, path=reference.path[:-1], item=reference.item)


def _keys(found: KubeObject) -> set[str]:
    return {key for field in ("data", "binaryData", "stringData") for key in mapping(found.raw.get(field))}


def _is_filled_later(found: KubeObject) -> bool:
    """An empty one, or one of a type that Kubernetes fills, gets its keys when it runs."""
    return not _keys(found) or found.raw.get("type") == "kubernetes.io/service-account-token"


def _account_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        pod = mapping(each.pod_spec)
        field = "serviceAccountName" if pod.get("serviceAccountName") else "serviceAccount"
        name = text(pod.get(field))
        if not name or name == "default" or scope.objects.get("ServiceAccount", each.namespace, name):
            continue
        if _are_here("ServiceAccount", each.namespace, scope) or _binds(name, each.namespace, scope):
            yield rule.found(each, f"there is no service account `{name}`", path=(*each.pod_path, field))


def _binds(name: str, namespace: str, scope: Scope) -> bool:
    """Whether rights for the account are among the objects: then the account itself should be too."""
    return any(
        subject.get("kind") == "ServiceAccount"
        and subject.get("name") == name
        and text(subject.get("namespace")) in {"", namespace}
        for binding in scope.objects.of("RoleBinding", namespace)
        for subject in mappings(binding.raw.get("subjects"))
    )


def _pull_secret_wrong(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    for each in workloads(scope):
        for index, said in enumerate(mappings(mapping(each.pod_spec).get("imagePullSecrets"))):
            name = text(said.get("name"))
            secret = scope.objects.get("Secret", each.namespace, name)
            kind = text(secret.raw.get("type")) if secret is not None else ""
            if secret is not None and kind not in {"kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"}:
                message = f"Secret `{name}` is of type {kind or 'Opaque'}, which is no pull secret"
                yield rule.found(each, message, path=(*each.pod_path, "imagePullSecrets", index, "name"))


def _pull_secret_missing(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    made = made_secrets(scope)
    for each in workloads(scope):
        for index, said in enumerate(mappings(mapping(each.pod_spec).get("imagePullSecrets"))):
            name = text(said.get("name"))
            if name and (each.namespace, name) not in made and not scope.objects.get("Secret", each.namespace, name):
                path: Path = (*each.pod_path, "imagePullSecrets", index, "name")
                yield rule.found(each, f"there is no Secret `{name}` to pull with", path=path)


def _widely_watched(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    users: dict[tuple[str, str, str], int] = {}
    for each in workloads(scope):
        for key in {(one.kind, each.namespace, one.name) for one in references(each)}:
            users[key] = users.get(key, 0) + _replicas(each)
    for (kind, namespace, name), pods in users.items():
        found = scope.objects.get(kind, namespace, name)
        if found is not None and found.raw.get("immutable") is not True and pods >= int(rule.params["pods"]):
            yield rule.found(found, f"{pods} pods use it, and their kubelets watch it for changes", path=("immutable",))


def _replicas(workload: KubeObject) -> int:
    said = spec_of(workload).get("replicas", 1)
    return said if isinstance(said, int) else 1


_STORES = ("berglas://", "vault:", "sm://", "gcp-sm://", "awssm://", "azurekeyvault@")


def _unresolved(rule: SeveralRule, scope: Scope) -> Iterator[Found]:
    """References in variables are put in place by a mutating webhook; without one the program gets the reference."""
    if scope.objects.of("MutatingWebhookConfiguration"):
        return
    for each in workloads(scope):
        for path, item, name in _to_be_resolved(each):
            message = f"{name} is a reference that no webhook of the cluster resolves"
            yield rule.found(each, message, path=path, item=item)


def _to_be_resolved(workload: KubeObject) -> Iterator[tuple[Path, str, str]]:
    for path, item, container in containers(workload):
        for index, variable in enumerate(mappings(container.get("env"))):
            if text(variable.get("value")).startswith(_STORES) and not _resolves_itself(container):
                yield (*path, "env", index, "value"), item, text(variable.get("name"))


def _resolves_itself(container: Mapping[str, Any]) -> bool:
    command = container.get("command")
    return isinstance(command, list) and any(
        isinstance(word, str) and ("berglas" in word or "vault-env" in word) for word in command
    )


_SHOP = {"kind": "ConfigMap", "metadata": {"name": "cart"}, "data": {"level": "info"}}
_KEYS = {"kind": "Secret", "metadata": {"name": "cart"}, "data": {"password": "aHVudGVyMg=="}}


def _env(source: str, name: str = "cart", key: str = "level", **more: Any) -> dict[str, Any]:
    return {"container": {"env": [{"name": "LEVEL", "valueFrom": {source: {"name": name, "key": key, **more}}}]}}


def _from(source: str, name: str, **more: Any) -> dict[str, Any]:
    return {"container": {"envFrom": [{source: {"name": name, **more}}]}}


_PULLS = {"pod": {"imagePullSecrets": [{"name": "cart"}]}}
_WITH_ACCOUNT = {"pod": {"serviceAccountName": "cart"}}
_ACCOUNT = {"kind": "ServiceAccount", "metadata": {"name": "cart"}}

RULES = (
    SeveralRule(
        id="CFG201",
        title="ConfigMap that is not there",
        severity=Severity.ERROR,
        why="The container is not started (CreateContainerConfigError), or its volume is waited for without end.",
        fix="Add the ConfigMap, correct the name, or set `optional` where the program can do without.",
        source=_CONFIGMAP,
        like=("kube-linter:env-value-from", "popeye:407", "redhat-cop:RHCOP-OCP_REQ_INV-00002"),
        about=("ConfigMap",),
        check=_config_missing,
        good=(
            (_SHOP, _env("configMapKeyRef")),
            (_SHOP, _from("configMapRef", "carts", optional=True)),
            (_env("configMapKeyRef"),),
            (_SHOP, {"volume": {"configMap": {"name": "kube-root-ca.crt"}}}),
            (_SHOP, {"volume": {"projected": {"sources": [{"configMap": {"name": "cart"}}]}}}),
        ),
        bad=(
            (_SHOP, _env("configMapKeyRef", "carts")),
            (_SHOP, _from("configMapRef", "carts")),
            (_SHOP, {"volume": {"configMap": {"name": "carts"}}}),
            (_SHOP, {"volume": {"projected": {"sources": [{"configMap": {"name": "carts"}}]}}}),
            (
                _SHOP,
                {**_from("configMapRef", "cart"), "metadata": {"namespace": "tools"}},
                {**_SHOP, "metadata": {"name": "other", "namespace": "tools"}},
            ),
        ),
    ),
    SeveralRule(
        id="CFG202",
        title="Secret that is not there",
        severity=Severity.ERROR,
        needs=(WHOLE,),
        why="The container is not started (CreateContainerConfigError), or its volume is waited for without end.",
        fix="Add the Secret or what makes it, correct the name, or set `optional` where the program can do without.",
        source=_SECRET,
        like=("kube-linter:env-value-from", "popeye:407", "redhat-cop:RHCOP-OCP_REQ_INV-00002"),
        check=_secret_missing,
        good=(
            (_KEYS, _env("secretKeyRef", key="password")),
            (_from("secretRef", "carts", optional=True),),
            ({"volume": {"secret": {"secretName": "tls"}}}, {"kind": "Certificate", "spec": {"secretName": "tls"}}),
            (
                _from("secretRef", "cart"),
                {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "cart"}},
            ),
            (
                _from("secretRef", "cart"),
                {
                    "apiVersion": "external-secrets.io/v1",
                    "kind": "ExternalSecret",
                    "spec": {"target": {"name": "cart"}},
                },
            ),
        ),
        bad=(
            (_KEYS, _env("secretKeyRef", "carts")),
            ({"volume": {"secret": {"secretName": "tls"}}},),
            ({"volume": {"projected": {"sources": [{"secret": {"name": "tls"}}]}}},),
        ),
    ),
    SeveralRule(
        id="CFG203",
        title="Key that is not there",
        severity=Severity.ERROR,
        why="The container is not started (CreateContainerConfigError), or its volume is waited for without end.",
        fix="Add the key, correct its name, or set `optional` where the program can do without.",
        source=_CONFIGMAP,
        like=("kube-linter:env-value-from", "popeye:407"),
        about=("ConfigMap", "Secret"),
        check=_key_missing,
        good=(
            (_SHOP, _env("configMapKeyRef")),
            (_KEYS, _env("secretKeyRef", key="password")),
            ({**_KEYS, "data": None, "stringData": {"password": "hunter2"}}, _env("secretKeyRef", key="password")),
            (_SHOP, _env("configMapKeyRef", key="levels", optional=True)),
            ({**_KEYS, "data": {}}, _env("secretKeyRef", key="password")),
            ({**_SHOP, "data": None, "binaryData": {"level": "aW5mbw=="}}, _env("configMapKeyRef")),
        ),
        bad=(
            (_SHOP, _env("configMapKeyRef", key="levels")),
            (_KEYS, _env("secretKeyRef", key="passwort")),
            (_SHOP, {"volume": {"configMap": {"name": "cart", "items": [{"key": "levels", "path": "level"}]}}}),
            (_SHOP, {"kind": "CronJob", **_env("configMapKeyRef", key="levels")}),
        ),
    ),
    SeveralRule(
        id="CFG204",
        title="Service account that is not there",
        severity=Severity.ERROR,
        why="The API server refuses every pod of the workload, so nothing runs.",
        fix="Add the service account, or correct the name.",
        source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
        like=(
            *("kube-linter:non-existent-service-account", "popeye:307", "kubescape:C-0307"),
            *("redhat-cop:RHCOP-OCP_REQ_INV-00004", "kyverno-policies:check-serviceaccount"),
        ),
        check=_account_missing,
        good=(
            (_ACCOUNT, _WITH_ACCOUNT),
            (_ACCOUNT, {"pod": {"serviceAccountName": "default"}}),
            (_WITH_ACCOUNT,),
        ),
        bad=(
            (_ACCOUNT, {"pod": {"serviceAccountName": "carts"}}),
            (_ACCOUNT, {"pod": {"serviceAccount": "carts"}}),
            (_WITH_ACCOUNT, {"kind": "RoleBinding", "subjects": [{"kind": "ServiceAccount", "name": "cart"}]}),
        ),
    ),
    SeveralRule(
        id="CFG205",
        title="Pull secret of the wrong type",
        severity=Severity.ERROR,
        why="The kubelet passes over it and pulls without credentials, so the pod ends in ImagePullBackOff.",
        fix="Make it with `kubectl create secret docker-registry`, of type `kubernetes.io/dockerconfigjson`.",
        source="https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
        like=("popeye:305",),
        about=("Secret",),
        check=_pull_secret_wrong,
        good=((_PULLS, {**_KEYS, "type": "kubernetes.io/dockerconfigjson"}), (_PULLS,)),
        bad=((_PULLS, _KEYS), (_PULLS, {**_KEYS, "type": "Opaque"})),
    ),
    SeveralRule(
        id="CFG206",
        title="Pull secret that is not there",
        severity=Severity.WARNING,
        needs=(WHOLE,),
        why="The kubelet pulls without credentials: a private image ends in ImagePullBackOff on the first new node.",
        fix="Add the Secret or what makes it, or remove the reference.",
        source="https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
        like=("popeye:305", "k8sgpt:daemonset analyzer"),
        check=_pull_secret_missing,
        good=((_PULLS, {**_KEYS, "type": "kubernetes.io/dockerconfigjson"}), ({"container": {}},)),
        bad=((_PULLS,), (_PULLS, {**_KEYS, "metadata": {"name": "carts"}})),
    ),
    SeveralRule(
        id="CFG207",
        title="Configuration that many pods watch",
        severity=Severity.ADVICE,
        why="Every kubelet that runs one of them watches it; with thousands of pods the API server feels it.",
        fix="Set `immutable` to true and give each version a name of its own.",
        source=f"{_CONFIGMAP}#configmap-immutable",
        about=("ConfigMap", "Secret"),
        # From about here the watches of one object are felt by the API server; no guide gives a number.
        params={"pods": 500},
        check=_widely_watched,
        good=(
            (_SHOP, _env("configMapKeyRef")),
            ({**_SHOP, "immutable": True}, {**_env("configMapKeyRef"), "spec": {"replicas": 900}}),
        ),
        bad=((_SHOP, {**_env("configMapKeyRef"), "spec": {"replicas": 900}}),),
    ),
    SeveralRule(
        id="CFG208",
        title="Reference to a secret store that nothing resolves",
        severity=Severity.ERROR,
        needs=(WHOLE,),
        why="The program gets the reference instead of the secret, and tries it as a password.",
        fix="Install the webhook that puts secrets in place, or use an ExternalSecret or a secret store volume.",
        source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
        check=_unresolved,
        good=(
            (
                {"container": {"env": [{"name": "PASSWORD", "value": "berglas://shop/password"}]}},
                {"kind": "MutatingWebhookConfiguration", "metadata": {"name": "berglas"}},
            ),
            (
                {
                    "container": {
                        "command": ["/bin/berglas", "exec", "--", "/cart"],
                        "env": [{"name": "PASSWORD", "value": "sm://shop/password"}],
                    }
                },
            ),
            ({"container": {"env": [{"name": "MODE", "value": "vault"}]}},),
        ),
        bad=(
            ({"container": {"env": [{"name": "PASSWORD", "value": "berglas://shop/password"}]}},),
            ({"init-container": {"env": [{"name": "PASSWORD", "value": "vault:secret/data/shop#password"}]}},),
        ),
    ),
)
