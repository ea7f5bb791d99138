"""What a person is told when GKE says no: whether to try again, to wait, or to mend something first."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from google.api_core.exceptions import from_grpc_status
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

from fairlead.clouds.gke.connect import connect
from fairlead.clouds.gke.credentials import load_credentials
from fairlead.clouds.gke.errors import in_our_words
from fairlead.clouds.port import CloudBusyError, CloudRefusedError, CloudUnavailableError
from fairlead.fleet.file import GkeSettings
from fairlead.model.errors import FairleadError, UsageError
from fairlead.model.version import Version
from fairlead.twin.gke import audit, faults
from fakes.gke import GkeWorld, gke_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GkeWorld]:
    async with gke_world(tmp_path) as world:
        yield world


def told(code: grpc.StatusCode, message: str = "no") -> FairleadError:
    with pytest.raises(FairleadError) as error, in_our_words("read cluster tokyo"):
        raise from_grpc_status(code, message)
    assert error.value.__cause__ is not None
    return error.value


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.UNAUTHENTICATED,
    ],
)
def test_what_may_pass_is_unavailable(code: grpc.StatusCode) -> None:
    assert isinstance(told(code), CloudUnavailableError)


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
    ],
)
def test_what_will_not_change_is_refused(code: grpc.StatusCode) -> None:
    assert isinstance(told(code), CloudRefusedError)


@pytest.mark.parametrize(
    "text",
    [
        "Cluster is running incompatible operation operation-1732180000000-1a2b3c4d.",
        "Operation operation-1732180000000-1a2b3c4d is currently upgrading cluster tokyo. Please wait and try again.",
    ],
)
def test_the_operation_in_the_way_is_named(text: str) -> None:
    error = told(grpc.StatusCode.FAILED_PRECONDITION, text)
    assert isinstance(error, CloudBusyError)
    assert error.operation == "operation-1732180000000-1a2b3c4d"


@pytest.mark.parametrize("code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED])
def test_a_quota_and_a_lost_race_mean_wait(code: grpc.StatusCode) -> None:
    assert isinstance(told(code), CloudBusyError)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "gcloud auth application-default login"),
        (grpc.StatusCode.PERMISSION_DENIED, "roles/container.admin"),
        (grpc.StatusCode.NOT_FOUND, "fleet init"),
    ],
)
def test_a_person_is_told_what_would_help(code: grpc.StatusCode, hint: str) -> None:
    assert hint in told(code).hint


@pytest.mark.parametrize("error", [DefaultCredentialsError("none"), RefreshError("expired"), TransportError("away")])
def test_without_credentials_a_person_is_told_to_log_in(error: Exception) -> None:
    with pytest.raises(FairleadError) as told, in_our_words("find credentials"):
        raise error
    assert "gcloud auth application-default login" in told.value.hint


def test_a_token_service_that_stumbles_is_asked_again() -> None:
    with pytest.raises(CloudUnavailableError), in_our_words("get an access token"):
        raise RefreshError("internal failure", retryable=True)


async def test_no_credentials_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    with pytest.raises(CloudRefusedError) as refused:
        await connect(GkeSettings()).discover("p")
    assert "credentialsFile" in refused.value.hint


@pytest.mark.parametrize("text", ["{", '{"type": "gdch"}', "[]"])
def test_a_credentials_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(text)
    with pytest.raises(CloudRefusedError, match=str(file)):
        load_credentials(str(file))


@pytest.mark.parametrize("address", ["10.0.0.1:80", "127.0.0.1", "example.com:80", "127.0.0.1:0", "127.0.0.1:x"])
def test_the_emulator_is_only_spoken_to_on_this_machine(address: str) -> None:
    with pytest.raises(UsageError, match="this machine"):
        connect(GkeSettings(emulator=address))


async def test_an_operation_that_began_between_our_reads_makes_us_wait(world: GkeWorld) -> None:
    """The server's own refusal, with the reason it carries over the wire."""
    running = world.emulator.desk.begin("UPGRADE_NODES", "tokyo", pool="batch", hold_seconds=5.0)
    with pytest.raises(CloudBusyError) as busy:
        await world.cloud.upgrade_control_plane(world.ref(), Version("1.36.3-gke.1000"))
    assert busy.value.operation == running.id


async def test_zones_that_do_not_answer_hide_no_operation(world: GkeWorld) -> None:
    world.inject(faults.MissingZone("asia-northeast1"))
    with pytest.raises(CloudUnavailableError, match="asia-northeast1"):
        await world.cloud.upgrade_control_plane(world.ref(), Version("1.36.3-gke.1000"))


async def test_a_process_that_lost_its_memory_finds_the_upgrade_it_began(world: GkeWorld) -> None:
    """As after kill -9 of a worker between the call and the record of its answer."""
    to = Version("1.36.3-gke.1000")
    world.inject(faults.StallOperation("UPGRADE_MASTER"))
    first = await world.cloud.upgrade_control_plane(world.ref(), to)
    settings = GkeSettings(
        credentials_file=str(world.state.credentials_file), emulator=f"127.0.0.1:{world.state.ports['gke']}"
    )
    second = connect(settings)
    assert await second.upgrade_control_plane(world.ref(), to) == first
    await second.close()
    assert [line.method for line in audit.read(world.state.root)] == ["UpdateMaster"]
