"""One authenticated, verified HTTPS connection to an API server; what it answers is bytes or an error of ours."""

import ssl
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import httpx

from fairlead.kube.errors import KubeUnavailableError, refusal
from fairlead.kube.trust import trust
from fairlead.model.access import ClientCertificate, ClientCertificateText, KubeAccess, TokenSource

# A page of 1,000 pods of a busy API server takes seconds; one that says nothing for longer is away.
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
# Where Go's clients use no proxy of the environment either.
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


class _Bearer(httpx.Auth):
    """A token for each request; when it is refused, another one is asked for once."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._tokens.token()
        request.headers["authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["authorization"] = f"Bearer {await self._tokens.token(rejected=token)}"
            yield request


class Connection:
    """
    Speaks to one API server. TLS is always verified; redirects are not followed.

    Raises KubeUnavailableError (try again) and KubeRefusedError (do not).
    """

    def __init__(self, name: str, access: KubeAccess, timeout: httpx.Timeout = _TIMEOUT) -> None:
        self._name = name
        self._client = httpx.AsyncClient(
            base_url=access.server,
            verify=trust(name, access),
            auth=_auth(access),
            timeout=timeout,
            headers={"user-agent": "fairlead"},
            follow_redirects=False,
            trust_env=httpx.URL(access.server).host not in _THIS_MACHINE,
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
        if self._client.is_closed:
            # Somebody who looked at the same time found the server silent and gave the connection up for a new one.
            raise KubeUnavailableError("the connection to the API server was given up", place=self._name)
        try:
            response = await self._client.get(path, params=query, headers={"accept": accept})
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise self._unreachable(error) from error
        if response.status_code == httpx.codes.OK:
            return response.content
        raise refusal(self._name, path, response.status_code, response.content)

    def _unreachable(self, error: Exception) -> KubeUnavailableError:
        untrusted = _certificate_error(error)
        if untrusted is not None:
            return KubeUnavailableError(
                f"the API server's certificate is not trusted: {untrusted}",
                place=self._name,
                hint="was the cluster re-created under the same address, or is something between us and it?",
            )
        return KubeUnavailableError(
            f"the API server did not answer: {_words(error)}",
            place=self._name,
            hint="is the cluster up, and may this machine reach it?",
        )


def _auth(access: KubeAccess) -> httpx.Auth | None:
    if access.credentials is None or isinstance(access.credentials, ClientCertificate | ClientCertificateText):
        return None
    return _Bearer(access.credentials)


def _words(error: Exception) -> str:
    match error:
        case httpx.TimeoutException():
            return "not in time"
        case httpx.ConnectError():
            return str(error) or "the connection was closed while it was being opened"
    return str(error) or "the connection broke off"


def _certificate_error(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None
