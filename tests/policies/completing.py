"""Fills examples with what the API server asks for: they say no more than their rule looks at."""

from collections.abc import Mapping
from typing import Any

_POD = {"containers": [{"name": "example", "image": "registry.example/shop/example:1.0.0"}]}
_LABELS = {"app": "example"}
_TEMPLATE = {"metadata": {"labels": _LABELS}, "spec": _POD}
_ENDING = {"metadata": {"labels": _LABELS}, "spec": {**_POD, "restartPolicy": "Never"}}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_SERVICE = {"service": {"name": "example", "port": {"number": 80}}}
_WEBHOOK = {
    "name": "check.shop.example",
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "clientConfig": {"service": {"name": "example", "namespace": "shop"}},
    "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}],
}
# A list's one element is what each of the example's elements is filled from.
_WHOLE: Mapping[str, Mapping[str, Any]] = {
    "Service": {"spec": {"ports": [{"port": 80}]}},
    "ValidatingWebhookConfiguration": {"webhooks": [_WEBHOOK]},
    "MutatingWebhookConfiguration": {"webhooks": [_WEBHOOK]},
    "HorizontalPodAutoscaler": {
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "example"},
            "maxReplicas": 3,
        }
    },
    "Deployment": {"spec": {"selector": {"matchLabels": _LABELS}, "template": _TEMPLATE}},
    "DaemonSet": {"spec": {"selector": {"matchLabels": _LABELS}, "template": _TEMPLATE}},
    "StatefulSet": {
        "spec": {
            "selector": {"matchLabels": _LABELS},
            "serviceName": "example",
            "template": _TEMPLATE,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": _CLAIM}],
        }
    },
    "Job": {"spec": {"template": _ENDING}},
    "CronJob": {"spec": {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": _ENDING}}}},
    "PersistentVolumeClaim": {"spec": _CLAIM},
    "PersistentVolume": {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}},
    "StorageClass": {"provisioner": "csi.shop.example"},
    "VolumeAttachment": {
        "spec": {"attacher": "csi.shop.example", "nodeName": "node-1", "source": {"persistentVolumeName": "example"}}
    },
    "Ingress": {
        "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": _SERVICE}]}}]},
    },
    "RoleBinding": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "example"}},
    "ClusterRoleBinding": {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "example"}
    },
    "APIService": {
        "metadata": {"name": "v1.shop.example"},
        "spec": {"group": "shop.example", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10},
    },
    "CustomResourceDefinition": {
        "spec": {
            "group": "shop.example",
            "scope": "Namespaced",
            "names": {"plural": "carts", "singular": "cart", "kind": "Cart", "listKind": "CartList"},
            "conversion": {"strategy": "None"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        }
    },
}
_CONVERSION = {
    "clientConfig": {"service": {"name": "example", "namespace": "shop"}},
    "conversionReviewVersions": ["v1"],
}
_SOURCES = ("csi", "hostPath", "nfs", "local", "gcePersistentDisk", "awsElasticBlockStore", "iscsi", "fc", "glusterfs")


def completed(whole: Mapping[str, Any]) -> dict[str, Any]:
    filled: dict[str, Any] = _filled(_WHOLE.get(whole["kind"], {}), whole)
    spec = filled.get("spec")
    if not isinstance(spec, dict):
        return filled
    if filled["kind"] == "CustomResourceDefinition":
        _name_definition(filled, spec)
    if filled["kind"] == "APIService":
        filled["metadata"]["name"] = f"{spec['version']}.{spec['group']}"
    if filled["kind"] == "PersistentVolume":
        if not any(source in spec for source in _SOURCES):
            spec["hostPath"] = {"path": "/data"}
        if "csi" in spec:
            spec["csi"].setdefault("volumeHandle", "example")
    return filled


def _name_definition(whole: dict[str, Any], spec: dict[str, Any]) -> None:
    whole["metadata"]["name"] = f"{spec['names']['plural']}.{spec['group']}"
    for number, version in enumerate(spec["versions"]):
        version["storage"] = number == 0
    if spec["conversion"].get("strategy") == "Webhook":
        spec["conversion"]["webhook"] = _filled(_CONVERSION, spec["conversion"].get("webhook") or {})


def _filled(base: Any, given: Any) -> Any:
    """`given`, and what only `base` has."""
    if isinstance(base, Mapping) and isinstance(given, Mapping):
        return {**base, **{key: _filled(base[key], each) if key in base else each for key, each in given.items()}}
    if isinstance(base, list) and isinstance(given, list) and base and isinstance(base[0], Mapping):
        return [_filled(base[0], each) for each in given]
    return given
