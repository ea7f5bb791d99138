"""Errors as GKE's API sends them, and as an operation ends with."""

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

_DETAILS = "grpc-status-details-bin"


@dataclass
class ApiError(Exception):
    """A call that is refused; `reason` goes out as an ErrorInfo of container.googleapis.com."""

    code: grpc.StatusCode
    message: str
    reason: str = ""

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        if not self.reason:
            return ()
        info = any_pb2.Any()
        info.Pack(error_details_pb2.ErrorInfo(reason=self.reason, domain="container.googleapis.com"))
        status = status_pb2.Status(code=self.code.value[0], message=self.message, details=[info])
        return ((_DETAILS, status.SerializeToString()),)


@dataclass
class OperationFailedError(Exception):
    """An operation that ends DONE with an error inside; `code` is one of google.rpc.Code."""

    code: int
    message: str


class OperationCancelledError(Exception):
    """Somebody asked for an end."""


class ClusterAwayError(Exception):
    """The cluster's API server does not answer now; the operation goes on when it does."""


def invalid(message: str) -> ApiError:
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(path: str) -> ApiError:
    return ApiError(grpc.StatusCode.NOT_FOUND, f"Not found: {path}.")


def busy(operation: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.FAILED_PRECONDITION,
        f"Cluster is running incompatible operation {operation}.",
        "CLUSTER_ALREADY_HAS_OPERATION",
    )


def over_quota(cluster: str, quota: int) -> ApiError:
    return ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"Too many operations: cluster {cluster} hits the concurrent operations quota {quota}.",
    )
