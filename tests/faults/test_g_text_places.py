"""Names of files, profiles and servers that are not ours, and what a server says: seen to the letter in any window."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from urllib.parse import quote

import pytest

from keymon.config import Profile
from keymon.errors import EnvFileError
from keymon.gui import questions
from keymon.gui.password_dialog import PasswordDialog
from keymon.gui.poller import Source
from keymon.locations import server_location
from keymon.masking import visible
from keymon.monitor import Monitor
from tests.faults.canaries import CANARIES, MARK, canary, problems
from tests.faults.test_g_text import close_everything, holds
from tests.faults.walker import texts_everywhere
from tests.gui.conftest import Bench
from tests.gui.connections import Connections

NAMES = [name for name in CANARIES if name != "NUL"]
"""What a file can be called, and a profile."""


@contextmanager
def server_that_says(text: str) -> Iterator[int]:
    """Let a server answer every connection with an error packet; its port is given."""
    said = text.encode("utf-8", "surrogatepass")
    body = b"\xff" + (1130).to_bytes(2, "little") + b"#HY000" + said
    packet = len(body).to_bytes(3, "little") + b"\0" + body
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(packet)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file(bench: Bench, name: str) -> None:
    bench.follow(bench.gateway(name=canary(name, 200).replace("/", "_")))
    bench.window.panels.show_panel("quality")
    texts = list(texts_everywhere())
    assert sum(MARK in one.text for one in texts) > 5
    assert problems(texts, name) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_that_is_not_there(bench: Bench, name: str) -> None:
    gateway = bench.gateway(name=canary(name, 200).replace("/", "_"))
    gateway.path.unlink()
    bench.fail(gateway.path)
    bench.window.show_problem(EnvFileError(path=visible(canary(name)), reason="there is no such file"))
    texts = list(texts_everywhere())
    assert MARK in bench.window.banner.text
    assert problems(texts, name) == []
    close_everything(bench)


@pytest.mark.parametrize("name", CANARIES)
def test_what_a_server_says(bench: Bench, name: str) -> None:
    with server_that_says(canary(name)) as port:
        location = server_location(f"mysql://reader:pw@127.0.0.1:{port}/gateway")
        with bench.qtbot.waitSignal(bench.poller.failed):
            bench.window.follow(Source(location.shown, lambda: Monitor(location, UTC, now=lambda: bench.now)))
        texts = list(texts_everywhere())
    assert holds(texts, name), bench.window.banner.text
    assert problems(texts, name) == []


@pytest.mark.parametrize("name", [name for name in CANARIES if name != "mnemonic"])
def test_the_names_of_a_database_and_of_an_account(bench: Bench, name: str) -> None:
    """They are shown as in a URL, in which there is no bare &."""
    text = quote(canary(name, 60), safe="")
    with server_that_says("unknown") as port:
        location = server_location(f"mysql://{text}:pw@127.0.0.1:{port}/{text}")
        with bench.qtbot.waitSignal(bench.poller.failed):
            bench.window.follow(Source(location.shown, lambda: Monitor(location, UTC, now=lambda: bench.now)))
        texts = list(texts_everywhere())
    assert sum(MARK in one.text for one in texts) > 5
    assert problems(texts, name) == []


@pytest.mark.parametrize("name", CANARIES)
def test_the_name_of_a_profile(bench: Bench, connections: Connections, name: str) -> None:
    window, text = bench.window, canary(name)
    window.switcher.show_profiles([(text, "red"), ("Other", "green")], text)
    with bench.qtbot.waitSignal(bench.poller.refreshed):
        window.follow(bench.source(bench.gateway().path), text, "red")
    questions.ask_to_save(window, visible(text, 60), lambda _: None)
    dialog = PasswordDialog(text, f"reader@{text}", False, None, window)
    dialog.open()
    window.search_commands()
    texts = list(texts_everywhere())
    assert sum(MARK in one.text for one in texts) > 5
    assert problems(texts, name) == []
    close_everything(bench)


@pytest.mark.parametrize("name", [name for name in NAMES if visible(canary(name)) == canary(name)])
def test_a_profile_in_the_dialog_of_connections(connections: Connections, name: str) -> None:
    text = canary(name, 60)
    dialog = connections.open(Profile(text, f"/srv/{text}", "red"), Profile("Other", "/srv/other"), current=text)
    dialog.list.offer_undo(visible(text, 60))
    texts = list(texts_everywhere())
    assert sum(MARK in one.text for one in texts) > 5
    assert problems(texts, name) == []
