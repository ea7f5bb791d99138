"""Who is believed, who we say we are, and what is made of an answer that is none."""

from pathlib import Path

import httpx
import pytest

from fairlead.kube.connection import Connection
from fairlead.kube.errors import KubeRefusedError, KubeUnauthenticatedError, KubeUnavailableError
from fairlead.model.access import ClientCertificate, ClientCertificateText, KubeAccess
from fairlead.twin import pki
from fakes.api_server import ApiServer, api_server


class Tokens:
    """Hands out `old` until it is told that it was rejected."""

    def __init__(self, *values: str) -> None:
        self._values = list(values)

    async def token(self, *, rejected: str | None = None) -> str:
        if rejected == self._values[0] and len(self._values) > 1:
            self._values.pop(0)
        return self._values[0]


async def _get(access: KubeAccess, path: str = "/version") -> bytes:
    async with Connection("tokyo", access) as connection:
        return await connection.get(path)


async def test_a_token_that_was_refused_is_replaced_once(server: ApiServer) -> None:
    server.tokens, server.documents = {"new"}, {"/version": {}}
    assert await _get(server.access(Tokens("old", "new"))) == b"{}"
    assert [each.headers["authorization"] for each in server.asked] == ["Bearer old", "Bearer new"]


async def test_who_is_not_known_is_told_so_after_two_attempts(server: ApiServer) -> None:
    server.tokens = {"another"}
    with pytest.raises(KubeUnauthenticatedError, match="401: Unauthorized") as caught:
        await _get(server.access(Tokens("old", "new")))
    assert "credentials" in caught.value.hint
    assert len(server.asked) == 2


async def test_no_token_is_ever_in_an_error(server: ApiServer) -> None:
    server.tokens = set()
    with pytest.raises(KubeUnauthenticatedError) as caught:
        await _get(server.access(Tokens("very-secret")))
    assert "very-secret" not in f"{caught.value}{caught.value.hint}{server.access(Tokens('very-secret'))!r}"


async def test_a_certificate_of_another_ca_is_not_believed(server: ApiServer, tmp_path: Path) -> None:
    pki.write(tmp_path / "other")
    with pytest.raises(KubeUnavailableError, match="certificate is not trusted"):
        await _get(server.access(Tokens("secret"), ca=(tmp_path / "other/ca.crt").read_text()))
    assert server.asked == []


async def test_without_a_ca_only_public_ones_are_believed(server: ApiServer) -> None:
    with pytest.raises(KubeUnavailableError, match="certificate is not trusted"):
        await _get(KubeAccess(server.address, None, Tokens("secret")))
    assert server.asked == []


async def test_nothing_is_sent_without_tls(server: ApiServer) -> None:
    with pytest.raises(KubeRefusedError, match="not HTTPS"):
        await _get(KubeAccess(server.address.replace("https", "http"), None))


async def test_a_ca_that_is_none_is_an_error_of_ours(server: ApiServer) -> None:
    with pytest.raises(KubeRefusedError, match="CA certificate cannot be read"):
        await _get(server.access(ca="-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"))


@pytest.mark.parametrize("form", ["files", "text"])
async def test_a_client_certificate_is_shown(certificates: Path, form: str) -> None:
    async with api_server(certificates, client_certificates=True) as server:
        server.documents = {"/version": {}}
        certificate, key = certificates / "admin.crt", certificates / "admin.key"
        shown = (
            ClientCertificate(certificate, key)
            if form == "files"
            else ClientCertificateText(certificate.read_text(), key.read_text())
        )
        assert await _get(server.access(shown)) == b"{}"
        with pytest.raises(KubeUnavailableError):
            await _get(server.access())


async def test_a_key_from_a_kubeconfig_does_not_stay_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ApiServer
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    admin = ClientCertificateText((server.folder / "admin.crt").read_text(), (server.folder / "admin.key").read_text())
    await Connection("tokyo", server.access(admin)).close()
    assert list(scratch.rglob("*")) == []


async def test_a_key_that_is_none_is_an_error_of_ours(server: ApiServer) -> None:
    with pytest.raises(KubeRefusedError, match="client certificate cannot be used"):
        await _get(server.access(ClientCertificateText("no", "key")))


async def test_a_redirect_is_not_followed(server: ApiServer) -> None:
    server.answers["/version"] = [(302, {})]
    with pytest.raises(KubeRefusedError, match="302") as caught:
        await _get(server.access())
    assert "something else answers" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, KubeRefusedError), (404, KubeRefusedError), (422, KubeRefusedError)]
    + [(status, KubeUnavailableError) for status in (429, 500, 502, 503, 504)],
)
async def test_an_error_says_whether_asking_again_helps(server: ApiServer, status: int, error: type) -> None:
    server.answers["/version"] = [(status, {"message": "for this reason"})]
    with pytest.raises(error, match=rf"tokyo: GET /version was answered {status}: for this reason"):
        await _get(server.access())


async def test_what_something_in_front_says_is_cut_short(server: ApiServer) -> None:
    server.answers["/version"] = [(502, b"<html>" + b"x" * 5000)]
    with pytest.raises(KubeUnavailableError) as caught:
        await _get(server.access())
    assert len(str(caught.value)) < 300


async def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(KubeUnavailableError, match="did not answer") as caught:
        await _get(KubeAccess("https://127.0.0.1:1", None))
    assert caught.value.hint


async def test_a_server_that_says_nothing_is_unavailable_in_time(server: ApiServer) -> None:
    async with Connection("tokyo", server.access(), httpx.Timeout(0.000001)) as connection:
        with pytest.raises(KubeUnavailableError, match="not in time"):
            await connection.get("/version")


async def test_a_connection_that_was_given_up_is_unavailable(server: ApiServer) -> None:
    connection = Connection("tokyo", server.access())
    await connection.close()
    with pytest.raises(KubeUnavailableError, match="given up"):
        await connection.get("/version")


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    server.documents = {"/version": {}}
    assert await _get(server.access()) == b"{}"
