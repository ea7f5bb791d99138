"""Credentials by google-auth: Application Default Credentials or a file, and tokens for API servers made from them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google.auth
import msgspec
from google.auth import aws, identity_pool, impersonated_credentials, pluggable
from google.auth.credentials import Credentials
from google.auth.transport.requests import Request
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from fairlead.clouds.gke.errors import LOGIN_HINT, in_our_words
from fairlead.clouds.port import CloudDeniedError

SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email")


class GoogleTokens:
    """
    Hands out access tokens, refreshed when google-auth calls them stale: 3 minutes 45 seconds before they expire.

    The refresh blocks, so it runs in a thread; callers that come meanwhile wait for it.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._refreshing = asyncio.Lock()

    async def token(self, *, rejected: str | None = None) -> str:
        async with self._refreshing:
            if not self._credentials.valid or self._credentials.token == rejected:
                with in_our_words("get an access token"):
                    await asyncio.to_thread(self._credentials.refresh, Request())
        return str(self._credentials.token)


def load_credentials(file: str | None) -> Credentials:
    """Those of `file`, else Application Default Credentials. Blocks; CloudDeniedError where there are none."""
    with in_our_words("find credentials for Google Cloud"):
        if file is None:
            found, _ = google.auth.default(scopes=SCOPES)
            return found
        return _from_file(Path(file).expanduser())


def _from_file(path: Path) -> Credentials:
    try:
        info = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise CloudDeniedError(f"credentials cannot be read: {error}", place=str(path), hint=LOGIN_HINT) from error
    loader = _loader(info)
    if loader is None:
        raise CloudDeniedError(
            f"`{info.get('type', '')}` is not a type of credentials we know", place=str(path), hint=LOGIN_HINT
        )
    try:
        return loader(info, scopes=SCOPES)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        # google-auth expects the fields of a well-made file, and stumbles where one is missing or of another kind.
        raise CloudDeniedError(f"these are no credentials: {error}", place=str(path), hint=LOGIN_HINT) from error


# One loader a type, as google-auth advises: its generic loader would accept what nobody asked for.
_LOADERS: dict[str, Callable[..., Credentials]] = {
    "service_account": service_account.Credentials.from_service_account_info,
    "authorized_user": user_credentials.Credentials.from_authorized_user_info,
    "impersonated_service_account": impersonated_credentials.Credentials.from_impersonated_service_account_info,
    "external_account": identity_pool.Credentials.from_info,
}


def _loader(info: dict[str, Any]) -> Callable[..., Credentials] | None:
    if info.get("subject_token_type") == "urn:ietf:params:aws:token-type:aws4_request":
        return aws.Credentials.from_info
    if "executable" in (info.get("credential_source") or {}):
        return pluggable.Credentials.from_info
    return _LOADERS.get(str(info.get("type", "")))
