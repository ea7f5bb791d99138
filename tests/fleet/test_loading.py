"""A wrong fleet file is told with file, line, path and hint; a right one is read whole."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.fleet.file import DrainMode
from fairlead.fleet.loading import load_fleet
from fairlead.model.errors import UsageError

Write = Callable[[str], Path]
GOOD = """\
apiVersion: fairlead.dev/v1
kind: Fleet
metadata: {name: shop}
spec:
  clusters:
    - name: tokyo
      gke: {project: shop, location: asia-northeast1, cluster: tokyo}
      traffic:
        - {balancer: edge, server: tokyo}
    - name: osaka
      gke: {project: shop, location: asia-northeast2, cluster: osaka}
      traffic:
        - {balancer: edge, server: osaka}
  balancers:
    - name: edge
      haproxy:
        - {socket: /run/haproxy/admin.sock}
  upgrade:
    version: {channel: stable}
    waves:
      - {name: canary, count: 1, soak: 5m}
      - {name: rest}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "fleet.yaml"
        path.write_text(text)
        return path

    return write


def refused(path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load_fleet(path)
    return caught.value


def test_a_right_file_is_read_with_its_defaults(write: Write) -> None:
    fleet = load_fleet(write(GOOD))
    assert [cluster.name for cluster in fleet.spec.clusters] == ["tokyo", "osaka"]
    assert fleet.spec.upgrade.drain.mode is DrainMode.DRAIN_FIRST
    assert str(fleet.spec.upgrade.waves[0].soak) == "5m"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("kind: Fleet", "kind: Flet", 2, "kind: "),
        ("fairlead.dev/v1", "fairlead.dev/v2", 1, "apiVersion: "),
        ("    - name: osaka", "    - nmae: osaka", 10, "spec.clusters[1].nmae: unknown field"),
        ("    - name: osaka", "    - name: tokyo", 10, "is also the name of spec.clusters[0]"),
        ("cluster: osaka}", "}", 11, "spec.clusters[1].gke: `cluster` is missing"),
        ("asia-northeast2, cluster: osaka", "asia-northeast1, cluster: tokyo", 11, "is also spec.clusters[0]"),
        ("edge, server: osaka", "edg, server: osaka", 13, "traffic[0].balancer: there is no balancer `edg`"),
        ("edge, server: osaka", "edge, server: tokyo", 5, "server `tokyo` of balancer `edge` means 2 clusters"),
        ("soak: 5m", "soak: 5 minutes", 21, "`5 minutes` is not a duration"),
        ("count: 1", "count: 0", 21, "spec.upgrade.waves[0].count: expected `int` >= 1"),
        ("count: 1", "count: one", 21, "spec.upgrade.waves[0].count: expected `int"),
        ("count: 1", "clusters: [kyoto]", 21, "spec.upgrade.waves[0].clusters[0]: there is no cluster `kyoto`"),
        ("count: 1", "count: 1, clusters: [tokyo]", 21, "spec.upgrade.waves[0]: chooses by `clusters` and `count`"),
        ("canary, count: 1", "canary", 21, "takes all that is left"),
        ("{name: rest}", "{name: canary}", 22, "the name of several waves"),
        ("{channel: stable}", "{exact: latest}", 19, "`latest` is not a version"),
        ("{channel: stable}", "{channel: fastest}", 19, "spec.upgrade.version.channel"),
        ("  upgrade:", "  gke: {emulator: gke.example.com:443}\n  upgrade:", 18, "not a port on this machine"),
        ("kind: Fleet", "kind: Fleet\nkind: Fleet", 3, "found duplicate key"),
        ("metadata: {name: shop}", "metadata: {name: shop", 4, ""),
        ("metadata: {name: shop}", "metadata: {name: Shop_1}", 3, "metadata.name"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_is_told_with_its_line(write: Write, old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    error = refused(write(GOOD.replace(old, new)))
    assert f"fleet.yaml:{line}: " in str(error), str(error)
    assert says in str(error), str(error)
    assert error.exit_code == 2


def test_all_mistakes_of_meaning_are_told_at_once(write: Write) -> None:
    error = refused(write(GOOD.replace("balancer: edge", "balancer: hedge")))
    assert str(error).count("there is no balancer `hedge`") == 2
    assert error.hint == "did you mean `edge`?"


def test_an_unknown_field_is_compared_with_the_known_ones(write: Write) -> None:
    assert refused(write(GOOD.replace("waves:", "wave:"))).hint == "did you mean `waves`?"


def test_a_missing_file_names_the_command_that_writes_one(tmp_path: Path) -> None:
    assert "fairlead fleet init" in refused(tmp_path / "fleet.yaml").hint


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "hello"])
def test_what_is_no_mapping_is_refused(write: Write, text: str) -> None:
    assert "expected a mapping" in str(refused(write(text)))
