"""Google's errors in our words: unavailable (try again), busy (wait, then look again), refused (do not)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.api_core import exceptions as google_errors
from google.auth import exceptions as auth_errors

from fairlead.clouds.port import (
    CloudBusyError,
    CloudDeniedError,
    CloudRefusedError,
    CloudUnavailableError,
    CloudUnknownError,
)
from fairlead.model.errors import FairleadError

LOGIN_HINT = "`gcloud auth application-default login`, or name a file in the fleet's `spec.gke.credentialsFile`"
_OPERATION = re.compile(r"operation-[0-9a-zA-Z-]*[0-9a-zA-Z]")
_ALREADY_RUNNING = "CLUSTER_ALREADY_HAS_OPERATION"
# How GKE has put it over the years; the reason above is not sent by every server.
_BUSY_TEXTS = ("incompatible operation", "is currently upgrading", "is currently operating on", "Please wait")

_HINTS = {
    grpc.StatusCode.UNAUTHENTICATED: LOGIN_HINT,
    grpc.StatusCode.PERMISSION_DENIED: "the account needs the role `roles/container.admin` in the project",
    grpc.StatusCode.NOT_FOUND: "`fairlead fleet init` lists what the project has",
}
_REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.ALREADY_EXISTS,
}
# ABORTED: an etag no longer matched, so what we read is no longer so. RESOURCE_EXHAUSTED: quota of operations.
_BUSY = {grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED}


@contextmanager
def in_our_words(doing: str) -> Iterator[None]:
    """Errors of Google's libraries become errors of our port, chained; `doing` is what could not be done."""
    try:
        yield
    except google_errors.GoogleAPICallError as error:
        raise _translated(doing, error) from error
    except auth_errors.TransportError as error:
        raise CloudUnavailableError(f"could not {doing}: no token to be had: {error}", hint=LOGIN_HINT) from error
    except auth_errors.GoogleAuthError as error:
        kind = CloudUnavailableError if error.retryable else CloudDeniedError
        raise kind(f"could not {doing}: no valid credentials: {error}", hint=LOGIN_HINT) from error


def _translated(doing: str, error: google_errors.GoogleAPICallError) -> FairleadError:
    code = error.grpc_status_code or grpc.StatusCode.UNKNOWN
    text = f"could not {doing}: {error.message}"
    if _is_busy(error):
        named = _OPERATION.search(error.message)
        return CloudBusyError(
            text, operation=named.group() if named else "", hint="wait for that operation, then look again"
        )
    if code is grpc.StatusCode.PERMISSION_DENIED:
        return CloudDeniedError(text, hint=_HINTS[code])
    if code is grpc.StatusCode.NOT_FOUND:
        return CloudUnknownError(text, hint=_HINTS[code])
    if code in _REFUSED:
        return CloudRefusedError(text, hint=_HINTS.get(code, ""))
    # A failed refresh arrives as UNAVAILABLE of the call that needed the token.
    hint = LOGIN_HINT if "metadata from plugin failed" in error.message else _HINTS.get(code, "")
    return CloudUnavailableError(text, hint=hint)


def _is_busy(error: google_errors.GoogleAPICallError) -> bool:
    if error.grpc_status_code in _BUSY or error.reason == _ALREADY_RUNNING:
        return True
    if error.grpc_status_code is not grpc.StatusCode.FAILED_PRECONDITION:
        return False
    return any(text in error.message for text in (_ALREADY_RUNNING, *_BUSY_TEXTS))
