"""The API over gRPC: who asks is checked, faults on request happen, every change asked for is recorded."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import grpc
import msgspec
from google.cloud import container_v1 as gke
from google.protobuf import empty_pb2

from fairlead.twin.gke import audit, faults
from fairlead.twin.gke.desk import Desk
from fairlead.twin.gke.errors import ApiError
from fairlead.twin.gke.service import ClusterManager
from fairlead.twin.gke.tokens import Tokens

_SERVICE = "google.container.v1.ClusterManager"


class _Method(NamedTuple):
    name: str
    request: Any
    changes: bool
    encode: Callable[[Any], bytes]


_METHODS = (
    _Method("ListClusters", gke.ListClustersRequest, False, gke.ListClustersResponse.serialize),
    _Method("GetCluster", gke.GetClusterRequest, False, gke.Cluster.serialize),
    _Method("GetServerConfig", gke.GetServerConfigRequest, False, gke.ServerConfig.serialize),
    _Method("GetOperation", gke.GetOperationRequest, False, gke.Operation.serialize),
    _Method("ListOperations", gke.ListOperationsRequest, False, gke.ListOperationsResponse.serialize),
    _Method("UpdateMaster", gke.UpdateMasterRequest, True, gke.Operation.serialize),
    _Method("UpdateNodePool", gke.UpdateNodePoolRequest, True, gke.Operation.serialize),
    _Method("SetNodePoolManagement", gke.SetNodePoolManagementRequest, True, gke.Operation.serialize),
    _Method("RollbackNodePoolUpgrade", gke.RollbackNodePoolUpgradeRequest, True, gke.Operation.serialize),
    _Method("CreateNodePool", gke.CreateNodePoolRequest, True, gke.Operation.serialize),
    _Method("DeleteNodePool", gke.DeleteNodePoolRequest, True, gke.Operation.serialize),
    _Method("SetNodePoolSize", gke.SetNodePoolSizeRequest, True, gke.Operation.serialize),
    _Method("SetMaintenancePolicy", gke.SetMaintenancePolicyRequest, True, gke.Operation.serialize),
    _Method("CancelOperation", gke.CancelOperationRequest, True, empty_pb2.Empty.SerializeToString),
)


class Api:
    """A gRPC server on loopback; methods that are not here answer UNIMPLEMENTED."""

    def __init__(self, manager: ClusterManager, desk: Desk, tokens: Tokens) -> None:
        self._manager = manager
        self._desk = desk
        self._tokens = tokens
        self._server = grpc.aio.server()
        handlers = {method.name: self._handler(method) for method in _METHODS}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))

    async def start(self, port: int) -> int:
        """Port 0: any free one; returns the one it listens on."""
        bound = self._server.add_secure_port(f"127.0.0.1:{port}", grpc.local_server_credentials())
        await self._server.start()
        return bound

    async def stop(self) -> None:
        await self._server.stop(grace=0.2)

    async def wait(self) -> None:
        await self._server.wait_for_termination()

    def _handler(self, method: _Method) -> Any:
        answer = getattr(self._manager, _snake(method.name))

        async def handle(request: Any, context: Any) -> Any:
            try:
                return self._answer(method, request, context, answer)
            except ApiError as error:
                await _refuse(context, error)

        return grpc.unary_unary_rpc_method_handler(
            handle, request_deserializer=method.request.deserialize, response_serializer=method.encode
        )

    def _answer(self, method: _Method, request: Any, context: Any, answer: Callable[[Any], Any]) -> Any:
        self._authenticate(context)
        operation, error = "", ""
        try:
            self._maybe_fail(method)
            result = answer(request)
            operation = result.name if isinstance(result, gke.Operation) else ""
        except ApiError as refused:
            error = refused.code.name
            raise
        finally:
            if method.changes:
                self._record(method, request, operation, error)
        return result

    def _authenticate(self, context: Any) -> None:
        sent = dict(context.invocation_metadata()).get("authorization", "")
        if self._tokens.subject(sent.removeprefix("Bearer ")) is None:
            raise ApiError(
                grpc.StatusCode.UNAUTHENTICATED,
                "Request had invalid authentication credentials.",
                "ACCESS_TOKEN_EXPIRED",
            )

    def _maybe_fail(self, method: _Method) -> None:
        if fault := faults.take(self._desk.folder, faults.FailCall, lambda fault: fault.method == method.name):
            raise ApiError(grpc.StatusCode[fault.code], fault.message)

    def _record(self, method: _Method, request: Any, operation: str, error: str) -> None:
        plain = msgspec.json.decode(
            method.request.to_json(request, always_print_fields_with_no_presence=False, indent=None)
        )
        target = str(getattr(request, "name", "") or getattr(request, "parent", ""))
        line = audit.AuditLine(self._desk.clock.stamp(), method.name, target, plain, operation, error)
        audit.write(self._desk.folder, line)


async def _refuse(context: Any, error: ApiError) -> None:
    abort: Callable[..., Awaitable[None]] = context.abort
    await abort(error.code, error.message, trailing_metadata=error.trailing_metadata())


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
