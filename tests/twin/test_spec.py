"""What a twin may be made of, and what it begins with."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from fairlead.fleet.file import Fleet
from fairlead.model import wire
from fairlead.model.errors import UsageError
from fairlead.model.version import Version
from fairlead.twin import fleet, ports, spec, state
from fairlead.twin.nodes import KIND_LABEL, POOL_LABEL, ZONE_LABEL
from fairlead.twin.state import ClusterPorts, ClusterSpec, PoolSpec, TwinSpec, TwinState
from fairlead.twin.workloads.objects import nodes, workloads

_ZONES = ("asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c")


def _cluster(*pools: PoolSpec, name: str = "tokyo", version: str = "1.35.4-gke.1100") -> ClusterSpec:
    return ClusterSpec(name, "asia-northeast1", Version(version), pools or (PoolSpec("app", "app", 3, _ZONES),))


def _twin(*clusters: ClusterSpec) -> TwinSpec:
    return TwinSpec("demo", "twin", clusters)


def test_the_default_is_three_clusters_of_eight_to_twenty_nodes_with_different_traffic() -> None:
    clusters = spec.default("demo").clusters
    assert len(clusters) == 3
    assert all(8 <= len(nodes(cluster)) <= 20 for cluster in clusters)
    assert len({cluster.rps for cluster in clusters}) == 3
    assert [cluster.regional for cluster in clusters] == [True, True, False]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (_twin(), "at least one cluster"),
        (_twin(_cluster(), _cluster()), "two clusters are called `tokyo`"),
        (_twin(_cluster(name="To kyo")), "`To kyo` is not a name"),
        (_twin(_cluster(version="1.30.0")), r"no version `1\.30\.0`"),
        (_twin(_cluster(PoolSpec("app", "gpu", 3, _ZONES))), "pool `app` is of kind `gpu`"),
        (_twin(_cluster(PoolSpec("app", "app", 3, ()))), "pool `app` has nodes but no zones"),
        (_twin(_cluster(PoolSpec("batch", "batch", 3, _ZONES))), "no pool of kind `app`"),
        (TwinSpec("../other", "twin", (_cluster(),)), "is not a name"),
        (TwinSpec("demo", "twin", (_cluster(),), clock_factor=0), "`clock_factor`"),
    ],
)
def test_what_cannot_be_built_is_refused(wrong: TwinSpec, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        spec.validate(wrong)


def test_a_file_describes_other_clusters(tmp_path: Path) -> None:
    path = tmp_path / "twin.yaml"
    path.write_text("""
clusters:
  - {name: kobe, location: asia-northeast2, version: 1.36.3-gke.1000, rps: 5,
     pools: [{name: app, kind: app, nodes: 3, zones: [asia-northeast2-a]}]}
""")
    read = spec.read(path, "mine")
    assert (read.name, read.clusters[0].name, read.clusters[0].version) == ("mine", "kobe", Version("1.36.3-gke.1000"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clusters: [{name: kobe}]", r"`\$\.clusters\[0\]`"),
        ("clusters: [", "is not YAML"),
        ("[]", "holds no `clusters`"),
        ("", "holds no `clusters`"),
        ("load: false", "missing required field `clusters`"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "twin.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        spec.read(path, "mine")
    assert str(path) in str(caught.value)


def test_nodes_are_spread_over_the_zones_and_named_like_gkes() -> None:
    made = nodes(_cluster(PoolSpec("app", "app", 4, _ZONES)))
    assert [node["metadata"]["labels"][ZONE_LABEL] for node in made] == [*_ZONES, _ZONES[0]]
    assert all(node["metadata"]["name"].startswith("gke-tokyo-app-") for node in made)
    assert all(node["metadata"]["labels"][POOL_LABEL] == "app" for node in made)
    assert {node["status"]["nodeInfo"]["kubeletVersion"] for node in made} == {"v1.35.4-gke.1100"}
    assert len({node["metadata"]["name"] for node in made}) == 4


def test_only_app_nodes_take_whoever_comes() -> None:
    for kind, taints in (("app", 0), ("system", 1), ("batch", 1)):
        (node,) = nodes(_cluster(PoolSpec("pool", kind, 1, _ZONES)))
        assert node["metadata"]["labels"][KIND_LABEL] == kind
        assert len(node["spec"]["taints"]) == taints


def test_what_no_pool_can_run_is_left_out() -> None:
    kinds = {(each["kind"], each["metadata"]["name"]) for each in workloads(_cluster())}
    assert ("Deployment", "web") in kinds
    assert ("Job", "report") not in kinds
    assert ("Deployment", "kube-dns") not in kinds


def test_web_has_as_many_pods_as_asked_for() -> None:
    pools = (PoolSpec("app", "app", 3, _ZONES),)
    cluster = ClusterSpec("tokyo", "asia-northeast1", Version("1.35.4-gke.1100"), pools, web_replicas=9)
    by_kind = {each["kind"]: each for each in workloads(cluster) if each["metadata"]["name"] == "web"}
    assert by_kind["Deployment"]["spec"]["replicas"] == 9
    assert by_kind["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == 9


def test_ports_are_distinct_free_and_nobody_elses() -> None:
    taken = set(range(10_000, 30_000))
    chosen = ports.choose([f"port-{number}" for number in range(50)], taken)
    assert len(set(chosen.values())) == 50
    assert not taken & set(chosen.values())


def test_the_fleet_file_names_every_cluster(tmp_path: Path) -> None:
    twin = _state(tmp_path)
    fleet.write(twin)
    read = wire.convert(YAML(typ="safe").load(twin.fleet_file.read_text()), Fleet)
    assert [cluster.name for cluster in read.spec.clusters] == ["tokyo", "osaka", "taipei"]
    assert read.spec.gke.emulator == "127.0.0.1:4711"


def test_names_cannot_leave_their_folder() -> None:
    for name in ("../x", "a/b", "", "."):
        with pytest.raises(UsageError, match="is not a name"):
            state.folder_of(name)


def _state(folder: Path) -> TwinState:
    made = spec.default("demo")
    clusters = {cluster.name: ClusterPorts(1, 2) for cluster in made.clusters}
    return TwinState(made, str(folder), {"gke": 4711, "balancer": 1}, clusters)
