"""Opening a line to a server, and giving that up at once from another thread."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from keymon.server_line import ServerLine

FOR_EVER_S = 1_000.0
WAIT_S = 30.0


@pytest.fixture
def full() -> Iterator[int]:
    """A port that nobody accepts on and whose queue is full: attempts to connect are not answered."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port: int = server.getsockname()[1]
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


def opening(line: ServerLine) -> tuple[threading.Thread, list[object]]:
    ended: list[object] = []

    def run() -> None:
        try:
            line.open().close()
        except OSError as error:
            ended.append(error)
        else:
            ended.append("open")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, ended


def test_a_line_is_connected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = ServerLine("localhost", server.getsockname()[1], None, WAIT_S)
        with line.open() as ours, server.accept()[0] as theirs, closing(line):
            ours.settimeout(WAIT_S)
            ours.sendall(b"keymon")
            assert theirs.recv(6) == b"keymon"


def test_an_address_that_refuses_leaves_it_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        places = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", one.getsockname()) for one in (closed, server)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
        line = ServerLine("two.example", 1, None, WAIT_S)
        with line.open() as ours, closing(line):
            assert ours.getpeername() == server.getsockname()


def test_an_address_that_does_not_answer_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        addresses = ("127.0.0.1", full), server.getsockname()
        places = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
        line = ServerLine("two.example", 1, None, 1.0)
        with line.open() as ours, closing(line):
            assert ours.getpeername() == server.getsockname()


def test_a_host_that_does_not_answer_is_given_up(full: int) -> None:
    line = ServerLine("127.0.0.1", full, None, 0.05)
    with closing(line), pytest.raises(TimeoutError):
        line.open()


def test_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gate.wait(WAIT_S) and [])
    with pytest.raises(TimeoutError):
        ServerLine("gateway.example", 1, None, 0.05).open()
    gate.set()


@pytest.mark.parametrize("name", ["absent.invalid", "a" * 64 + ".invalid", "a..b"], ids=["absent", "long", "empty"])
def test_a_name_that_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: found(host, 1, flags=socket.AI_NUMERICHOST))
    with pytest.raises(socket.gaierror):
        ServerLine(name, 1, None, WAIT_S).open()


def test_a_line_that_is_being_connected_is_broken_off(full: int) -> None:
    line = ServerLine("127.0.0.1", full, None, FOR_EVER_S)
    thread, ended = opening(line)
    while line._line is None:
        pass
    line.break_off()
    thread.join(WAIT_S)
    line.close()
    assert not thread.is_alive()
    assert [isinstance(error, ConnectionError) for error in ended] == [True]


def test_a_look_up_that_is_under_way_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, gate = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        asked.set()
        gate.wait(WAIT_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    line = ServerLine("gateway.example", 1, None, FOR_EVER_S)
    thread, ended = opening(line)
    assert asked.wait(WAIT_S)
    line.break_off()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert [type(error) for error in ended] == [ConnectionAbortedError]
    gate.set()


def test_what_was_broken_off_before_it_began_is_not_opened(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        line = ServerLine("localhost", 1, str(tmp_path / "socket"), WAIT_S)
        line.break_off()
        with closing(line), pytest.raises(ConnectionAbortedError):
            line.open()


def test_an_open_line_is_broken_off_whoever_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = ServerLine("127.0.0.1", server.getsockname()[1], None, WAIT_S)
        with line.open() as ours, server.accept()[0], closing(line):
            ours.settimeout(WAIT_S)
            line.break_off()
            assert ours.recv(1) == b""
