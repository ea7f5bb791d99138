"""Kubeconfig files that the twin writes: for its own processes, for people, and for the token webhook."""

from pathlib import Path
from typing import Any

import msgspec

from fairlead.twin.state import TwinState


def write_admin(state: TwinState, cluster: str) -> Path:
    """An admin's kubeconfig by client certificate, through the API front."""
    path = state.kubeconfig(cluster)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    user = {
        "client-certificate": str(state.pki / "admin.crt"),
        "client-key": str(state.pki / "admin.key"),
    }
    server = f"https://127.0.0.1:{state.clusters[cluster].endpoint}"
    return _write(path, _document(cluster, server, state.pki / "ca.crt", user))


def write_review(state: TwinState) -> Path:
    """What an API server needs to ask the GKE emulator whose token it was shown."""
    path = state.root / "kubeconfigs" / "token-review.yaml"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = f"https://127.0.0.1:{state.ports['review']}/review"
    return _write(path, _document("review", server, state.pki / "ca.crt", {}))


def _document(name: str, server: str, authority: Path, user: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def _write(path: Path, document: dict[str, Any]) -> Path:
    # JSON is YAML too, and every reader of kubeconfigs reads YAML.
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    return path
