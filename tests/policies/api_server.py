"""An etcd and one kube-apiserver of the twin's tools, nothing around them; and the controller that checks types."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from fairlead.twin import kubeconfig, pki, ports, tools
from fairlead.twin.clusters import control_plane, etcd
from fairlead.twin.process import HttpReady, ProcessSpec
from fairlead.twin.state import ClusterPorts, TwinSpec, TwinState

VERSION = tools.KUBERNETES_VERSIONS[-1]
_CLUSTER = "proof"
# They would refuse objects for what is not in this empty cluster.
_OFF = (
    "ServiceAccount,NamespaceLifecycle,Priority,RuntimeClass,StorageObjectInUseProtection,CertificateSubjectRestriction"
)
_PORTS = ("etcd", "etcd-peer", "review", "proof/apiserver-a", "proof/controller-manager")
_TYPES = "validatingadmissionpolicy-status-controller"


class ApiServer:
    """Requests as its admin; answers are plain JSON."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}

    def get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()

    def create(self, whole: Mapping[str, Any], *, by: str = "", **options: str) -> httpx.Response:
        """`by` is another user, who may do everything too."""
        other = {"Impersonate-User": by, "Impersonate-Group": "system:masters"} if by else {}
        params = {"fieldValidation": "Ignore", **options}
        return self._client.post(self.path_of(whole), json=whole, params=params, headers=other)

    def judge(self, whole: Mapping[str, Any], **options: str) -> httpx.Response:
        """What creating it, or replacing the one there is, would give."""
        answer = self.create(whole, dryRun="All", **options)
        if answer.status_code != httpx.codes.CONFLICT:
            return answer
        path = f"{self.path_of(whole)}/{whole['metadata']['name']}"
        return self._client.put(path, json=whole, params={"fieldValidation": "Ignore", "dryRun": "All", **options})

    def replace(self, whole: Mapping[str, Any]) -> None:
        path = f"{self.path_of(whole)}/{whole['metadata']['name']}"
        version = self.get(path)["metadata"]["resourceVersion"]
        metadata = {**whole["metadata"], "resourceVersion": version}
        self._client.put(path, json={**whole, "metadata": metadata}).raise_for_status()

    def serves(self, version: str, kind: str) -> bool:
        if kind not in self._kinds_of(version):
            # What is not served yet may be served soon.
            del self._kinds[version]
        return kind in self._kinds_of(version)

    def path_of(self, whole: Mapping[str, Any]) -> str:
        """KeyError for what the server does not serve."""
        version = str(whole["apiVersion"])
        plural, namespaced = self._kinds_of(version)[whole["kind"]]
        within = f"/namespaces/{whole['metadata'].get('namespace', 'default')}" if namespaced else ""
        return f"{_root(version)}{within}/{plural}"

    def _kinds_of(self, version: str) -> dict[str, tuple[str, bool]]:
        if version not in self._kinds:
            answer = self._client.get(_root(version))
            listed = answer.json().get("resources", []) if answer.is_success else []
            self._kinds[version] = {
                each["kind"]: (each["name"], each["namespaced"]) for each in listed if "/" not in each["name"]
            }
        return self._kinds[version]


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


@contextmanager
def running(folder: Path, *, types: bool = False) -> Iterator[ApiServer]:
    """Up when it answers, gone when left; with `types`, policies get their `status.typeChecking`."""
    chosen = ports.choose(_PORTS, taken=set())
    clusters = {_CLUSTER: ClusterPorts(endpoint=chosen["proof/apiserver-a"], gateway=0)}
    state = TwinState(TwinSpec(_CLUSTER, "proof", ()), str(folder), chosen, clusters)
    pki.write(state.pki)
    kubeconfig.write_review(state)
    kubeconfig.write_admin(state, _CLUSTER)
    server = control_plane.apiserver(state, _CLUSTER, VERSION, "a")
    server_argv = (*server.argv, f"--disable-admission-plugins={_OFF}")
    with ExitStack() as stack:
        client = stack.enter_context(_client(state))
        stack.enter_context(_process(etcd.etcd(state), etcd.etcd(state).argv, folder, client))
        stack.enter_context(_process(server, server_argv, folder, client))
        if types:
            manager = control_plane.controller_manager(state, _CLUSTER, VERSION)
            stack.enter_context(_process(manager, (*manager.argv, f"--controllers={_TYPES}"), folder, client))
        yield ApiServer(client)


def _client(state: TwinState) -> httpx.Client:
    import ssl

    trust = ssl.create_default_context(cafile=str(state.pki / "ca.crt"))
    trust.load_cert_chain(state.pki / "admin.crt", state.pki / "admin.key")
    base = f"https://127.0.0.1:{state.clusters[_CLUSTER].endpoint}"
    return httpx.Client(base_url=base, verify=trust, trust_env=False, timeout=60)


@contextmanager
def _process(spec: ProcessSpec, argv: tuple[str, ...], folder: Path, client: httpx.Client) -> Iterator[None]:
    log = folder / f"{spec.name.replace('/', '-')}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output, env={**os.environ, **spec.env})
    try:
        _until_ready(spec, process, client, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(spec.grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_ready(spec: ProcessSpec, process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    assert isinstance(spec.ready, HttpReady)
    deadline = time.monotonic() + spec.ready_within
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"{spec.name} ended: {log.read_text()[-2000:]}")
        try:
            if client.get(spec.ready.url).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{spec.name} is not ready: {log.read_text()[-2000:]}")
