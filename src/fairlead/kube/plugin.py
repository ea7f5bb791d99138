"""Tokens from a credential plugin, as `gke-gcloud-auth-plugin`, `aws eks get-token` and `kubelogin` are."""

import asyncio
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from fairlead.kube.errors import KubeRefusedError, KubeUnauthenticatedError
from fairlead.model.errors import UsageError

# https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
# A plugin asks somebody's identity service; a person is not asked anything.
_PATIENCE = 60.0
# A token that ends while a list is read would break it off.
_AHEAD = timedelta(minutes=1)


class Variable(msgspec.Struct, frozen=True):
    name: str
    value: str


class Plugin(msgspec.Struct, frozen=True, rename="camel"):
    """A user's `exec` in a kubeconfig."""

    command: str
    api_version: str = ""
    args: list[str] | None = None
    env: list[Variable] | None = None
    install_hint: str = ""
    interactive_mode: str = ""
    provide_cluster_info: bool = False


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    token: str = ""
    expiration_timestamp: datetime | None = None


class _Credential(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    status: _Status = _Status()


class PluginTokens:
    """
    Runs the plugin when there is no token, or the one there is has been refused or is about to end.

    KubeRefusedError where it cannot be run or says something else, KubeUnauthenticatedError where it fails.
    """

    def __init__(self, plugin: Plugin, folder: Path, cluster: Mapping[str, str]) -> None:
        if plugin.api_version not in _VERSIONS:
            known = " and ".join(f"`{each}`" for each in _VERSIONS)
            raise UsageError(f"credentials by `exec` of `{plugin.api_version}` are not supported", hint=f"{known} are")
        if plugin.interactive_mode == "Always":
            raise UsageError(f"`{plugin.command}` wants to ask somebody for each token (`interactiveMode: Always`)")
        self._plugin = plugin
        # A command with a slash is one beside the kubeconfig, as for kubectl.
        self._command = str(folder / plugin.command) if "/" in plugin.command else plugin.command
        self._cluster = dict(cluster) if plugin.provide_cluster_info else {}
        self._running = asyncio.Lock()
        self._held = _Status()

    async def token(self, *, rejected: str | None = None) -> str:
        async with self._running:
            if not self._held.token or self._held.token == rejected or self._ends():
                self._held = await self._asked()
        return self._held.token

    def _ends(self) -> bool:
        end = self._held.expiration_timestamp
        return end is not None and end < datetime.now(UTC) + _AHEAD

    async def _asked(self) -> _Status:
        said = await self._said()
        try:
            found = msgspec.json.decode(said, type=_Credential)
        except msgspec.MsgspecError as error:
            raise KubeRefusedError(f"it printed no ExecCredential: {error}", place=self._plugin.command) from error
        if not found.status.token:
            raise KubeRefusedError(
                "it gave no token; certificates from a plugin are not supported", place=self._command
            )
        return found.status

    async def _said(self) -> bytes:
        try:
            child = await asyncio.create_subprocess_exec(
                self._command,
                *(self._plugin.args or ()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._surroundings(),
            )
        except OSError as error:
            hint = self._plugin.install_hint or "the kubeconfig names it; install it, or write its full path there"
            raise KubeRefusedError(f"cannot be run: {error.strerror}", place=self._command, hint=hint) from error
        try:
            async with asyncio.timeout(_PATIENCE):
                said, complaint = await child.communicate()
        except TimeoutError as error:
            raise KubeUnauthenticatedError(f"gave no token in {_PATIENCE:.0f} s", place=self._command) from error
        finally:
            if child.returncode is None:
                child.kill()
        if child.returncode:
            words = complaint.decode(errors="replace").strip() or f"it ended with {child.returncode}"
            raise KubeUnauthenticatedError(f"gave no token: {words}", place=self._command)
        return said

    def _surroundings(self) -> dict[str, str]:
        spec: dict[str, object] = {"interactive": False}
        if self._cluster:
            spec["cluster"] = self._cluster
        info = {"kind": "ExecCredential", "apiVersion": self._plugin.api_version, "spec": spec}
        own = {each.name: each.value for each in self._plugin.env or ()}
        return {**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)}
