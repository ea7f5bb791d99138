"""Reads label selectors and parts of manifests; what has not the expected form reads as absent."""

from collections.abc import Mapping
from typing import Any

from fairlead.checks.scope import Scope
from fairlead.snapshot.objects import KubeObject


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
