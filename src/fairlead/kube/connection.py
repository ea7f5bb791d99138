"""One authenticated, verified HTTPS connection to an API server; what it answers is bytes or an error of ours."""

import ssl
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import httpx
import msgspec

from fairlead.kube.errors import KubeRefusedError, KubeUnavailableError
from fairlead.model.access import ClientCertificate, KubeAccess, TokenSource

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_TRY_AGAIN = {408, 409, 410, 429, 500, 502, 503, 504}


class _Status(msgspec.Struct):
    message: str = ""


class _Bearer(httpx.Auth):
    """A token for each request; when it is refused, a fresh one is asked for once."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers["authorization"] = f"Bearer {await self._tokens.token()}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["authorization"] = f"Bearer {await self._tokens.token()}"
            yield request


class Connection:
    """
    Speaks to one API server. TLS is always verified; redirects are not followed.

    Raises KubeUnavailableError (try again) and KubeRefusedError (do not).
    """

    def __init__(self, name: str, access: KubeAccess) -> None:
        self._name = name
        self._client = httpx.AsyncClient(
            base_url=access.server,
            verify=_trust(access),
            auth=_auth(access),
            timeout=_TIMEOUT,
            headers={"user-agent": "fairlead"},
            # Proxies of the environment are for the way out; API servers are reached directly.
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, *, accept: str = "application/json", **query: str) -> bytes:
        """The body of a 200."""
        try:
            response = await self._client.get(path, params=query, headers={"accept": accept})
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.status_code == httpx.codes.OK:
            return response.content
        raise self._refusal(path, response)

    def _unreachable(self, error: httpx.HTTPError) -> KubeUnavailableError:
        words = str(error) or type(error).__name__
        hint = "is the cluster up, and may this machine reach it?"
        if "CERTIFICATE_VERIFY_FAILED" in words:
            hint = "its certificate is not of the CA we were given: was the cluster re-created under the same address?"
        return KubeUnavailableError(f"the API server did not answer: {words}", place=self._name, hint=hint)

    def _refusal(self, path: str, response: httpx.Response) -> KubeUnavailableError | KubeRefusedError:
        try:
            said = msgspec.json.decode(response.content, type=_Status).message
        except msgspec.MsgspecError:
            said = response.text[:200]
        words = f"GET {path} was answered {response.status_code}: {said}".strip(": ")
        code = response.status_code
        if code in _TRY_AGAIN:
            return KubeUnavailableError(words, place=self._name)
        hint = ""
        if code == httpx.codes.UNAUTHORIZED:
            hint = "our credentials are not known there: are they of the right project or kubeconfig?"
        if code == httpx.codes.FORBIDDEN:
            hint = "give the identity Fairlead runs as read access (the ClusterRole `view` and nodes)"
        return KubeRefusedError(words, place=self._name, hint=hint)


def _trust(access: KubeAccess) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=access.ca_pem) if access.ca_pem else ssl.create_default_context()
    if isinstance(access.credentials, ClientCertificate):
        context.load_cert_chain(access.credentials.certificate, access.credentials.key)
    return context


def _auth(access: KubeAccess) -> httpx.Auth | None:
    if access.credentials is None or isinstance(access.credentials, ClientCertificate):
        return None
    return _Bearer(access.credentials)
