"""The only Kubernetes client: it reads what decisions need, page by page, and says what went wrong in our words."""

from fairlead.kube.client import KubeClient
from fairlead.kube.kubeconfig import access_from

__all__ = ["KubeClient", "access_from"]
