"""Short-lived access tokens, signed with a key on disk so that those handed out before a restart stay good."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

import msgspec

_KEY = "gke-token.key"


class _Claims(msgspec.Struct):
    sub: str
    exp: float


class Tokens:
    """`lifetime` in seconds."""

    def __init__(self, folder: Path, lifetime: float) -> None:
        self._key = _key(folder / _KEY)
        self.lifetime = lifetime

    def issue(self, subject: str) -> str:
        claims = base64.urlsafe_b64encode(msgspec.json.encode(_Claims(subject, time.time() + self.lifetime)))
        return f"ya29.{claims.decode()}.{self._signature(claims)}"

    def subject(self, token: str) -> str | None:
        """Whose token it is; None where it is not ours or has expired."""
        prefix, _, rest = token.partition(".")
        claims, _, signature = rest.partition(".")
        if prefix != "ya29" or not hmac.compare_digest(signature, self._signature(claims.encode())):
            return None
        try:
            read = msgspec.json.decode(base64.urlsafe_b64decode(claims), type=_Claims)
        except (binascii.Error, msgspec.DecodeError):
            return None
        return read.sub if read.exp > time.time() else None

    def _signature(self, claims: bytes) -> str:
        return hmac.new(self._key, claims, hashlib.sha256).hexdigest()


def _key(path: Path) -> bytes:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    return path.read_bytes()
