"""One HTTPS link to an API server: who we are, one answer at a time, and errors in our words."""

import ipaddress
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import msgspec

from fairlead.kube.port import KubeCertificateError, KubeRefusedError, KubeUnavailableError
from fairlead.kube.tls import context_of
from fairlead.model.access import KubeAccess, StaticToken
from fairlead.model.errors import FairleadError

_HINTS = {
    401: "the credentials are not known to this API server: have they expired, or are they another cluster's?",
    403: "reading needs the cluster role `view` and, for nodes and webhooks, `get` and `list` on them",
}
# A list of 1,000 pods is some 3 MB; more than this is not an answer to one of our questions.
_LONGEST_MESSAGE = 300


class ExpiredError(Exception):
    """A list has changed too much to go on reading it where we stopped (410 Gone)."""


class _Status(msgspec.Struct):
    message: str = ""


class KubeLink:
    """
    `within`: seconds each answer may take. A proxy of the environment is used as kubectl does, never for this machine.

    Only ever reads, so that a request that found a connection just closed can be sent again.
    """

    def __init__(self, access: KubeAccess, within: float) -> None:
        tokens = access.credentials
        self._server = access.server
        self._tokens = tokens if hasattr(tokens, "token") else None
        self._renewable = not isinstance(tokens, StaticToken)
        self._http = httpx.AsyncClient(
            base_url=access.server,
            verify=context_of(access),
            timeout=within,
            trust_env=not _is_this_machine(access.server),
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def read(self, path: str, *, fine: tuple[int, ...] = (), **parameters: str) -> httpx.Response:
        """GET; anything but 2xx and the `fine` raises KubeUnavailableError, KubeRefusedError or ExpiredError."""
        return await self._read(path, "application/json", fine, parameters)

    async def read_as(self, accept: str, path: str, *, fine: tuple[int, ...] = ()) -> httpx.Response:
        """GET in another form than plain JSON."""
        return await self._read(path, accept, fine, {})

    async def _read(self, path: str, accept: str, fine: tuple[int, ...], parameters: dict[str, str]) -> httpx.Response:
        token = await self._token()
        answer = await self._send(path, accept, token, parameters)
        if answer.status_code == httpx.codes.UNAUTHORIZED and token and self._renewable:
            token = await self._token(refused=token)
            answer = await self._send(path, accept, token, parameters)
        if not answer.is_success and answer.status_code not in fine:
            raise self._error_of(path, answer)
        return answer

    async def _token(self, refused: str = "") -> str:
        return await self._tokens.token(refused) if self._tokens is not None else ""

    async def _send(self, path: str, accept: str, token: str, parameters: dict[str, str]) -> httpx.Response:
        headers = {"accept": accept} | ({"authorization": f"Bearer {token}"} if token else {})
        request = self._http.build_request("GET", path, params=parameters, headers=headers)
        try:
            try:
                return await self._http.send(request)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                # A kept connection may have ended since it was last used, as when a control plane was replaced.
                return await self._http.send(request)
        except httpx.HTTPError as error:
            raise self._translated(error) from error

    def _translated(self, error: httpx.HTTPError) -> FairleadError:
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return KubeCertificateError(
                    f"the certificate of {self._server} is not one we trust: {cause.verify_message}",
                    hint="is this address still this cluster's, and the CA its present one?",
                )
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "does not answer"
        told = str(error) or type(error).__name__
        return KubeUnavailableError(f"the API server {self._server} {what}: {told}")

    def _error_of(self, path: str, answer: httpx.Response) -> Exception:
        code = answer.status_code
        if code == httpx.codes.GONE:
            return ExpiredError(path)
        text = f"the API server {self._server} answered {path} with {code}: {_message(answer)}"
        if code == httpx.codes.TOO_MANY_REQUESTS or code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return KubeUnavailableError(text)
        return KubeRefusedError(text, hint=_HINTS.get(code, ""))


def _message(answer: httpx.Response) -> str:
    try:
        told = msgspec.json.decode(answer.content, type=_Status).message
    except msgspec.DecodeError:
        told = answer.text
    return told[:_LONGEST_MESSAGE] or answer.reason_phrase


def _causes(error: BaseException) -> Iterator[BaseException]:
    here: BaseException | None = error
    while here is not None:
        yield here
        here = here.__cause__ or here.__context__


def _is_this_machine(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
