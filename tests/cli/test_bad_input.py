"""What cannot be meant, and what is not there: a sentence, a hint and an exit code, and nothing half done."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import Prompt, Terminal, a_fleet

ASKING = ("status", "watch", "report", "history", "pause", "resume", "retry", "skip", "abort")
HEAVY = {"temporalio", "grpc", "google", "lightkube", "httpx", "cryptography", "ruamel", "asyncio"}


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def prompt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Prompt:
    return Prompt(tmp_path, capsys)


def changed(**spec: Any) -> dict[str, Any]:
    return a_fleet(**spec)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a mapping"),
        ("- a list", "expected a mapping"),
        ("spec: [", "fleet.yaml:1"),
        ("kind: Fleet\nkind: Fleet\n", "fleet.yaml:2"),
        (json.dumps(a_fleet() | {"apiVersion": "v2"}), "apiVersion"),
        (json.dumps(a_fleet() | {"kind": "Deployment"}), "kind"),
        (json.dumps(changed(clusters=[])), "spec.clusters"),
        (json.dumps(changed(upgrade={"surge": {"percent": 0}})), "spec.upgrade.surge.percent"),
        (json.dumps(changed(upgrade={"surge": {"maxUnavailable": 21}})), "spec.upgrade.surge.maxUnavailable"),
        (json.dumps(changed(upgrade={"version": {"exact": "soon"}})), "spec.upgrade.version.exact"),
        (json.dumps(changed(upgrade={"wave": []})), "wave"),
        (json.dumps(changed(upgrade={"bake": "an hour"})), "spec.upgrade.bake"),
        (json.dumps(changed(upgrade={"waves": [{"name": "a", "clusters": ["kyoto"]}]})), "kyoto"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "start"])
def test_a_wrong_fleet_file_is_told_by_its_place(prompt: Prompt, command: str, text: str, told: str) -> None:
    path = prompt.folder / "fleet.yaml"
    path.write_text(text)
    said = prompt.fairlead("upgrade", command, "--fleet", path)
    assert said.code == 2, said.err
    assert told in said.err
    assert "Traceback" not in said.err
    assert not prompt.engine.exists()


@pytest.mark.parametrize("command", ["plan", "start", *ASKING])
def test_a_fleet_file_that_is_not_there(prompt: Prompt, command: str) -> None:
    said = prompt.refuses(2, "upgrade", command)
    assert "there is no fleet file `fleet.yaml`" in said.err
    assert "fairlead fleet init" in said.hint


@pytest.mark.parametrize(
    "words", [("fleet", "show", "nope"), ("upgrade", "plan", "-c", "nope"), ("upgrade", "start", "-c", "nope")]
)
def test_an_unknown_cluster_is_named_with_those_there_are(prompt: Prompt, words: tuple[str, ...]) -> None:
    prompt.file(a_fleet("tokyo"))
    said = prompt.refuses(2, *words)
    assert "there is no cluster `nope` in fleet `shop`" in said.err
    assert "`tokyo`" in said.hint


@pytest.mark.parametrize("command", ASKING)
def test_without_a_server_there_is_no_run(prompt: Prompt, command: str) -> None:
    prompt.file(a_fleet())
    said = prompt.refuses(3, "upgrade", command)
    assert "there is no Temporal server" in said.err
    assert "fairlead upgrade start" in said.hint


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nobody.invalid:7233"])
async def test_temporal_away_is_said_in_words_every_time(terminal: Terminal, address: str) -> None:
    terminal.file(a_fleet())
    # More than once: what a process leaves undone when it ends shows now and then only.
    for _ in range(3):
        said = await terminal.refuses(3, "upgrade", "status", FAIRLEAD_TEMPORAL_ADDRESS=address)
        assert f"Temporal does not answer at `{address}`" in said.err
        assert "ConnectError" not in said.err


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "http://127.0.0.1:7233", ":7233"])
def test_an_address_of_temporal_that_is_none(prompt: Prompt, address: str) -> None:
    prompt.file(a_fleet())
    said = prompt.fairlead("upgrade", "status", FAIRLEAD_TEMPORAL_ADDRESS=address)
    assert said.code == 2
    assert f"FAIRLEAD_TEMPORAL_ADDRESS: `{address}` is not `HOST:PORT`" in said.err


@pytest.mark.parametrize("command", ["plan", "start"])
async def test_without_credentials_a_person_is_told_to_log_in_soon(terminal: Terminal, command: str) -> None:
    terminal.file(a_fleet())
    # Somebody takes the connection where Google's metadata server would be, and never says a word.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        said = await terminal.refuses(3, "upgrade", command, GCE_METADATA_IP=place, GCE_METADATA_HOST=place)
        took = time.monotonic() - began
    assert "could not find credentials for Google Cloud" in said.err
    assert "gcloud auth application-default login" in said.hint
    # One try of 3 seconds, not three with pauses: those take 12 and more.
    assert took < 10


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read"),
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "not a type of credentials we know"),
        ('{"type": "gdch"}', "not a type of credentials we know"),
        ('{"type": "authorized_user"}', "these are no credentials"),
        ('{"type": "service_account", "client_email": "a", "token_uri": "b", "private_key": "c"}', "no credentials"),
        ('{"type": "impersonated_service_account"}', "these are no credentials"),
        ('{"type": "external_account", "credential_source": null}', "these are no credentials"),
    ],
)
def test_a_credentials_file_that_is_none_is_named(prompt: Prompt, text: str | None, told: str) -> None:
    file = prompt.folder / "credentials.json"
    if text is not None:
        file.write_text(text)
    prompt.file(a_fleet(gke={"credentialsFile": str(file)}))
    said = prompt.refuses(3, "upgrade", "plan")
    assert str(file) in said.err
    assert told in said.err


def test_application_default_credentials_that_are_not_there(prompt: Prompt) -> None:
    prompt.file(a_fleet())
    said = prompt.refuses(3, "upgrade", "plan", GOOGLE_APPLICATION_CREDENTIALS="/nowhere/credentials.json")
    assert "/nowhere/credentials.json" in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nope",), "error: no such command `nope`"),
        (("upgrade", "nope"), "error: no such command `nope`"),
        (("upgrade", "plan", "-o", "xml"), "error: invalid value for `-o` / `--output`: `xml` is not one of `table`"),
        (("fleet", "ls", "--bogus"), "error: no such option: `--bogus`"),
        (("fleet", "show"), "error: missing argument `name`"),
        (("twin", "fault", "gke-call", "UpdateMaster", "SAD"), "error: invalid value for `code`: `SAD` is not"),
        (("twin", "fault", "pause", "gke", "--for", "soon"), "error: invalid value for `--for`"),
        (("twin", "fault", "kill"), "error: missing argument `process`"),
    ],
)
def test_words_that_are_none_end_with_two_and_a_hint(prompt: Prompt, words: tuple[str, ...], told: str) -> None:
    prompt.file(a_fleet())
    said = prompt.refuses(2, *words)
    assert said.err.startswith(told)
    assert not said.err.splitlines()[0].endswith(".")
    assert said.hint


def test_a_group_without_a_command_shows_its_help(prompt: Prompt) -> None:
    said = prompt.fairlead("fleet")
    assert said.code == 2
    assert "validate" in said.out + said.err
    assert "error:" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("logs",),
        ("load",),
        ("kubeconfig", "tokyo"),
        ("fault", "kill", "gke"),
        ("fault", "ls"),
        ("fault", "api-away", "tokyo"),
        ("fault", "stock-out", "tokyo", "app"),
        ("up", "--resume"),
    ],
)
def test_a_twin_that_is_not_there(prompt: Prompt, words: tuple[str, ...]) -> None:
    said = prompt.refuses(2, "twin", *words, "--name", "nope")
    assert "there is no twin `nope`" in said.err


@pytest.mark.parametrize("name", ["../x", "", "UPPER", "a" * 21, "a b"])
def test_a_twins_name_that_would_be_a_path_or_too_long(prompt: Prompt, name: str) -> None:
    said = prompt.refuses(2, "twin", "status", "--name", name)
    assert "is not a name" in said.err
    assert not (prompt.folder / "state").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot read"),
        ("spec: [", "is not YAML"),
        ("[]", "holds no `clusters`"),
        ("clusters: []", "at least one cluster"),
        ("clusters: [{name: tokyo}]", "location"),
        ("clusters: [{name: a, location: x, version: 1.99.0-gke.1, rps: 1, pools: []}]", "has no version"),
    ],
)
def test_a_specification_of_a_twin_that_cannot_be(prompt: Prompt, text: str | None, told: str) -> None:
    file = prompt.folder / "twin.yaml"
    if text is not None:
        file.write_text(text)
    said = prompt.fairlead("twin", "up", "--spec", file)
    assert said.code == 2, said.err
    assert told in said.err
    assert "Traceback" not in said.err
    assert not (prompt.folder / "state").exists()


def test_whoever_stops_reading_is_not_shown_a_traceback(prompt: Prompt) -> None:
    """As `fairlead fleet schema | head -1` does."""
    read, write = os.pipe()
    os.close(read)
    argv = [sys.executable, "-m", "fairlead", "fleet", "schema"]
    done = subprocess.run(argv, stdout=write, stderr=subprocess.PIPE, env=prompt.surroundings, check=False)
    os.close(write)
    assert done.stderr == b""


def test_asking_for_help_loads_nothing_heavy(prompt: Prompt) -> None:
    """What keeps `fairlead --help` under 0.3 seconds."""
    code = """if True:
        import sys
        from fairlead.cli import main
        sys.argv = ["fairlead", "--help"]
        try:
            main()
        except SystemExit:
            print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
    """
    argv, env = [sys.executable, "-c", code], prompt.surroundings
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=env)
    assert "upgrade" in done.stdout
    assert "fairlead" in done.stderr
    assert set(done.stderr.split()) & HEAVY == set()
