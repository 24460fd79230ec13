"""A window that follows a gateway on a real server, by way of a proxy that has the faults of networks.

A test module that uses `scene` imports it by name. The gateway itself writes to its server directly: what happens to
the proxy must cost it nothing.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from keymon import database as database_module
from keymon import server_reader
from keymon.gui import poller as poller_module
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller, Source
from keymon.locations import ServerLocation
from keymon.monitor import Monitor, Snapshot
from keymon.retry import Failure, rest_s
from tests.conftest import MakeGatewayServer
from tests.fault_proxy import Fault, FaultProxy
from tests.gateway_file import key
from tests.gateway_server import GatewayServer
from tests.gui.conftest import MakeWindow
from tests.mariadb import MariaDb

A, B = key(0), key(1)
FOR_EVER_S = 1_000.0
TICK_MS = 20
_LIMIT_MS = 20_000


class WatchedMonitor(Monitor):
    """A real monitor that notes which threads use it."""

    threads: set[str]

    def refresh(self, patience: float | None = None, progress: Callable[[int, float], None] | None = None) -> Snapshot:
        self.threads.add(threading.current_thread().name)
        return super().refresh(patience, progress)


@dataclass
class Scene:
    """A window, and a gateway's database on a server to which a proxy leads. Seven calls have been logged of `A`."""

    qtbot: QtBot
    window: MainWindow
    poller: Poller
    gateway: GatewayServer
    proxy: FaultProxy
    second_server: MariaDb
    folder: Path
    patch: pytest.MonkeyPatch
    model_testers: Callable[[MainWindow], None]
    threads: set[str] = field(default_factory=set)
    after: list[Callable[[], object]] = field(default_factory=list)
    next_tries: list[str] = field(default_factory=list)
    """What the banner said of the next try, each time that it began to rest."""
    rests: list[float | None] = field(default_factory=list)
    """For how long it would have rested, in seconds."""

    def __post_init__(self) -> None:
        self.poller.resting.connect(self._note_next_try)

    def _note_next_try(self, _rest: object) -> None:
        self.next_tries.append(self.window.banner.next_try)

    def follow(self, location: ServerLocation | None = None) -> None:
        """Let the window follow the gateway, by way of the proxy, and refresh 50 times a second."""
        place = self.gateway.location_at(self.proxy.port) if location is None else location

        def open_monitor() -> Monitor:
            monitor = WatchedMonitor(place, UTC)
            monitor.threads = self.threads
            return monitor

        self.window.follow(Source("a server", open_monitor, interval_ms=TICK_MS))

    @property
    def now(self) -> datetime:
        """The time as the gateway writes it down."""
        return datetime.now(UTC).replace(tzinfo=None)

    def call(self, api_key: str = A, times: int = 1) -> None:
        """Log calls that have just been made."""
        self.gateway.calls([(None, self.now, "m", api_key, True, 200, 100)] * times)

    def shows(self, calls: int) -> bool:
        """Tell whether the window shows so many calls of the pool, and that nothing is wrong."""
        snapshot = self.window.snapshot
        if snapshot is None or self.window.banner.isVisible():
            return False
        return sum(one.calls_24h.total for one in snapshot.keys) == calls

    def wait_for(self, calls: int) -> None:
        """Wait until the window shows so many calls, nobody having asked it for them."""
        self.qtbot.waitUntil(partial(self.shows, calls), timeout=_LIMIT_MS)
        self.model_testers(self.window)

    def fails(self, act: Callable[[], object]) -> object:
        """Wait until what `act` begins has failed and the rest has begun; return what `act` returned."""
        with self.qtbot.waitSignal(self.poller.resting, timeout=_LIMIT_MS):
            return act()

    @property
    def since(self) -> str:
        """Of when the figures are that are shown."""
        assert self.window.snapshot is not None
        return f"{self.window.snapshot.as_of.astimezone():%H:%M:%S}"

    @property
    def used_by_workers_only(self) -> bool:
        """Whether nobody but a worker has read the database."""
        return {one.partition("_")[0] for one in self.threads} == {"keymon-worker"}

    def impatient(self) -> None:
        """Let those who read from now on wait for half a second only."""
        self.patch.setattr(database_module, "READ_LIMIT_S", 0.5)
        self.patch.setattr(server_reader, "_SOCKET_SLACK_S", 0.1)

    def move_to_second_server(self) -> None:
        """Move to a server that no other test needs, as replication and a failover do."""
        self.gateway = self.gateway.copied_to(self.second_server)
        self.proxy.point_at(self.second_server.port)
        self.after.append(partial(self._close_on_second_server, self.gateway))

    def _close_on_second_server(self, gateway: GatewayServer) -> None:
        """Leave the server as it was found, also where a test has failed while it was away."""
        if self.second_server._process is None:
            self.second_server.start()
            gateway.reconnect()
        gateway.close()

    def start_server_again(self) -> None:
        """Start the server again that was stopped or killed."""
        self.gateway.server.start()
        self.gateway.reconnect()

    def break_way(self, fault: Fault, reset_after: int = 0) -> Callable[[], None]:
        """Break the way to the server; return what mends it."""
        self.proxy.reset_after, self.proxy.delay_s = reset_after, 10.0
        self.proxy.fault = fault
        return self.mend_way

    def mend_way(self) -> None:
        """Let everything pass again."""
        self.proxy.fault = Fault.NONE


@pytest.fixture
def scene(
    qtbot: QtBot,
    make_window: MakeWindow,
    make_gateway_server: MakeGatewayServer,
    second_server: MariaDb,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model_testers: Callable[[MainWindow], None],
) -> Iterator[Scene]:
    """A window, a gateway, and a proxy between them; the window rests for a fiftieth of the usual time."""

    def short_rest(failure: Failure, interval_s: float, chance: float) -> float | None:
        rest = rest_s(failure, interval_s, chance)
        rests.append(rest)
        return None if rest is None else rest / 50

    rests: list[float | None] = []
    monkeypatch.setattr(poller_module, "rest_s", short_rest)
    window, poller = make_window()
    gateway = make_gateway_server([A, B])
    with FaultProxy(gateway.server.port) as proxy:
        scene = Scene(qtbot, window, poller, gateway, proxy, second_server, tmp_path, monkeypatch, model_testers)
        scene.rests = rests
        scene.call(times=7)
        yield scene
        poller.stop()
        for clean in scene.after:
            clean()


def labels(widget: object) -> str:
    """Return all that the labels in a widget say."""
    return "\n".join(one.text() for one in widget.findChildren(QLabel))  # type: ignore[attr-defined]


def buttons(scene: Scene) -> list[str]:
    """Return what the buttons of the banner say."""
    return [one.text().replace("&", "") for one in scene.window.banner.findChildren(QPushButton) if one.isVisible()]


# What hangs. Each returns what tells that it does.

Hang = Callable[[Scene], Callable[[], bool]]


def look_up_for_ever(scene: Scene) -> Callable[[], bool]:
    """Let the name server never answer."""
    asked, gate = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        asked.set()
        gate.wait(FOR_EVER_S)
        return []

    scene.patch.setattr(socket, "getaddrinfo", look_up)
    scene.after.append(gate.set)
    return asked.is_set


def connect_for_ever(scene: Scene) -> Callable[[], bool]:
    """Let attempts to connect be answered by nobody."""
    scene.proxy.fault = Fault.UNANSWERED
    return lambda: bool(scene.threads)


def wait_for_ever(fault: Fault) -> Hang:
    """Let answers never come."""

    def act(scene: Scene) -> Callable[[], bool]:
        scene.proxy.delay_s = FOR_EVER_S
        scene.proxy.fault = fault
        return scene.proxy.held.is_set

    return act


def read_for_ever(scene: Scene) -> Callable[[], bool]:
    """Let the server itself never answer, as where somebody has locked the table."""
    scene.gateway.execute("LOCK TABLES t_request_log WRITE")

    def unlock() -> None:
        with suppress(OSError):
            scene.gateway.execute("UNLOCK TABLES")

    scene.after.append(unlock)
    waiting = "SELECT id FROM information_schema.processlist WHERE user = 'reader' AND info LIKE '%%t_request_log%%'"
    return lambda: bool(scene.gateway.execute(waiting))


HANGS: dict[str, Hang] = {
    "look-up": look_up_for_ever,
    "unanswered": connect_for_ever,
    "black hole": wait_for_ever(Fault.SILENT),
    "latency": wait_for_ever(Fault.SLOW),
    "a lock on the server": read_for_ever,
}
