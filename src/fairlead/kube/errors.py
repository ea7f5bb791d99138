"""What may go wrong between us and an API server, in our words."""

import msgspec

from fairlead.model.errors import FairleadError, UnreachableError

_TRY_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})


class KubeUnavailableError(UnreachableError):
    """The API server did not answer, not with a certificate we trust, or said that it cannot now. Try again."""


class KubeUnauthenticatedError(KubeUnavailableError):
    """It knows us not. It says so too while its own check of tokens is away, so trying again may help."""


class ListExpiredError(KubeUnavailableError):
    """410 Gone: the server has forgotten the list we were in the middle of. Begin it again."""


class KubeRefusedError(FairleadError):
    """The API server will not let us, or has no such thing. Asking again does not help."""


class _Status(msgspec.Struct):
    """The part of Kubernetes' `Status` that is for people."""

    message: str = ""


def refusal(name: str, path: str, code: int, body: bytes) -> KubeUnavailableError | KubeRefusedError:
    """What an answer other than 200 means."""
    words = f"GET {path} was answered {code}: {_said(body)}".strip(": ")
    match code:
        case 401:
            hint = "our credentials are not known there: are they still valid, and of the right project or kubeconfig?"
            return KubeUnauthenticatedError(words, place=name, hint=hint)
        case 403:
            hint = "let Fairlead's identity read: GKE's `roles/container.viewer`, or the ClusterRole `view` and nodes"
            return KubeRefusedError(words, place=name, hint=hint)
        case 410:
            return ListExpiredError(words, place=name)
        case 301 | 302 | 303 | 307 | 308:
            hint = "an API server does not redirect: something else answers at this address"
            return KubeRefusedError(words, place=name, hint=hint)
    kind = KubeUnavailableError if code in _TRY_AGAIN else KubeRefusedError
    return kind(words, place=name)


def _said(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Status).message
    except msgspec.MsgspecError:
        return body[:200].decode(errors="replace")
