"""A drafted fleet file reads back as the fleet it was drafted from, whatever was discovered."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.drafting import as_text, draft, meant_by, name_of
from fairlead.fleet.file import FleetBalancer, GkeSettings, HaproxyProcess
from fairlead.fleet.loading import load_fleet
from fairlead.model.cluster import GkePlace

EDGE = FleetBalancer(name="edge", haproxy=(HaproxyProcess(socket="/run/haproxy/admin.sock"),))
names = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
places = st.builds(GkePlace, st.sampled_from(["shop", "bank"]), st.sampled_from(["asia-east1", "asia-east1-a"]), names)


def place(cluster: str, location: str = "asia-northeast1", project: str = "shop") -> GkePlace:
    return GkePlace(project, location, cluster)


@given(st.lists(places, min_size=1, max_size=8, unique=True), st.data())
def test_what_is_written_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, found: list[GkePlace], data: st.DataObject
) -> None:
    servers = data.draw(st.lists(st.sampled_from([each.cluster for each in found]) | names, max_size=6))
    drafted = draft("shop", found, GkeSettings(emulator="127.0.0.1:4000"), (EDGE,), {"edge": servers})
    file = Path(tmp_path_factory.getbasetemp()) / "drafted.yaml"
    file.write_text(as_text(drafted.fleet))
    assert load_fleet(file) == drafted.fleet
    assert sorted(cluster.gke.path for cluster in drafted.fleet.spec.clusters) == sorted(each.path for each in found)


def test_clusters_of_one_name_are_told_apart_by_their_place() -> None:
    found = [place("web"), place("web", "asia-northeast2"), place("web", project="bank"), place("db")]
    drafted = draft("shop", found, GkeSettings(), (), {})
    assert sorted(cluster.name for cluster in drafted.fleet.spec.clusters) == [
        "db",
        "web-asia-northeast1-bank",
        "web-asia-northeast1-shop",
        "web-asia-northeast2",
    ]


@pytest.mark.parametrize(
    ("server", "means"),
    [
        ("tokyo", "tokyo"),
        ("TOKYO", "tokyo"),
        ("k8s_tokyo_443", "tokyo"),
        ("web-tokyo-2", "tokyo-2"),
        ("tokyo-osaka", None),
        ("tokyos", None),
        ("nagoya", None),
    ],
)
def test_a_server_means_the_cluster_whose_name_stands_in_it(server: str, means: str | None) -> None:
    assert meant_by(server, ["tokyo", "tokyo-2", "osaka"]) == means


def test_what_finds_no_partner_is_told() -> None:
    drafted = draft("shop", [place("tokyo"), place("osaka")], GkeSettings(), (EDGE,), {"edge": ["tokyo", "nagoya"]})
    assert drafted.without_traffic == ("osaka",)
    assert drafted.unmatched_servers == ("edge/nagoya",)


@pytest.mark.parametrize(
    ("text", "name"), [("My Shop!", "my-shop"), ("", "fleet"), ("日本", "fleet"), ("a" * 80, "a" * 63)]
)
def test_any_text_becomes_a_name(text: str, name: str) -> None:
    assert name_of(text) == name
