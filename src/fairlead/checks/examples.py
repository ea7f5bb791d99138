"""Short examples written out: `{container: {…}}` becomes a whole Deployment, `{kind: Service, …}` gets its version."""

from collections.abc import Mapping, Sequence
from typing import Any

_CORE = (
    *("ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume", "Pod", "PodTemplate"),
    *("PersistentVolumeClaim", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount"),
)
_GROUPS: Mapping[str, Sequence[str]] = {
    "v1": _CORE,
    "apps/v1": ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "batch/v1": ("CronJob", "Job"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "autoscaling.k8s.io/v1": ("VerticalPodAutoscaler",),
    "policy/v1": ("PodDisruptionBudget",),
    "networking.k8s.io/v1": ("Ingress", "IngressClass", "NetworkPolicy"),
    "gateway.networking.k8s.io/v1": ("Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute"),
    "rbac.authorization.k8s.io/v1": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    "storage.k8s.io/v1": ("CSIDriver", "StorageClass", "VolumeAttachment"),
    "snapshot.storage.k8s.io/v1": ("VolumeSnapshot", "VolumeSnapshotClass"),
    "scheduling.k8s.io/v1": ("PriorityClass",),
    "node.k8s.io/v1": ("RuntimeClass",),
    "coordination.k8s.io/v1": ("Lease",),
    "discovery.k8s.io/v1": ("EndpointSlice",),
    "apiextensions.k8s.io/v1": ("CustomResourceDefinition",),
    "apiregistration.k8s.io/v1": ("APIService",),
    "admissionregistration.k8s.io/v1": (
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ),
    "certificates.k8s.io/v1": ("CertificateSigningRequest",),
    "flowcontrol.apiserver.k8s.io/v1": ("FlowSchema", "PriorityLevelConfiguration"),
    "resource.k8s.io/v1": ("DeviceClass", "ResourceClaim", "ResourceClaimTemplate"),
    "kubelet.config.k8s.io/v1beta1": ("KubeletConfiguration",),
    "argoproj.io/v1alpha1": ("Application", "ApplicationSet", "AppProject", "Rollout", "Workflow"),
    "cert-manager.io/v1": ("Certificate", "ClusterIssuer", "Issuer"),
    "monitoring.coreos.com/v1": ("PodMonitor", "PrometheusRule", "ServiceMonitor"),
    "keda.sh/v1alpha1": ("ScaledObject",),
    "serving.knative.dev/v1": ("Service",),
    "cilium.io/v2": ("CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"),
}
VERSIONS = {kind: version for version, kinds in reversed(list(_GROUPS.items())) for kind in kinds}
CLUSTER_WIDE = frozenset(
    {
        *("Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding"),
        *("StorageClass", "CSIDriver", "PriorityClass", "RuntimeClass", "IngressClass", "GatewayClass", "DeviceClass"),
        *("CustomResourceDefinition", "APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration"),
        *("CertificateSigningRequest", "VolumeAttachment", "VolumeSnapshotClass", "ClusterIssuer"),
        "CiliumClusterwideNetworkPolicy",
    }
)
_POD_OF: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_TEMPLATE = ("spec", "template")
_SELECTING = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Rollout"}
_LABELS = {"app": "example"}
_CONTAINER = {"name": "example", "image": "registry.example/shop/example:1.0.0"}
_LISTS = {
    "container": "containers",
    "init-container": "initContainers",
    "sidecar": "initContainers",
    "ephemeral-container": "ephemeralContainers",
}
SHORTHANDS = frozenset({*_LISTS, "volume", "pod", "podMeta", "params", "kubernetes"})


def written_out(example: Mapping[str, Any]) -> dict[str, Any]:
    """
    The whole manifest of a short example.

    `container`, `init-container`, `sidecar`, `ephemeral-container` and `volume` are one element of their list, `pod` is
    merged into the pod spec, `podMeta` into the pod's metadata. They make a Deployment where no `kind` is given.
    Everything else stands as it is written. `params` and `kubernetes` are for the rule (see `asked_of`).
    """
    kind = example.get("kind", "Deployment")
    whole: dict[str, Any] = {
        "apiVersion": VERSIONS.get(kind, "v1"),
        "kind": kind,
        "metadata": {"name": "example"} if kind in CLUSTER_WIDE else {"name": "example", "namespace": "shop"},
    }
    own = {key: value for key, value in example.items() if key not in SHORTHANDS}
    if "kind" not in example or SHORTHANDS & set(example) - {"params", "kubernetes"}:
        whole = merged(whole, _with_pod(kind, example))
    return merged(whole, own)


def asked_of(example: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """The rule's parameters that an example changes, and the Kubernetes minor it is for."""
    minor = example.get("kubernetes")
    return dict(example.get("params", {})), int(str(minor).partition(".")[2]) if minor else None


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`more` over `base`: mappings are merged, `null` removes a field, everything else replaces."""
    whole = dict(base)
    for key, value in more.items():
        if value is None:
            whole.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(whole.get(key), Mapping):
            whole[key] = merged(whole[key], value)
        else:
            whole[key] = value
    return whole


def _with_pod(kind: str, example: Mapping[str, Any]) -> dict[str, Any]:
    template = {"metadata": _pod_meta(example), "spec": _pod_spec(kind, example)}
    for step in reversed(_POD_OF.get(kind, _TEMPLATE)):
        template = {step: template}
    if kind in _SELECTING:
        labels = _pod_meta(example).get("labels", {})
        template["spec"] = {"selector": {"matchLabels": labels}, **template["spec"]}
    if kind == "StatefulSet":
        template["spec"] = {"serviceName": "example", **template["spec"]}
    if kind == "CronJob":
        template["spec"] = {"schedule": "0 4 * * *", **template["spec"]}
    return template


def _pod_meta(example: Mapping[str, Any]) -> dict[str, Any]:
    return merged({"labels": _LABELS}, example.get("podMeta") or {})


def _pod_spec(kind: str, example: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [_CONTAINER]}
    if kind in {"Job", "CronJob"}:
        spec["restartPolicy"] = "Never"
    for word, list_name in _LISTS.items():
        if word in example:
            own = {"name": word, "restartPolicy": "Always"} if word == "sidecar" else {"name": word}
            base = _CONTAINER if word == "container" else _CONTAINER | own
            others = [] if word == "container" else spec.get(list_name, [])
            spec[list_name] = [*others, merged(base, example[word] or {})]
    if "volume" in example:
        spec["volumes"] = [merged({"name": "data"}, example["volume"] or {})]
    return merged(spec, example.get("pod") or {})
