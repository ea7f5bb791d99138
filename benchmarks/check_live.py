"""
How long `fairlead check --live` takes on a big cluster, reading it included, and how much memory.

`uv run --no-sync python benchmarks/check_live.py [--nodes 1000] [--pods 30000]`. The cluster is a server of ours on
this machine that answers pages made before; it takes a processor of its own beside the check.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes import api_server
from fakes.api_server import Answer, ApiServer, Asked
from fakes.served import SERVED, serve

# What the issue promises.
SECONDS, MEGABYTES = 20.0, 500.0

_PAGE = 500
_CHECK = """
import sys
from fairlead.cli import main
sys.argv = ["fairlead", "check", "--live", "--fail-on", "never", "-o", f"json={sys.argv[1]}"]
try:
    main()
except SystemExit as end:
    print(next(line for line in open("/proc/self/status") if "VmHWM" in line).split()[1], end.code)
"""


class Big(ApiServer):
    """Answers lists from `pages`."""

    pages: dict[str, list[bytes]]

    def answer(self, asked: Asked) -> Answer:
        if asked.path not in self.pages:
            return super().answer(asked)
        if asked.query.get("fieldSelector", "").startswith("type="):
            return 200, b'{"items": []}'
        return 200, self.pages[asked.path][int(asked.query.get("continue", "0"))]


def _meta(name: str, namespace: str, owner: tuple[str, str] = ("", "")) -> dict[str, Any]:
    fields: dict[str, Any] = {f"f:field{number}": {"f:x": {}, "f:y": {}} for number in range(40)}
    entry = {"manager": "kube-controller-manager", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    made = {"name": name, "namespace": namespace, "uid": name, "labels": {"app": name}, "managedFields": [entry]}
    kind, maker = owner
    owners = [{"apiVersion": "apps/v1", "kind": kind, "name": maker, "controller": True}]
    return {**made, "ownerReferences": owners} if kind else made


def _pod() -> dict[str, Any]:
    container = {
        "name": "web",
        "image": "registry.example/shop/web:1.2.3",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "env": [{"name": f"VAR_{number}", "value": "x" * 20} for number in range(15)],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
    }
    return {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}


def _cluster(nodes: int, pods: int) -> dict[str, Iterator[dict[str, Any]]]:
    """Ten pods to a Deployment, and three ReplicaSets; a Service and a ConfigMap beside each."""
    apps = [(f"web{number}", f"team{number % 50}") for number in range(pods // 10)]
    status = {"phase": "Running", "containerStatuses": "x" * 900}
    images = [{"names": ["a" * 100, "b" * 60], "sizeBytes": 1}] * 50
    template = {"template": {"metadata": {}, "spec": _pod()}}
    return {
        "Namespace": ({"metadata": {"name": f"team{number}"}} for number in range(50)),
        "Node": ({"metadata": {"name": f"node{number}"}, "status": {"images": images}} for number in range(nodes)),
        "Deployment": ({"metadata": _meta(name, team), "spec": {"replicas": 10, **template}} for name, team in apps),
        "ReplicaSet": (
            {"metadata": _meta(f"{name}-{number}", team, ("Deployment", name)), "spec": template}
            for name, team in apps
            for number in range(3)
        ),
        "Pod": (
            {
                "metadata": _meta(f"{name}-{number}", team, ("ReplicaSet", name)),
                "spec": _pod(),
                "status": status,
            }
            for name, team in apps
            for number in range(10)
        ),
        "Service": ({"metadata": _meta(name, team), "spec": {"selector": {"app": name}}} for name, team in apps),
        "ConfigMap": ({"metadata": _meta(name, team), "data": {"a": "x" * 1000}} for name, team in apps),
    }


def _pages(items: list[dict[str, Any]]) -> Iterator[bytes]:
    count = max(1, -(-len(items) // _PAGE))
    for number in range(count):
        following = str(number + 1) if number + 1 < count else ""
        part = items[number * _PAGE : (number + 1) * _PAGE]
        yield json.dumps({"metadata": {"continue": following}, "items": part}).encode()


async def _measure(pages: dict[str, list[bytes]], folder: Path) -> None:
    Big.pages = pages
    api_server.ApiServer = Big  # type: ignore[misc]
    async with api_server.api_server(folder) as server:
        serve(server)
        cluster = {"server": server.address, "certificate-authority": str(folder / "ca.crt")}
        config = {
            "current-context": "big",
            "clusters": [{"name": "big", "cluster": cluster}],
            "contexts": [{"name": "big", "context": {"cluster": "big"}}],
        }
        (folder / "config").write_text(json.dumps(config))
        begin = time.perf_counter()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _CHECK, str(folder / "found.json")),
            env={"KUBECONFIG": str(folder / "config"), "HOME": str(Path.home())},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await child.communicate()
        seconds = time.perf_counter() - begin
    memory, code = said.split()
    found = json.loads((folder / "found.json").read_text())
    megabytes = int(memory) / 1024
    print(f"{found['objects']:,} objects, {len(found['outcomes'])} rules, {len(found['findings']):,} findings")
    print(f"{seconds:.1f} s (claim {SECONDS:g})  {megabytes:.0f} MB (claim {MEGABYTES:g})  exit code {code.decode()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=30_000)
    asked = parser.parse_args()
    everything = _cluster(asked.nodes, asked.pods)
    pages = {SERVED[kind]: list(_pages(list(items))) for kind, items in everything.items()}
    print(f"{sum(len(page) for each in pages.values() for page in each) / 1e6:.0f} MB of JSON")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(pages, Path(folder)))


if __name__ == "__main__":
    main()
