"""Tokens of the twin: exchanged for the subject token, checked by API servers, good over a restart, and short-lived."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from fairlead.clouds.gke.credentials import GoogleTokens, load_credentials
from fairlead.clouds.port import CloudRefusedError
from fairlead.twin.gke.credentials import SUBJECT, subject_token_file
from fairlead.twin.gke.tokens import Tokens
from fakes.gke import GkeWorld, a_spec, gke_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GkeWorld]:
    async with gke_world(tmp_path) as world:
        yield world


async def review(world: GkeWorld, token: str) -> dict[str, object]:
    context = ssl.create_default_context(cafile=str(world.state.pki / "ca.crt"))
    url = f"https://127.0.0.1:{world.state.ports['review']}/review"
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        answer = await client.post(url, json={"kind": "TokenReview", "spec": {"token": token}})
    status: dict[str, object] = answer.json()["status"]
    return status


async def test_google_auths_token_is_one_that_api_servers_accept(world: GkeWorld) -> None:
    credentials = load_credentials(str(world.state.credentials_file))
    token = await GoogleTokens(credentials).token()
    status = await review(world, token)
    assert status == {"authenticated": True, "user": {"username": SUBJECT, "groups": ["system:masters"]}}


async def test_a_token_outlives_the_emulator(world: GkeWorld) -> None:
    token = await GoogleTokens(load_credentials(str(world.state.credentials_file))).token()
    await world.restart()
    assert (await review(world, token))["authenticated"] is True


@pytest.mark.parametrize("token", ["", "nonsense", "ya29.e30.00", "ya29.!!.00"])
async def test_what_we_did_not_issue_is_not_accepted(world: GkeWorld, token: str) -> None:
    assert await review(world, token) == {"authenticated": False}


async def test_an_expired_token_is_not_accepted(tmp_path: Path) -> None:
    old = Tokens(tmp_path, lifetime=-1).issue(SUBJECT)
    assert Tokens(tmp_path, lifetime=60).subject(old) is None


async def test_a_token_is_fetched_anew_before_it_expires(tmp_path: Path) -> None:
    spec = msgspec.structs.replace(a_spec(), token_seconds=60.0)
    async with gke_world(tmp_path, spec) as world:
        tokens = GoogleTokens(load_credentials(str(world.state.credentials_file)))
        # google-auth calls a token stale 3:45 before its end, so these are never kept.
        first, second = await tokens.token(), await tokens.token()
        assert first != second


async def test_a_fresh_token_is_kept(tmp_path: Path) -> None:
    spec = msgspec.structs.replace(a_spec(), token_seconds=600.0)
    async with gke_world(tmp_path, spec) as world:
        tokens = GoogleTokens(load_credentials(str(world.state.credentials_file)))
        assert await tokens.token() == await tokens.token()


async def test_a_wrong_subject_token_is_refused_with_a_hint(world: GkeWorld) -> None:
    subject_token_file(world.state.root).write_text("stolen")
    tokens = GoogleTokens(load_credentials(str(world.state.credentials_file)))
    subject_token_file(world.state.root).unlink()
    with pytest.raises(CloudRefusedError) as refused:
        await tokens.token()
    assert "gcloud auth application-default login" in refused.value.hint


def test_secrets_are_for_our_eyes_only(tmp_path: Path) -> None:
    Tokens(tmp_path, lifetime=1)
    assert (tmp_path / "gke-token.key").stat().st_mode & 0o077 == 0
