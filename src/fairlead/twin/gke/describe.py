"""Operations and clusters in the API's messages."""

from google.cloud import container_v1 as gke
from google.rpc import status_pb2

from fairlead.twin.gke.books import Work

_HOST = "https://container.googleapis.com/v1"


def operation_of(project: str, work: Work) -> gke.Operation:
    where = f"{_HOST}/projects/{project}/{_area(work.location)}/{work.location}"
    target = f"{where}/clusters/{work.cluster}" + (f"/nodePools/{work.pool}" if work.pool else "")
    operation = gke.Operation(
        name=work.id,
        zone=work.location,
        location=work.location,
        operation_type=getattr(gke.Operation.Type, work.type),
        status=getattr(gke.Operation.Status, work.status),
        self_link=f"{where}/operations/{work.id}",
        target_link=target,
        start_time=work.began,
        end_time=work.ended,
        progress=_progress(work),
    )
    if work.error_code:
        operation.error = status_pb2.Status(code=work.error_code, message=work.error)
    return operation


def _progress(work: Work) -> gke.OperationProgress:
    if work.type != "UPGRADE_NODES" or not work.nodes_total:
        return gke.OperationProgress()
    metrics = [
        gke.OperationProgress.Metric(name="NODES_TOTAL", int_value=work.nodes_total),
        gke.OperationProgress.Metric(name="NODES_DONE", int_value=work.nodes_done),
        gke.OperationProgress.Metric(name="NODES_COMPLETE", int_value=work.nodes_done),
    ]
    status = getattr(gke.Operation.Status, work.status)
    stage = gke.OperationProgress(name=work.phase or "NODES_UPGRADING", status=status)
    return gke.OperationProgress(name=work.id, status=status, metrics=metrics, stages=[stage])


def _area(location: str) -> str:
    return "locations" if location.count("-") == 1 else "zones"
