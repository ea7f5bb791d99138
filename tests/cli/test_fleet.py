"""`fairlead fleet`: what it prints, and the exit code that says whether it was everything."""

import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fairlead.cli.fleet import app, checking, looking
from fairlead.clouds.port import CloudUnavailableError
from fairlead.fleet.file import Fleet, FleetCluster
from fairlead.fleet.loading import load_fleet
from fairlead.model.errors import UnreachableError, UsageError
from fakes.pictures import a_snapshot

FILE = """\
apiVersion: fairlead.dev/v1
kind: Fleet
metadata: {name: shop}
spec:
  clusters:
    - name: tokyo
      gke: {project: shop, location: asia-northeast1, cluster: tokyo}
    - name: osaka
      gke: {project: shop, location: asia-northeast2, cluster: osaka}
  gke: {credentialsFile: CREDENTIALS, emulator: "127.0.0.1:PORT"}
"""
# A workload identity whose token service is away, like everything else on that port.
CREDENTIALS = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "http://127.0.0.1:PORT/token",
}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A fleet whose provider does not answer: nobody listens on its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    token = tmp_path / "token"
    token.write_text("subject")
    credentials = tmp_path / "credentials.json"
    source = {"credential_source": {"file": str(token)}}
    credentials.write_text(json.dumps(CREDENTIALS | source).replace("PORT", port))
    path = tmp_path / "fleet.yaml"
    path.write_text(FILE.replace("PORT", port).replace("CREDENTIALS", str(credentials)))
    return path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the eyes see of each cluster: a picture, or an error."""
    pictures: dict[str, object] = {"tokyo": a_snapshot("tokyo"), "osaka": a_snapshot("osaka")}

    class Eyes:
        async def take(self, cluster: FleetCluster, *, pods: bool = True) -> object:
            if isinstance(found := pictures[cluster.name], Exception):
                raise found
            return found

    @asynccontextmanager
    async def eyes_of(_: Fleet) -> AsyncIterator[Eyes]:
        yield Eyes()

    monkeypatch.setattr(looking, "eyes_of", eyes_of)
    monkeypatch.setattr(checking, "eyes_of", eyes_of)
    return pictures


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_ls_shows_every_cluster(fleet: Path, seen: dict[str, object]) -> None:
    done = run("ls", "--fleet", fleet)
    assert done.exit_code == 0, done.output
    assert "tokyo" in done.stdout
    assert "1.35.4-gke.1000" in done.stdout


def test_ls_says_by_its_exit_code_that_something_is_missing(fleet: Path, seen: dict[str, object]) -> None:
    seen["tokyo"] = CloudUnavailableError("no answer")
    done = run("ls", "--fleet", fleet, "-o", "json")
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert not found["complete"]
    assert [line["missing"] for line in found["clusters"]] == [["provider: no answer"], []]
    assert "tokyo: provider: no answer" in done.stderr


def test_what_clusters_say_is_never_markup(fleet: Path, seen: dict[str, object]) -> None:
    seen["tokyo"] = a_snapshot(state="[red]x[/red]", missing=("API server: [bold]boo[/bold]",))
    done = run("ls", "--fleet", fleet)
    assert "[red]x[/red]" in done.stdout
    assert "[bold]boo[/bold]" in done.stderr


def test_show_prints_one_cluster_whole(fleet: Path, seen: dict[str, object]) -> None:
    done = run("show", "osaka", "--fleet", fleet)
    assert done.exit_code == 0, done.output
    assert "4 of 4 ready" in done.stdout


def test_show_with_something_missing_is_not_everything(fleet: Path, seen: dict[str, object]) -> None:
    seen["osaka"] = a_snapshot("osaka", control_plane=None, nodes=(), missing=("API server: silent",))
    done = run("show", "osaka", "--fleet", fleet)
    assert done.exit_code == 3
    assert "the API server is silent" in done.stdout


def test_an_unknown_cluster_is_compared_with_the_known(fleet: Path, seen: dict[str, object]) -> None:
    error = run("show", "tokio", "--fleet", fleet).exception
    assert isinstance(error, UsageError)
    assert error.hint == "did you mean `tokyo`?"


def test_ls_goes_on_when_nobody_at_all_answers(fleet: Path) -> None:
    done = run("ls", "--fleet", fleet)
    assert done.exit_code == 3, done.output
    assert "tokyo" in done.stdout
    assert "osaka: provider: " in done.stderr


def test_validate_tells_wrong_from_unknown(fleet: Path) -> None:
    done = run("validate", "--fleet", fleet, "-o", "json")
    assert done.exit_code == 3, done.output
    found = json.loads(done.stdout)
    assert [check["verdict"] for check in found["checks"]] == ["good", "unknown", "unknown"]


def test_validate_offline_asks_nobody(fleet: Path) -> None:
    done = run("validate", "--fleet", fleet, "--offline")
    assert done.exit_code == 0, done.output


def test_validate_good(fleet: Path, seen: dict[str, object]) -> None:
    assert run("validate", "--fleet", fleet).exit_code == 0


def test_a_wrong_file_is_told_by_line(fleet: Path) -> None:
    fleet.write_text(fleet.read_text().replace("kind: Fleet", "kind: Fleat"))
    error = run("validate", "--fleet", fleet, "--offline").exception
    assert isinstance(error, UsageError)
    assert "fleet.yaml:2: kind: " in str(error)


def test_init_does_not_overwrite_what_somebody_wrote(fleet: Path) -> None:
    before = fleet.read_text()
    error = run("init", "--project", "shop", "--fleet", fleet).exception
    assert isinstance(error, UsageError)
    assert "--force" in error.hint
    assert fleet.read_text() == before


def test_init_writes_nothing_where_nobody_answers(fleet: Path, tmp_path: Path) -> None:
    gke = load_fleet(fleet).spec.gke
    target = tmp_path / "new.yaml"
    done = run(
        "init", "-p", "shop", "--fleet", target, "--emulator", gke.emulator, "--credentials-file", gke.credentials_file
    )
    assert isinstance(done.exception, UnreachableError), done.output
    assert not target.exists()


def test_schema_is_json_schema(fleet: Path) -> None:
    assert json.loads(run("schema").stdout)["title"] == "Fairlead fleet file"


def test_help_does_not_load_the_clouds_client() -> None:
    code = "import sys, fairlead.cli.fleet; print(sorted({'grpc', 'google', 'temporalio', 'httpx'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"
