"""The global balancer's configuration is one that HAProxy takes, and says what we promised."""

import subprocess
from pathlib import Path

from fairlead.model.version import Version
from fairlead.twin.state import ClusterPorts, ClusterSpec, TwinSpec, TwinState
from fairlead.twin.traffic import PORTS, process_specs
from fairlead.twin.traffic.balancer import config, config_file
from fairlead.twin.traffic.processes import haproxy_binary

RATES = {"tokyo": 150.0, "osaka": 75.0, "taipei": 1.0}


def state(folder: Path, *, load: bool = True) -> TwinState:
    clusters = tuple(
        ClusterSpec(name, "asia-northeast1", Version("1.35.4-gke.1100"), (), rps=rps) for name, rps in RATES.items()
    )
    ports = {name: 20_000 + number for number, name in enumerate(PORTS)}
    gateways = {name: ClusterPorts(endpoint=0, gateway=21_000 + number) for number, name in enumerate(RATES)}
    return TwinState(TwinSpec("t", "twin", clusters, load=load), str(folder), ports, gateways)


def test_haproxy_takes_it_without_a_warning(tmp_path: Path) -> None:
    process_specs(state(tmp_path))
    checked = subprocess.run(
        [haproxy_binary(), "-c", "-f", str(config_file(state(tmp_path)))], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr.replace("Configuration file is valid", "").strip()) == (0, "")


def test_each_cluster_is_a_server_of_both_backends_with_weight_by_rate(tmp_path: Path) -> None:
    lines = [line.split() for line in config(state(tmp_path)).splitlines() if line.startswith("    server ")]
    assert [line[1] for line in lines] == [*RATES, *RATES]
    weights = {line[1]: int(line[line.index("weight") + 1]) for line in lines}
    # The lightest still has a tenth of its weight to begin with on its way back.
    assert weights == {"tokyo": 256, "osaka": 128, "taipei": 10}


def test_together_the_backends_may_ask_no_more_than_the_pods_can_do(tmp_path: Path) -> None:
    lines = [line.split() for line in config(state(tmp_path)).splitlines() if line.startswith("    server tokyo ")]
    assert sum(int(line[line.index("maxconn") + 1]) for line in lines) == 6 * 4


def test_every_process_has_its_name_and_the_load_comes_last_if_at_all(tmp_path: Path) -> None:
    names = [spec.name for spec in process_specs(state(tmp_path))]
    assert names == ["tokyo/gateway", "osaka/gateway", "taipei/gateway", "balancer", "load"]
    assert "load" not in [spec.name for spec in process_specs(state(tmp_path, load=False))]
