"""The Pod Security Standards as each minor means them, and what Kubernetes retired in APIs that stay."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.knowledge import podsecurity, retired
from fairlead.knowledge.minors import Minor

MINORS = st.integers(22, 45).map(lambda minor: Minor(1, minor))


@pytest.mark.parametrize(
    ("minor", "sysctl", "allowed"),
    [
        ("1.26", "net.ipv4.ip_local_reserved_ports", False),
        ("1.27", "net.ipv4.ip_local_reserved_ports", True),
        ("1.29", "net.ipv4.tcp_keepalive_time", True),
        ("1.31", "net.ipv4.tcp_rmem", False),
        ("1.32", "net.ipv4.tcp_rmem", True),
        ("1.36", "net.ipv4.tcp_notsent_lowat", False),
        ("1.37", "net.ipv4.tcp_notsent_lowat", True),
        ("1.37", "kernel.shm_rmid_forced", True),
    ],
)
def test_safe_sysctls_became_more(minor: str, sysctl: str, allowed: bool) -> None:
    assert (sysctl in podsecurity.controls("baseline", minor)["sysctls"].allowed) is allowed


def test_hosts_of_probes_are_controlled_from_1_34_on() -> None:
    assert "hostProbesAndHostLifecycle" not in podsecurity.controls("baseline", "1.33")
    assert "hostProbesAndHostLifecycle" in podsecurity.controls("restricted", "1.34")


def test_windows_pods_are_exempt_from_what_linux_means_from_1_25_on() -> None:
    for control in ("allowPrivilegeEscalation", "seccompProfile_restricted", "capabilities_restricted"):
        assert podsecurity.controls("restricted", "1.24")[control].exempt == ()
        assert podsecurity.controls("restricted", "1.25")[control].exempt == ("windows",)


def test_user_namespaces_relax_from_1_35_on() -> None:
    for control in ("runAsNonRoot", "runAsUser"):
        assert podsecurity.controls("restricted", "1.34")[control].exempt == ()
        assert podsecurity.controls("restricted", "1.35")[control].exempt == ("user-namespace",)
    assert podsecurity.controls("baseline", "1.35")["procMount"].exempt == ("user-namespace",)
    assert podsecurity.controls("restricted", "1.35")["procMount_restricted"].exempt == ()


def test_a_restricted_control_takes_the_place_of_the_baseline_one() -> None:
    assert "capabilities_baseline" in podsecurity.controls("baseline", "1.30")
    assert "capabilities_baseline" not in podsecurity.controls("restricted", "1.30")
    # before 1.22 there was nothing to take its place
    assert "capabilities_baseline" in podsecurity.controls("restricted", "1.21")


@given(MINORS, MINORS)
def test_baseline_values_only_ever_become_more(one: Minor, other: Minor) -> None:
    older, newer = sorted((one, other))
    later = podsecurity.controls("baseline", newer)
    for control, revision in podsecurity.controls("baseline", older).items():
        assert set(revision.allowed) <= set(later[control].allowed)


@given(MINORS)
def test_restricted_asks_for_all_that_baseline_asks(minor: Minor) -> None:
    restricted = podsecurity.controls("restricted", minor)
    overrides = {each.overrides for each in podsecurity.known().controls if each.id in restricted}
    assert set(podsecurity.controls("baseline", minor)) <= set(restricted) | overrides


def test_every_override_is_of_a_baseline_control() -> None:
    levels = {each.id: each.level for each in podsecurity.known().controls}
    for each in podsecurity.known().controls:
        assert [revision.since for revision in each.revisions] == sorted(revision.since for revision in each.revisions)
        assert not each.overrides or (each.level, levels[each.overrides]) == ("restricted", "baseline")


def test_the_versions_are_those_of_the_api_servers_own_checks() -> None:
    """Against the Go source, where a module cache has it (any 1.36: later revisions of ours are left out)."""
    go = shutil.which("go") or "/usr/local/go/bin/go"
    if not Path(go).exists():
        pytest.skip("no Go here, so no module cache to compare with")
    cache = subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    sources = sorted(Path(cache).glob("k8s.io/pod-security-admission@v0.36.*/policy"))
    if not sources:
        pytest.skip("k8s.io/pod-security-admission v0.36 is not in the module cache")
    theirs = _versions(sources[-1])
    ours = {
        each.id: sorted(revision.since.minor for revision in each.revisions if revision.since <= Minor(1, 36))
        for each in podsecurity.known().controls
    }
    assert ours == theirs


def _versions(folder: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    names = {"checkCapabilitiesBaselineID": "capabilities_baseline", "checkHostPathVolumesID": "hostPathVolumes"}
    names["checkSeccompBaselineID"] = "seccompProfile_baseline"
    for path in folder.glob("check_*.go"):
        if path.name.endswith("_test.go"):
            continue
        name = ""
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] == ["ID:"]:
                name = words[1].strip('",')
                found[names.get(name, name)] = []
            elif words[:1] == ["MinimumVersion:"]:
                minor = int(line.rpartition(",")[0].rpartition(" ")[2].strip(")"))
                found[names.get(name, name)].append(minor)
    return {name: sorted(minors) for name, minors in found.items()}


def test_what_stops_having_an_effect_on_the_way() -> None:
    stopped = {name for each in retired.stops_between("1.24", "1.27") for name in each.names}
    assert stopped == {
        "flocker",
        "storageos",
        "quobyte",
        "glusterfs",
        "seccomp.security.alpha.kubernetes.io/pod",
        "container.seccomp.security.alpha.kubernetes.io/*",
    }


def test_every_retired_entry_has_a_source_and_its_order() -> None:
    for each in retired.known().entries:
        assert each.source.startswith("https://")
        assert each.names
        assert each.use
        assert each.deprecated is None or each.stops is None or each.deprecated <= each.stops
