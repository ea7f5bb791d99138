"""What it takes to talk to a cluster's API server: its address, its CA and a source of credentials."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class TokenSource(Protocol):
    """
    Hands out a bearer token that is valid now; fetches a new one when the old is about to expire.

    `rejected` is a token that a server has refused: another one is fetched, even if that one seems valid.
    """

    async def token(self, *, rejected: str | None = None) -> str: ...


@dataclass(frozen=True)
class ClientCertificate:
    """A certificate and key, PEM, on disk."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class ClientCertificateText:
    """A certificate and key, PEM, as a kubeconfig carries them."""

    certificate_pem: str = field(repr=False)
    key_pem: str = field(repr=False)


Credentials = TokenSource | ClientCertificate | ClientCertificateText


@dataclass(frozen=True)
class KubeAccess:
    """
    An API server and how to prove who we are.

    `ca_pem` is the CA the server's certificate is checked against; None means the public CAs (GKE's DNS
    endpoint has a public certificate). There is no way to switch the check off.
    """

    server: str
    ca_pem: str | None
    credentials: Credentials | None = field(default=None, repr=False)
