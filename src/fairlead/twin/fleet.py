"""Write the fleet file that `fairlead fleet` and `fairlead upgrade` use with a twin."""

from typing import Any

from ruamel.yaml import YAML

from fairlead.fleet.file import Fleet
from fairlead.model import wire
from fairlead.twin.state import ClusterSpec, TwinState

BALANCER = "edge"


def write(state: TwinState) -> None:
    """`fleet.yaml` in the twin's folder, checked against the fleet file's own types."""
    document = _document(state)
    wire.convert(document, Fleet)
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    with state.fleet_file.open("w") as file:
        yaml.dump(document, file)


def _document(state: TwinState) -> dict[str, Any]:
    balancer = {"socket": str(state.balancer_socket), "master": str(state.balancer_master)}
    return {
        "apiVersion": "fairlead.dev/v1",
        "kind": "Fleet",
        "metadata": {"name": state.spec.name},
        "spec": {
            "clusters": [_cluster(state.spec.project, cluster) for cluster in state.spec.clusters],
            "balancers": [{"name": BALANCER, "haproxy": [balancer]}],
            "gke": {
                "credentialsFile": str(state.credentials_file),
                "emulator": f"127.0.0.1:{state.ports['gke']}",
            },
            "upgrade": _upgrade(),
        },
    }


def _cluster(project: str, cluster: ClusterSpec) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "environment": "twin",
        "gke": {"project": project, "location": cluster.location, "cluster": cluster.name},
        "traffic": [{"balancer": BALANCER, "server": cluster.name}],
    }


def _upgrade() -> dict[str, Any]:
    """As in production, only that nobody waits minutes for what takes the twin seconds."""
    return {
        "version": {"channel": "stable"},
        "waves": [{"name": "canary", "count": 1, "soak": "3s"}, {"name": "rest", "concurrency": 2}],
        "surge": {"percent": 50},
        "drain": {"deadline": "30s", "idleFor": "2s"},
        "bake": "2s",
        # A little before the hour after which GKE, here in a minute, forces pods out.
        "stallAfter": "50s",
        "pace": {"controlPlane": "10s", "nodes": "6s", "settings": "1s", "look": "3s"},
        "return": {"hold": "2s", "minRequests": 10, "patience": "10s"},
    }
