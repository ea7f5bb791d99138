"""Fields of objects that may hold anything: what is not of the expected form reads as absent. Label selectors too."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.checks.scope import Scope
from fairlead.snapshot.objects import KubeObject, Objects


def at(raw: Any, *path: str) -> Any:
    """What stands at a path of mappings; None where it is not there."""
    for step in path:
        if not isinstance(raw, dict):
            return None
        raw = raw.get(step)
    return raw


def mapping_at(raw: Any, *path: str) -> dict[str, Any]:
    value = at(raw, *path)
    return value if isinstance(value, dict) else {}


def mappings_at(raw: Any, *path: str) -> list[dict[str, Any]]:
    """The mappings of a list; other elements count as empty ones, so that indices stay true."""
    value = at(raw, *path)
    return [each if isinstance(each, dict) else {} for each in value] if isinstance(value, list) else []


def texts_at(raw: Any, *path: str) -> list[str]:
    value = at(raw, *path)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def labels_at(raw: Any, *path: str) -> dict[str, str]:
    """Labels to look something up by: none where one of them is no text."""
    labels = mapping_at(raw, *path)
    return labels if all(isinstance(value, str) for value in labels.values()) else {}


def text_at(raw: Any, *path: str) -> str:
    value = at(raw, *path)
    return value if isinstance(value, str) else ""


def containers_of(each: KubeObject) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Each container of a pod spec with its list and its index there."""
    for listed_in in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(mappings_at(each.pod_spec, listed_in)):
            yield listed_in, index, container


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def spec_of(each: KubeObject) -> Mapping[str, Any]:
    return mapping(each.raw.get("spec"))


def workloads(scope: Scope) -> list[KubeObject]:
    """Without the pods, ReplicaSets and Jobs that another object made: they say again what that says."""
    return [each for each in scope.objects.workloads if not is_made_by_another(each)]


# Custom resources whose operator makes pods with labels of its own: what selects those selects something.
_POD_MAKERS = (
    *("Prometheus.monitoring.coreos.com", "PrometheusAgent.monitoring.coreos.com"),
    *("Alertmanager.monitoring.coreos.com", "ThanosRuler.monitoring.coreos.com"),
    *("Cluster.postgresql.cnpg.io", "Pooler.postgresql.cnpg.io", "postgresql.acid.zalan.do"),
    *("PostgresCluster.postgres-operator.crunchydata.com", "PerconaXtraDBCluster.pxc.percona.com"),
    *("MongoDBCommunity.mongodbcommunity.mongodb.com", "MysqlCluster.mysql.presslabs.org"),
    *("Kafka.kafka.strimzi.io", "KafkaConnect.kafka.strimzi.io", "KafkaNodePool.kafka.strimzi.io"),
    *("RabbitmqCluster.rabbitmq.com", "Redis.redis.redis.opstreelabs.in", "RedisFailover.databases.spotahome.com"),
    *("Elasticsearch.elasticsearch.k8s.elastic.co", "Kibana.kibana.k8s.elastic.co"),
    *("OpenSearchCluster.opensearch.opster.io", "CassandraDatacenter.cassandra.datastax.com"),
    *("OpenTelemetryCollector.opentelemetry.io", "Jaeger.jaegertracing.io", "Grafana.grafana.integreatly.org"),
    *("VMCluster.operator.victoriametrics.com", "VMSingle.operator.victoriametrics.com"),
    *("VMAgent.operator.victoriametrics.com", "Fleet.agones.dev", "GameServer.agones.dev"),
    *("InferenceService.serving.kserve.io", "RayCluster.ray.io", "SparkApplication.sparkoperator.k8s.io"),
)


def makes_pods_unseen(namespace: str, scope: Scope) -> bool:
    """Whether an operator makes pods in a namespace that no manifest shows."""
    return any(scope.objects.of(kind, namespace) for kind in _POD_MAKERS)


def is_made_by_another(each: KubeObject) -> bool:
    owners = mapping(each.raw.get("metadata")).get("ownerReferences")
    return any(owner.get("controller") is True for owner in mappings(owners))


def matches(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether labels fit a selector with `matchLabels` and `matchExpressions`; an empty one fits all."""
    selector = mapping(selector)
    wanted = mapping(selector.get("matchLabels"))
    if any(key not in labels or labels[key] != value for key, value in wanted.items()):
        return False
    return all(_fits(each, labels) for each in mappings(selector.get("matchExpressions")))


def _fits(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key = text(expression.get("key"))
    values = expression.get("values")
    is_among = isinstance(values, list) and labels.get(key) in values
    match expression.get("operator"):
        case "In":
            return key in labels and is_among
        case "NotIn":
            return not is_among
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def chosen_by(selector: Any, namespace: str, scope: Scope) -> list[KubeObject]:
    """
    The workloads of a namespace whose pods fit a selector; an empty selector chooses all of them.

    Where labels are named it is one look-up; only selectors of expressions alone go over the workloads.
    """
    labels = mapping(mapping(selector).get("matchLabels"))
    if labels and all(isinstance(value, str) for value in labels.values()):
        candidates = scope.objects.selected(namespace, labels)
    else:
        candidates = [each for each in scope.objects.workloads if each.namespace == namespace]
    return [each for each in candidates if matches(selector, each.pod_labels)]


def selected_by(objects: Objects, namespace: str, selector: Any) -> list[KubeObject]:
    """What makes pods that a label selector fits: all of the namespace for an empty one, none for none."""
    if not isinstance(selector, dict):
        return []
    labels = labels_at(selector, "matchLabels")
    if labels:
        candidates = objects.selected(namespace, labels)
    else:
        makers = {each.key for each in objects.workloads}
        candidates = [
            each for kind in sorted(makers) for each in objects.of(kind, namespace) if each.pod_spec is not None
        ]
    expressions = {"matchExpressions": selector.get("matchExpressions")}
    return [each for each in candidates if matches(expressions, each.pod_labels)]
