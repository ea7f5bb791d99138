"""Which cluster is meant: a context of the kubeconfigs there are, or the cluster we run in."""

import os
from pathlib import Path

from fairlead.kube import kubeconfig
from fairlead.model.access import KubeAccess
from fairlead.model.cluster import KubeconfigPlace
from fairlead.model.errors import UsageError

# What every pod is given to reach its API server.
# https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def find(context: str = "", file: Path | None = None) -> KubeconfigPlace | None:
    """
    The context of that name, or the current one: in `file`, else in the first of KUBECONFIG or `~/.kube/config` that
    has it. None where no file was named and there is none. UsageError where none has the context.
    """
    named = [file] if file else [Path(each) for each in os.environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    files = [each.expanduser() for each in named or [Path("~/.kube/config")]]
    there = {each: kubeconfig.read(each) for each in files if file or each.exists()}
    if not there:
        return None
    current = next((config.current_context for config in there.values() if config.current_context), "")
    known: list[str] = []
    for path, config in there.items():
        names = [each.name for each in config.contexts or ()]
        if (context or current) in names:
            return KubeconfigPlace(str(path), context or current)
        known += names
    raise UsageError(
        f"there is no context `{context or current}`" if context or current else "there is no current context",
        place=", ".join(map(str, there)),
        hint=f"contexts are {', '.join(f'`{name}`' for name in known)}" if known else "",
    )


def own_cluster() -> KubeAccess | None:
    """The one this process runs in as a pod; None outside of any."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (_POD / "token").exists():
        return None
    named = f"[{host}]" if ":" in host else host
    authority = (_POD / "ca.crt").read_text()
    return KubeAccess(f"https://{named}:{port}", authority, kubeconfig.TokenFile(_POD / "token"))
