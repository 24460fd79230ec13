"""A: encryption of the connection to a real server: what was asked for or nothing, and the window says so."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from keymon import errors
from keymon.database import Database
from keymon.gui.request import Request
from keymon.locations import ServerLocation, server_location
from keymon.tls import password_guard
from tests.certificates import Authority
from tests.conftest import need_mariadb
from tests.faults.server_scene import Scene, buttons, scene
from tests.gateway_server import GatewayServer
from tests.mariadb import OPERATOR, OPERATOR_PASSWORD, READER, READER_PASSWORD, MariaDb, mariadb

__all__ = ["scene"]

CIPHER = text("SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@contextmanager
def server(authority: Authority, host: str, is_expired: bool = False) -> Iterator[MariaDb]:
    need_mariadb()
    certificate, key = authority.sign(host, is_expired)
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


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[MariaDb]:
    folder = tmp_path_factory.mktemp("expired")
    with server(authority.with_files_in(folder), "127.0.0.1", is_expired=True) as made:
        yield made


def place(made: MariaDb, query: str = "", socket: bool = False) -> ServerLocation:
    where = f"/mysql?unix_socket={made.socket}&" if socket else f"127.0.0.1:{made.port}/mysql?"
    return server_location(f"mysql://{OPERATOR}:{OPERATOR_PASSWORD}@{where}{query}")


def cipher(location: ServerLocation) -> str:
    """Return how the server says that the connection is encrypted, empty where it is not."""
    database = Database(location)
    try:
        return str(database.fetch(CIPHER)[0][0])
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


def cipher_of_window(scene: Scene) -> str:
    """Return how the window's own connection is encrypted."""
    answers: list[object] = []
    ask = Request(lambda monitor: monitor._database.fetch(CIPHER)[0][0], answers.append, answers.append)
    scene.poller.ask(ask)
    scene.qtbot.waitUntil(lambda: bool(answers))
    return str(answers[0])


@pytest.fixture
def on_good(scene: Scene, good: MariaDb) -> Iterator[GatewayServer]:
    """The scene's gateway on the server that proves itself."""
    copy = scene.gateway.copied_to(good)
    yield copy
    copy.close()


REFUSALS = {
    "a server that does not encrypt, required": ("ssl_mode=required", "does not encrypt"),
    "a server that does not encrypt, verify_ca": ("ssl_mode=verify_ca&ssl_ca={ca}", "does not encrypt"),
    "a server that does not encrypt, verify_identity": ("ssl_mode=verify_identity&ssl_ca={ca}", "does not encrypt"),
    "a certificate for another host": ("ssl_mode=verify_identity&ssl_ca={ca}", "IP address mismatch"),
    "a certificate that has expired": ("ssl_mode=verify_ca&ssl_ca={ca}", "certificate has expired"),
    "a certificate of a stranger's": ("ssl_mode=verify_ca&ssl_ca={ca}", "the server's certificate: "),
    "a CA that is absent": ("ssl_ca={ca}", "cannot be used (no such file or directory)"),
    "a CA that is junk": ("ssl_ca={ca}", "cannot be used (it holds no certificate in PEM form)"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_safe_is_refused_by_the_window_until_it_is(
    scene: Scene,
    on_good: GatewayServer,
    elsewhere: MariaDb,
    expired: MariaDb,
    authority: Authority,
    name: str,
) -> None:
    query, message = REFUSALS[name]
    ca = scene.folder / "trusted.pem"
    ca.write_bytes(authority.ca.read_bytes())
    ports = {"a certificate for another host": elsewhere, "a certificate that has expired": expired}
    target = ports.get(name, good := on_good.server)
    scene.proxy.point_at(scene.gateway.server.port if "does not encrypt" in name else target.port)
    if "stranger" in name:
        (scene.folder / "stranger").mkdir()
        ca.write_bytes(Authority(scene.folder / "stranger").ca.read_bytes())
    elif "absent" in name:
        ca.unlink()
    elif "junk" in name:
        ca.write_bytes(b"junk")
    where = f"127.0.0.1:{scene.proxy.port}/{scene.gateway.name}?{query.format(ca=ca)}"
    location = server_location(f"mysql://{READER}:{READER_PASSWORD}@{where}")
    with scene.qtbot.waitSignal(scene.poller.resting) as told:
        scene.follow(location)
    assert told.args == [None]
    assert message in scene.window.banner.text
    assert READER_PASSWORD not in scene.window.banner.text
    assert scene.window.banner.next_try == "keymon does not try again by itself."
    assert buttons(scene) == ["Retry", "Open another…"]
    assert scene.window.snapshot is None
    ca.write_bytes(authority.ca.read_bytes())
    scene.proxy.point_at(good.port)
    scene.window.banner.retry.emit()
    scene.wait_for(7)
    assert cipher_of_window(scene)


@pytest.mark.parametrize("mode", ["required", "verify_ca", "verify_identity"])
def test_a_failover_to_a_server_that_does_not_encrypt_is_no_way_out(
    scene: Scene, on_good: GatewayServer, authority: Authority, mode: str
) -> None:
    scene.proxy.point_at(on_good.server.port)
    where = f"127.0.0.1:{scene.proxy.port}/{scene.gateway.name}?ssl_mode={mode}&ssl_ca={authority.ca}"
    scene.follow(server_location(f"mysql://{READER}:{READER_PASSWORD}@{where}"))
    scene.wait_for(7)
    scene.fails(lambda: scene.proxy.point_at(scene.gateway.server.port))
    assert "the server does not encrypt" in scene.window.banner.text
    assert f"The figures shown are those of {scene.since}." in scene.window.banner.text
    assert scene.window.banner.next_try == "keymon does not try again by itself."
    scene.proxy.point_at(on_good.server.port)
    scene.window.banner.retry.emit()
    scene.wait_for(7)
    assert cipher_of_window(scene)


@pytest.mark.parametrize("mode", ["required", "verify_ca", "verify_identity"])
def test_whoever_does_not_encrypt_is_told_nothing_at_all(
    mariadb_server: MariaDb, authority: Authority, mode: str
) -> None:
    """Somebody on the way who takes the offer to encrypt out of the greeting learns no name and no password."""
    with socket.create_connection(("127.0.0.1", mariadb_server.port)) as line:
        greeting = line.recv(4_096)
    heard: list[bytes] = []

    def answer(other: socket.socket) -> None:
        with other.accept()[0] as line:
            line.sendall(greeting)
            while data := line.recv(4_096):
                heard.append(data)

    with socket.create_server(("127.0.0.1", 0)) as other:
        thread = threading.Thread(target=answer, args=(other,))
        thread.start()
        where = f"127.0.0.1:{other.getsockname()[1]}/gateway?ssl_mode={mode}&ssl_ca={authority.ca}"
        with pytest.raises(errors.EncryptionRefusedError, match="does not encrypt"):
            cipher(server_location(f"mysql://someone:pw-canary@{where}"))
        thread.join()
    assert heard == []
