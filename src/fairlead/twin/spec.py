"""What a twin is made of: the default three clusters, or a file of one's own."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fairlead.model import wire
from fairlead.model.errors import UsageError
from fairlead.model.version import Version
from fairlead.twin.state import NAME, ClusterSpec, PoolSpec, TwinSpec
from fairlead.twin.tools import KUBERNETES_VERSIONS

PROJECT = "twin"
_KINDS = {"app", "system", "batch"}
_OLD = Version("1.35.4-gke.1100")


def default(name: str) -> TwinSpec:
    """Three clusters on 1.35, different traffic; Tokyo has a second group of pools, Taipei a zonal control plane."""
    return TwinSpec(
        name=name,
        project=PROJECT,
        clusters=(
            _cluster("tokyo", "asia-northeast1", rps=140, app=3, second_group=3),
            _cluster("osaka", "asia-northeast2", rps=90, app=6),
            _cluster("taipei", "asia-east1-a", rps=60, app=6),
        ),
    )


def _cluster(name: str, location: str, *, rps: float, app: int, second_group: int = 0) -> ClusterSpec:
    region = "-".join(location.split("-")[:2])
    zones = tuple(f"{region}-{letter}" for letter in "abc")
    pools = [PoolSpec("app", "app", app, zones)]
    if second_group:
        pools.append(PoolSpec("app-blue", "app", second_group, zones))
    pools += [PoolSpec("system", "system", 2, zones[:2]), PoolSpec("batch", "batch", 2, zones[1:])]
    return ClusterSpec(name, location, _OLD, tuple(pools), rps=rps)


def read(path: Path, name: str) -> TwinSpec:
    """A specification in YAML or JSON, as `TwinSpec` has it; `name` wins over the file's. UsageError where wrong."""
    try:
        plain = YAML(typ="safe").load(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {error.strerror}") from error
    except YAMLError as error:
        raise UsageError(f"is not YAML: {error}", place=str(path)) from error
    if not isinstance(plain, dict):
        raise UsageError("holds no `clusters`", place=str(path))
    try:
        spec = wire.convert({"project": PROJECT, **plain, "name": name}, TwinSpec)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), place=str(path)) from error
    validate(spec, place=str(path))
    return spec


def validate(spec: TwinSpec, place: str = "") -> None:
    """UsageError where the twin cannot be built as asked."""
    for name in _names(spec):
        if not NAME.fullmatch(name):
            raise UsageError(f"`{name}` is not a name", place=place, hint="at most 20 of `a-z`, `0-9` and `-`")
    if spec.clock_factor <= 0:
        raise UsageError("`clock_factor` must be above 0", place=place)
    if not spec.clusters:
        raise UsageError("a twin needs at least one cluster", place=place)
    for name, count in Counter(cluster.name for cluster in spec.clusters).items():
        if count > 1:
            raise UsageError(f"two clusters are called `{name}`", place=place)
    for cluster in spec.clusters:
        _validate_cluster(cluster, place)


def _names(spec: TwinSpec) -> Iterator[str]:
    yield spec.name
    for cluster in spec.clusters:
        yield cluster.name
        yield from (pool.name for pool in cluster.pools)


def _validate_cluster(cluster: ClusterSpec, place: str) -> None:
    where = f"{place}: clusters `{cluster.name}`" if place else f"cluster `{cluster.name}`"
    if cluster.version not in KUBERNETES_VERSIONS:
        offered = ", ".join(map(str, KUBERNETES_VERSIONS))
        raise UsageError(f"the twin has no version `{cluster.version}`", place=where, hint=f"it has: {offered}")
    if cluster.rps < 0 or cluster.web_replicas < 1:
        raise UsageError("`rps` must not be negative, `web_replicas` at least 1", place=where)
    for pool in cluster.pools:
        if pool.kind not in _KINDS:
            kinds = ", ".join(sorted(_KINDS))
            raise UsageError(f"pool `{pool.name}` is of kind `{pool.kind}`", place=where, hint=f"kinds are {kinds}")
        if pool.nodes and not pool.zones:
            raise UsageError(f"pool `{pool.name}` has nodes but no zones", place=where)
    if not any(pool.kind == "app" and pool.nodes for pool in cluster.pools):
        raise UsageError("no pool of kind `app` has nodes: its web pods would never run", place=where)
