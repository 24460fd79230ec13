"""A: faults while the window connects to a server: one banner tells the cause, and what passes is over by itself."""

import socket
import threading
from collections.abc import Callable

import pytest

from keymon import database as database_module
from keymon.locations import ServerLocation, server_location
from keymon.monitor import Monitor
from tests.fault_proxy import Fault
from tests.faults.conftest import StartWriter
from tests.faults.server_scene import FOR_EVER_S, HANGS, Scene, buttons, labels, scene
from tests.mariadb import READER, READER_PASSWORD

__all__ = ["scene"]

Begin = Callable[[Scene], tuple[ServerLocation, Callable[[], object]]]
"""What begins a fault; returns where the window looks, and what ends the fault."""


def by_proxy(fault: Fault, reset_after: int = 0) -> Begin:
    def begin(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
        scene.impatient()
        return scene.gateway.location_at(scene.proxy.port), scene.break_way(fault, reset_after)

    return begin


def down(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    scene.move_to_second_server()
    scene.gateway.server.stop()
    return scene.gateway.location, scene.start_server_again


def unknown_name(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    is_known = threading.Event()

    def look_up(_host: str, port: int, **_: object) -> list[object]:
        if not is_known.is_set():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    scene.patch.setattr(socket, "getaddrinfo", look_up)
    place = f"gateway.example:{scene.gateway.server.port}/{scene.gateway.name}"
    return server_location(f"mysql://{READER}:{READER_PASSWORD}@{place}"), is_known.set


def unknown_database(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    """Nobody has made it yet, as where the server's own start-up script still runs."""
    scene.gateway.execute("CREATE OR REPLACE USER early IDENTIFIED BY 'pw-canary'")
    scene.gateway.execute("GRANT SELECT ON `late%%`.* TO early")
    place = f"127.0.0.1:{scene.gateway.server.port}/late_one"
    name = scene.gateway.name

    def make() -> None:
        scene.gateway.execute("CREATE DATABASE late_one")
        for table in ("t_settings", "t_error_logs", "t_request_log"):
            scene.gateway.execute(f"CREATE TABLE late_one.{table} LIKE {name}.{table}")
            scene.gateway.execute(f"INSERT INTO late_one.{table} SELECT * FROM {name}.{table}")

    scene.after.append(lambda: scene.gateway.execute("DROP DATABASE late_one"))
    return server_location(f"mysql://early:pw-canary@{place}"), make


def missing_socket(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    path = scene.folder / "socket"
    place = f"localhost/{scene.gateway.name}?unix_socket={path}"
    location = server_location(f"mysql://{READER}:{READER_PASSWORD}@{place}")
    return location, lambda: path.symlink_to(scene.gateway.server.socket)


def dead_socket(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    """Nobody listens at it any more, as after a server was killed."""
    location, mend = missing_socket(scene)
    path = scene.folder / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    def replace() -> None:
        path.unlink()
        mend()

    return location, replace


def full_account(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    scene.gateway.execute("CREATE OR REPLACE USER modest IDENTIFIED BY 'pw-canary' WITH MAX_USER_CONNECTIONS 1")
    scene.gateway.execute(f"GRANT SELECT ON {scene.gateway.name}.* TO modest")
    location = scene.gateway.location_for("modest", "pw-canary")
    other = Monitor(location)
    other.refresh()
    return location, other.close


AT_START: dict[str, tuple[Begin, str]] = {
    "down at the start": (down, "the server cannot be reached (connection refused)"),
    "refused": (by_proxy(Fault.REFUSED), "the server cannot be reached (connection refused)"),
    "unanswered": (by_proxy(Fault.UNANSWERED), "the server cannot be reached (no answer)"),
    "black hole": (by_proxy(Fault.SILENT), "no answer within 0.5 s"),
    "latency": (by_proxy(Fault.SLOW), "no answer within 0.5 s"),
    "something else listens": (by_proxy(Fault.GARBAGE), "MySQL server"),
    "reset in the greeting": (by_proxy(Fault.RESET, 20), "connection"),
    "reset in the first answers": (by_proxy(Fault.RESET, 200), "the connection to the server was lost"),
    "unknown host": (unknown_name, "there is no host of that name"),
    "unknown database": (unknown_database, "the server has no database of that name"),
    "missing socket": (missing_socket, "the server cannot be reached (no such file or directory)"),
    "dead socket": (dead_socket, "the server cannot be reached (connection refused)"),
    "too many connections": (full_account, "the server takes no more connections"),
}


@pytest.mark.parametrize("name", AT_START)
def test_a_fault_at_the_start_is_told_and_passes(scene: Scene, start_writer: StartWriter, name: str) -> None:
    begin, message = AT_START[name]
    location, end = begin(scene)
    if name != "down at the start":
        start_writer(scene.gateway)
    scene.fails(lambda: scene.follow(location))
    banner = scene.window.banner
    assert message in banner.text
    assert "canary" not in banner.text
    assert READER_PASSWORD not in banner.text
    assert scene.next_tries[0].startswith("Next try in ")
    assert buttons(scene) == ["Retry", "Open another…"]
    assert "no data yet" in labels(scene.window.status_line)
    assert scene.used_by_workers_only
    end()
    scene.wait_for(7)


@pytest.mark.parametrize("what", ["a wrong password", "an unknown account", "no right to the database"])
def test_a_refused_account_is_not_tried_again_by_itself(scene: Scene, start_writer: StartWriter, what: str) -> None:
    execute, name = scene.gateway.execute, scene.gateway.name
    execute("DROP USER IF EXISTS late")
    if what != "an unknown account":
        password = "old" if what == "a wrong password" else "new"
        execute(f"CREATE USER late IDENTIFIED BY '{password}-canary'")
    if what == "a wrong password":
        execute(f"GRANT SELECT ON {name}.* TO late")
    start_writer(scene.gateway)
    with scene.qtbot.waitSignal(scene.poller.resting) as told:
        scene.follow(scene.gateway.location_for("late", "new-canary"))
    assert told.args == [None]
    banner = scene.window.banner
    assert "the server refuses the account" in banner.text
    assert "canary" not in banner.text
    assert banner.next_try == "keymon does not try again by itself."
    assert buttons(scene) == ["Enter password…", "Retry", "Open another…"]
    assert not scene.poller._timer.isActive()
    execute("CREATE OR REPLACE USER late IDENTIFIED BY 'new-canary'")
    execute(f"GRANT SELECT ON {name}.* TO late")
    scene.window.banner.retry.emit()
    assert banner.next_try == "Trying…"
    scene.wait_for(7)


@pytest.mark.parametrize("name", HANGS)
def test_the_window_works_while_nothing_answers(scene: Scene, name: str) -> None:
    """That it is held no longer than a tenth of a second meanwhile, and long after, the watchdog sees."""
    scene.patch.setattr(database_module, "READ_LIMIT_S", FOR_EVER_S)
    hangs = HANGS[name](scene)
    scene.follow()
    scene.qtbot.waitUntil(hangs)
    scene.window.panels.show_panel("errors")
    scene.window.open_details(READER)
    scene.window.details.close()
    scene.window.resize(700, 500)
    scene.qtbot.waitUntil(lambda: scene.window.width() == 700)
    assert scene.poller._busy
    assert scene.used_by_workers_only
