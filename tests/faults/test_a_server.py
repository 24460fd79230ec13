"""Faults of a server under the window: one banner, figures that stay and are marked, and fresh ones by themselves."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from keymon import database as database_module
from keymon import server_reader
from keymon.gui import poller as poller_module
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller, Source
from keymon.gui.summary import Card
from keymon.locations import ServerLocation, location_of, server_location
from keymon.monitor import Monitor, Snapshot
from keymon.retry import Failure, rest_s
from tests.conftest import MakeGateway, MakeGatewayServer
from tests.fault_proxy import Fault, FaultProxy
from tests.gateway_file import key
from tests.gateway_server import GatewayServer
from tests.gui.conftest import NOW, MakeWindow
from tests.mariadb import READER, READER_PASSWORD, MariaDb

A, B = key(0), key(1)
FOR_EVER_S = 1_000.0
TICK_MS = 20


class WatchedMonitor(Monitor):
    """A real monitor that notes which threads use it."""

    threads: set[str]

    def refresh(self, patience: float | None = None, progress: Callable[[int, float], None] | None = None) -> Snapshot:
        self.threads.add(threading.current_thread().name)
        return super().refresh(patience, progress)


@dataclass
class Scene:
    """A window, and a gateway's database on a server to which a proxy leads."""

    qtbot: QtBot
    window: MainWindow
    poller: Poller
    gateway: GatewayServer
    proxy: FaultProxy
    second_server: MariaDb
    folder: Path
    patch: pytest.MonkeyPatch
    threads: set[str] = field(default_factory=set)
    after: list[Callable[[], None]] = field(default_factory=list)
    next_tries: list[str] = field(default_factory=list)
    """What the banner said of the next try, each time that it began to rest."""

    def __post_init__(self) -> None:
        self.poller.resting.connect(lambda _: self.next_tries.append(self.window.banner.next_try))

    def follow(self, location: ServerLocation | None = None) -> None:
        """Let the window follow the gateway, by way of the proxy, and refresh 50 times a second."""
        place = self.gateway.location_at(self.proxy.port) if location is None else location

        def open_monitor() -> Monitor:
            monitor = WatchedMonitor(place, UTC, now=lambda: NOW)
            monitor.threads = self.threads
            return monitor

        self.window.follow(Source("a server", open_monitor, interval_ms=TICK_MS))

    def call(self, api_key: str = A, times: int = 1) -> None:
        """Log calls that have just been made."""
        at = NOW.replace(tzinfo=None)
        self.gateway.calls([(None, at, "m", api_key, True, 200, 100)] * times)

    def shows(self, calls: int) -> bool:
        """Tell whether the window shows so many calls in 24 hours, and that nothing is wrong."""
        return self.window.summary.day.figure == str(calls) and not self.window.banner.isVisible()

    def wait_for(self, calls: int) -> None:
        """Wait until the window shows so many calls, nobody having asked it for them."""
        self.qtbot.waitUntil(partial(self.shows, calls), timeout=20_000)

    def impatient(self) -> None:
        """Let those who read from now on wait for half a second only."""
        self.patch.setattr(database_module, "READ_LIMIT_S", 0.5)
        self.patch.setattr(server_reader, "_SOCKET_SLACK_S", 0.1)


@pytest.fixture
def scene(
    qtbot: QtBot,
    make_window: MakeWindow,
    make_gateway_server: MakeGatewayServer,
    second_server: MariaDb,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    def short_rest(failure: Failure, interval_s: float, chance: float) -> float | None:
        rest = rest_s(failure, interval_s, chance)
        return None if rest is None else rest / 50

    monkeypatch.setattr(poller_module, "rest_s", short_rest)
    window, poller = make_window()
    gateway = make_gateway_server([A, B])
    with FaultProxy(gateway.server.port) as proxy:
        scene = Scene(qtbot, window, poller, gateway, proxy, second_server, tmp_path, monkeypatch)
        scene.call(times=7)
        yield scene
        poller.stop()
        for clean in scene.after:
            clean()


def labels(widget: object) -> str:
    return "\n".join(one.text() for one in widget.findChildren(QLabel))  # type: ignore[attr-defined]


def buttons(scene: Scene) -> list[str]:
    return [one.text().replace("&", "") for one in scene.window.banner.findChildren(QPushButton) if one.isVisible()]


# A: at the start. Each returns where the window looks, and what ends the fault.

Begin = Callable[[Scene], tuple[ServerLocation, Callable[[], object]]]


def by_proxy(fault: Fault, reset_after: int = 0) -> Begin:
    def begin(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
        scene.impatient()
        scene.proxy.reset_after, scene.proxy.delay_s = reset_after, 10.0
        scene.proxy.fault = fault
        return scene.gateway.location_at(scene.proxy.port), lambda: setattr(scene.proxy, "fault", Fault.NONE)

    return begin


def unknown_name(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    is_known = threading.Event()

    def look_up(_host: str, port: int, **_: object) -> list[object]:
        if not is_known.is_set():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    scene.patch.setattr(socket, "getaddrinfo", look_up)
    place = f"gateway.example:{scene.gateway.server.port}/{scene.gateway.name}"
    return server_location(f"mysql://{READER}:{READER_PASSWORD}@{place}"), is_known.set


def missing_socket(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    path = scene.folder / "socket"
    place = f"localhost/{scene.gateway.name}?unix_socket={path}"
    location = server_location(f"mysql://{READER}:{READER_PASSWORD}@{place}")
    return location, lambda: path.symlink_to(scene.gateway.server.socket)


def full_account(scene: Scene) -> tuple[ServerLocation, Callable[[], object]]:
    scene.gateway.execute("CREATE OR REPLACE USER modest IDENTIFIED BY 'pw-canary' WITH MAX_USER_CONNECTIONS 1")
    scene.gateway.execute(f"GRANT SELECT ON {scene.gateway.name}.* TO modest")
    location = scene.gateway.location_for("modest", "pw-canary")
    other = Monitor(location, UTC, now=lambda: NOW)
    other.refresh()
    return location, other.close


AT_START: dict[str, tuple[Begin, str]] = {
    "refused": (by_proxy(Fault.REFUSED), "the server cannot be reached (connection refused)"),
    "unanswered": (by_proxy(Fault.UNANSWERED), "the server cannot be reached (no answer)"),
    "black hole": (by_proxy(Fault.SILENT), "no answer within 0.5 s"),
    "latency": (by_proxy(Fault.SLOW), "no answer within 0.5 s"),
    "reset": (by_proxy(Fault.RESET, 200), "the connection to the server was lost"),
    "unknown name": (unknown_name, "there is no host of that name"),
    "missing socket": (missing_socket, "the server cannot be reached (no such file or directory)"),
    "too many connections": (full_account, "the server takes no more connections"),
}


@pytest.mark.parametrize("name", AT_START)
def test_a_fault_at_the_start_is_told_and_passes(scene: Scene, name: str) -> None:
    begin, message = AT_START[name]
    location, end = begin(scene)
    with scene.qtbot.waitSignal(scene.poller.resting):
        scene.follow(location)
    banner = scene.window.banner
    assert message in banner.text
    assert scene.next_tries[0].startswith("Next try in ")
    assert buttons(scene) == ["Retry", "Open another…"]
    assert "no data yet" in labels(scene.window.status_line)
    assert {one.partition("_")[0] for one in scene.threads} == {"keymon-worker"}
    end()
    scene.wait_for(7)


def test_a_refused_account_is_not_tried_again_by_itself(scene: Scene) -> None:
    scene.gateway.execute("CREATE OR REPLACE USER late IDENTIFIED BY 'old-canary'")
    scene.gateway.execute(f"GRANT SELECT ON {scene.gateway.name}.* TO late")
    with scene.qtbot.waitSignal(scene.poller.resting) as told:
        scene.follow(scene.gateway.location_for("late", "new-canary"))
    assert told.args == [None]
    banner = scene.window.banner
    assert "the server refuses the account" in banner.text
    assert "canary" not in banner.text
    assert banner.next_try == "keymon does not try again by itself."
    assert buttons(scene) == ["Enter password…", "Retry", "Open another…"]
    assert not scene.poller._timer.isActive()
    scene.gateway.execute("ALTER USER late IDENTIFIED BY 'new-canary'")
    scene.window.banner.retry.emit()
    assert banner.next_try == "Trying…"
    scene.wait_for(7)


# B: in mid-session. Each returns what ends the fault.

Break = Callable[[Scene], Callable[[], object]]


def broken(fault: Fault, reset_after: int = 0) -> Break:
    def act(scene: Scene) -> Callable[[], object]:
        scene.proxy.reset_after, scene.proxy.delay_s = reset_after, 10.0
        scene.proxy.fault = fault
        return lambda: setattr(scene.proxy, "fault", Fault.NONE)

    return act


def killed(scene: Scene) -> Callable[[], object]:
    scene.gateway.server.kill()
    return partial(started_again, scene)


def stopped(scene: Scene) -> Callable[[], object]:
    scene.gateway.server.stop()
    return partial(started_again, scene)


def started_again(scene: Scene) -> None:
    scene.gateway.server.start()
    scene.gateway.reconnect()


def locked(scene: Scene) -> Callable[[], object]:
    scene.gateway.execute("LOCK TABLES t_request_log WRITE")
    return lambda: scene.gateway.execute("UNLOCK TABLES")


IN_SESSION: dict[str, tuple[Break, str]] = {
    "killed": (killed, ""),
    "stopped": (stopped, ""),
    "refused": (broken(Fault.REFUSED), "the server cannot be reached (connection refused)"),
    "reset in mid-result": (broken(Fault.RESET, 300), "the connection to the server was lost"),
    "latency": (broken(Fault.SLOW), "no answer within 0.5 s"),
    "silent": (broken(Fault.SILENT), "no answer within 0.5 s"),
    "over the server's limit": (locked, "no answer within 0.5 s"),
}


def on_second_server(scene: Scene) -> None:
    """Move to a server that no other test needs."""
    scene.gateway = scene.gateway.copied_to(scene.second_server)
    scene.proxy.point_at(scene.second_server.port)
    scene.after.append(scene.gateway.close)


@pytest.mark.parametrize("name", IN_SESSION)
def test_in_a_fault_the_figures_stay_marked_and_fresh_ones_come_by_themselves(scene: Scene, name: str) -> None:
    act, message = IN_SESSION[name]
    scene.impatient()
    on_second_server(scene)
    scene.follow()
    scene.wait_for(7)
    dialog = scene.window.open_details(A)
    with scene.qtbot.waitSignal(scene.poller.resting):
        end = act(scene)
    banner, since = scene.window.banner, f"{NOW.astimezone():%H:%M:%S}"
    assert message in banner.text
    assert f"The figures shown are those of {since}." in banner.text
    assert scene.next_tries[0].startswith("Next try in ")
    assert f"Stale since {since}" in labels(scene.window.status_line)
    assert scene.window.summary.day.figure == "7"
    assert all(since in card.toolTip() for card in scene.window.summary.findChildren(Card))
    assert dialog.state == "figures"
    assert "the database cannot be read now" in labels(dialog)
    end()
    scene.call()
    scene.wait_for(8)
    assert "Stale" not in labels(scene.window.status_line)
    assert not any(since in card.toolTip() for card in scene.window.summary.findChildren(Card))
    assert "the database cannot be read now" not in labels(dialog)
    assert {one.partition("_")[0] for one in scene.threads} == {"keymon-worker"}


def dropped(scene: Scene) -> None:
    scene.proxy.drop()


def restarted(scene: Scene) -> None:
    scene.gateway.restart()


def ended_by_the_server(scene: Scene) -> None:
    ids = "SELECT id FROM information_schema.processlist WHERE user = 'reader'"
    for (number,) in scene.gateway.execute(ids):
        scene.gateway.execute(f"KILL {number}")


@pytest.mark.parametrize("act", [dropped, restarted, ended_by_the_server])
def test_what_ends_a_connection_is_over_by_itself(scene: Scene, act: Callable[[Scene], None]) -> None:
    on_second_server(scene)
    scene.follow()
    scene.wait_for(7)
    act(scene)
    scene.call()
    scene.wait_for(8)


def test_a_failover_to_a_copy_goes_on(scene: Scene) -> None:
    scene.follow()
    scene.wait_for(7)
    on_second_server(scene)
    scene.call()
    scene.wait_for(8)


def test_a_failover_to_another_log_leaves_nothing_of_the_old_one(scene: Scene) -> None:
    scene.follow()
    scene.wait_for(7)
    dialog = scene.window.open_details(A)
    other = GatewayServer(scene.second_server, [B], name=scene.gateway.name)
    scene.after.append(other.close)
    other.calls([(None, NOW.replace(tzinfo=None), "other", B, True, 200, 100)] * 3)
    scene.proxy.point_at(scene.second_server.port)
    scene.wait_for(3)
    assert scene.window.snapshot is not None
    assert [one.key for one in scene.window.snapshot.keys] == [B]
    assert scene.window.snapshot.stats.usage(A) == ()
    assert dialog.state == "empty"
    assert "no longer in the gateway's pool" in dialog.evidence


# What does not answer holds nobody up


def look_up_for_ever(scene: Scene) -> Callable[[], bool]:
    asked, gate = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        asked.set()
        gate.wait(FOR_EVER_S)
        return []

    scene.patch.setattr(socket, "getaddrinfo", look_up)
    scene.after.append(gate.set)
    return asked.is_set


def connect_for_ever(scene: Scene) -> Callable[[], bool]:
    scene.proxy.fault = Fault.UNANSWERED
    return lambda: bool(scene.threads)


def wait_for_ever(fault: Fault) -> Callable[[Scene], Callable[[], bool]]:
    def act(scene: Scene) -> Callable[[], bool]:
        scene.proxy.delay_s = FOR_EVER_S
        scene.proxy.fault = fault
        return scene.proxy.held.is_set

    return act


HANGS: dict[str, Callable[[Scene], Callable[[], bool]]] = {
    "look-up": look_up_for_ever,
    "unanswered": connect_for_ever,
    "black hole": wait_for_ever(Fault.SILENT),
    "latency": wait_for_ever(Fault.SLOW),
}


@pytest.fixture
def hung(scene: Scene, request: pytest.FixtureRequest) -> Scene:
    """A window whose worker waits for an answer that does not come, and which goes on working meanwhile."""
    scene.patch.setattr(database_module, "READ_LIMIT_S", FOR_EVER_S)
    hangs = HANGS[request.param](scene)
    scene.follow()
    scene.qtbot.waitUntil(hangs)
    heartbeat = QTimer(scene.window)
    with scene.qtbot.waitSignals([heartbeat.timeout] * 3):
        heartbeat.start(0)
    heartbeat.stop()
    assert scene.poller._busy
    assert {one.partition("_")[0] for one in scene.threads} == {"keymon-worker"}
    return scene


@pytest.mark.parametrize("hung", HANGS, indirect=True)
def test_closing_the_window_does_not_wait_for_an_answer(hung: Scene) -> None:
    hung.window.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("keymon-worker")]


@pytest.mark.parametrize("hung", HANGS, indirect=True)
def test_another_gateway_does_not_wait_for_an_answer(hung: Scene, make_gateway: MakeGateway) -> None:
    path = make_gateway([A]).path
    with hung.qtbot.waitSignal(hung.poller.refreshed):
        hung.window.follow(Source("a file", lambda: Monitor(location_of(path), UTC, now=lambda: NOW)))
    assert hung.window.summary.total.figure == "1"


def test_closing_the_window_between_two_tries_ends_the_count(scene: Scene) -> None:
    scene.proxy.fault = Fault.REFUSED
    with scene.qtbot.waitSignal(scene.poller.resting):
        scene.follow()
    scene.window.close()
    assert not any(timer.isActive() for timer in scene.window.findChildren(QTimer))
