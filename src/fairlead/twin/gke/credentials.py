"""The twin's credentials for google-auth: who has the subject token may exchange it for an access token."""

import os
import secrets
from pathlib import Path

import msgspec

from fairlead.twin.state import TwinState

# The identity that the exchange gives; API servers see it as the user's name.
SUBJECT = "fairlead@twin.iam.gserviceaccount.com"


def prepare(state: TwinState) -> None:
    """Write the credentials file and the subject token it points to, where they are missing. May be called twice."""
    subject_token = subject_token_file(state.root)
    _write_once(subject_token, secrets.token_urlsafe(32))
    audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/twin/providers/twin"
    credentials = {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"http://127.0.0.1:{state.ports['auth']}/token",
        "credential_source": {"file": str(subject_token)},
    }
    _write_once(state.credentials_file, msgspec.json.encode(credentials).decode())


def subject_token_file(folder: Path) -> Path:
    return folder / "subject-token"


def _write_once(path: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    except FileExistsError:
        return
