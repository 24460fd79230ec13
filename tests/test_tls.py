"""Encryption of the connection to a real server: what was asked for or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from keymon import errors
from keymon.database import Database
from keymon.locations import ServerLocation, server_location
from keymon.tls import password_guard
from tests.certificates import Authority
from tests.conftest import need_mariadb
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, MariaDb, mariadb

CIPHER = text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@contextmanager
def server(authority: Authority, host: str) -> Iterator[MariaDb]:
    need_mariadb()
    certificate, key = authority.sign(host)
    with mariadb(f"--ssl-cert={certificate}", f"--ssl-key={key}", f"--ssl-ca={authority.ca}") as made:
        yield made


@pytest.fixture(scope="module")
def good(authority: Authority) -> Iterator[MariaDb]:
    with server(authority, "127.0.0.1") as made:
        yield made


@pytest.fixture(scope="module")
def elsewhere(authority: Authority) -> Iterator[MariaDb]:
    with server(authority, "db.example") as made:
        yield made


def place(made: MariaDb, query: str = "", socket: bool = False) -> ServerLocation:
    where = f"/mysql?unix_socket={made.socket}&" if socket else f"127.0.0.1:{made.port}/mysql?"
    return server_location(f"mysql://{OPERATOR}:{OPERATOR_PASSWORD}@{where}{query}")


def cipher(location: ServerLocation) -> str:
    """Return how the server says that the connection is encrypted, empty where it is not."""
    database = Database(location)
    try:
        return str(database.fetch(CIPHER)[0][1])
    finally:
        database.close()


@pytest.mark.parametrize("mode", ["preferred", "required", "verify_ca", "verify_identity"])
def test_a_server_that_proves_itself_is_read_encrypted(good: MariaDb, authority: Authority, mode: str) -> None:
    ca = f"&ssl_ca={authority.ca}" if mode.startswith("verify") else ""
    assert cipher(place(good, f"ssl_mode={mode}{ca}"))


def test_encryption_can_be_left_off(good: MariaDb) -> None:
    assert cipher(place(good, "ssl_mode=disabled")) == ""


def test_a_certificate_for_another_host_is_refused(elsewhere: MariaDb, authority: Authority) -> None:
    with pytest.raises(errors.EncryptionRefusedError, match="IP address mismatch"):
        cipher(place(elsewhere, f"ssl_ca={authority.ca}"))
    assert cipher(place(elsewhere, f"ssl_mode=verify_ca&ssl_ca={authority.ca}"))


@pytest.mark.parametrize("mode", ["verify_ca", "verify_identity"])
def test_a_certificate_that_nobody_vouches_for_is_refused(good: MariaDb, tmp_path: Path, mode: str) -> None:
    stranger = Authority(tmp_path)
    for query in (f"ssl_mode={mode}", f"ssl_mode={mode}&ssl_ca={stranger.ca}"):
        with pytest.raises(errors.EncryptionRefusedError, match="certificate"):
            cipher(place(good, query))


@pytest.mark.parametrize("mode", ["required", "verify_ca", "verify_identity"])
def test_a_server_that_does_not_encrypt_is_refused(mariadb_server: MariaDb, authority: Authority, mode: str) -> None:
    with pytest.raises(errors.EncryptionRefusedError, match="does not encrypt"):
        cipher(place(mariadb_server, f"ssl_mode={mode}&ssl_ca={authority.ca}"))
    assert cipher(place(mariadb_server)) == ""


def test_a_socket_is_encrypted_where_that_is_asked_for(good: MariaDb) -> None:
    assert cipher(place(good, socket=True)) == ""
    assert cipher(place(good, "ssl_mode=required", socket=True))


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["absent", "empty", "junk"])
def test_a_ca_that_is_none_is_told(good: MariaDb, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.CertificateFileError, match=r"ca\.pem"):
        cipher(place(good, f"ssl_ca={path}"))


@pytest.mark.parametrize("plugin", ["mysql_clear_password", "dialog"])
def test_the_password_is_told_in_clear_text_to_proven_servers_only(plugin: str) -> None:
    guard = password_guard(server_location("mysql://u:p@h/d?ssl_mode=required"))["auth_plugin_map"]
    with pytest.raises(errors.ClearPasswordRefusedError):
        guard[plugin](None).authenticate(None)
    assert password_guard(server_location("mysql://u:p@h/d?ssl_mode=verify_identity")) == {}
