"""The twin's certificates: who may read the keys, and what they prove."""

import stat
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import DNSName, IPAddress
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from fairlead.twin import pki


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki") / "pki"
    pki.write(made)
    return made


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_keys_are_ours_alone(folder: Path) -> None:
    keys = list(folder.glob("*.key"))
    assert {key.name for key in keys} == {"ca.key", "admin.key", "server.key", "sa.key"}
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


@pytest.mark.parametrize("subject", ["127.0.0.1", "localhost"])
def test_the_server_proves_it_is_on_loopback(folder: Path, subject: str) -> None:
    name = IPAddress(ip_address(subject)) if subject[0].isdigit() else DNSName(subject)
    store = Store([_certificate(folder / "ca.crt")])
    verifier = PolicyBuilder().store(store).time(datetime.now(UTC)).build_server_verifier(name)
    chain = verifier.verify(_certificate(folder / "server.crt"), [])
    assert chain == [_certificate(folder / "server.crt"), _certificate(folder / "ca.crt")]


@pytest.mark.parametrize("name", [IPAddress(ip_address("192.0.2.1")), DNSName("example.org")])
def test_the_server_is_nobody_elsewhere(folder: Path, name: IPAddress | DNSName) -> None:
    store = Store([_certificate(folder / "ca.crt")])
    verifier = PolicyBuilder().store(store).time(datetime.now(UTC)).build_server_verifier(name)
    with pytest.raises(VerificationError):
        verifier.verify(_certificate(folder / "server.crt"), [])


def test_nobody_else_is_believed(folder: Path, tmp_path: Path) -> None:
    pki.write(tmp_path)
    store = Store([_certificate(tmp_path / "ca.crt")])
    verifier = PolicyBuilder().store(store).build_server_verifier(DNSName("localhost"))
    with pytest.raises(VerificationError):
        verifier.verify(_certificate(folder / "server.crt"), [])


def test_the_admin_is_a_master(folder: Path) -> None:
    subject = _certificate(folder / "admin.crt").subject
    assert [each.value for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:masters"]


def test_what_is_there_is_kept(folder: Path) -> None:
    before = (folder / "ca.crt").read_bytes()
    pki.write(folder)
    assert (folder / "ca.crt").read_bytes() == before
