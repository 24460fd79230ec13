"""Guards for every test of a window, and a bench: a real gateway file, a real worker, the window on it."""

import gc
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QSettings, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from keymon.gui.app import application
from keymon.gui.garbage import Garbage
from keymon.gui.key_table import KeyTable
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller, Source
from keymon.gui.request import Request
from keymon.locations import location_of
from keymon.monitor import Monitor, Snapshot
from tests.conftest import MakeGateway
from tests.gateway_file import GatewayFile, key
from tests.gui.connections import connections

__all__ = ["connections"]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application as the program itself sets it up."""
    made = application(theme="light")
    Garbage(made)
    return made


def focused() -> QWidget:
    """Return the widget that has the keyboard."""
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


@pytest.fixture(autouse=True)
def nothing_left_behind(qtbot: QtBot) -> Iterator[None]:
    """Fail a test that leaves a thread, a running timer or a top-level widget."""
    threads = set(threading.enumerate())
    widgets = set(map(id, QApplication.topLevelWidgets()))
    yield
    gc.collect()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    assert set(threading.enumerate()) <= threads, "threads left"
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in widgets]
    assert not [widget for widget in left if widget.isVisible()], "widgets left"
    timers = [timer for widget in left for timer in widget.findChildren(QTimer) if timer.isActive()]
    assert not timers, "timers left"


class Bench:
    """A gateway whose clock shows UTC, the time in our hands, and a window that refreshes when it is asked to."""

    def __init__(self, qtbot: QtBot, window: MainWindow, poller: Poller, make_gateway: MakeGateway) -> None:
        self.qtbot = qtbot
        self.window = window
        self.poller = poller
        self.now = NOW
        self.opened: list[Path] = []
        self._make_gateway = make_gateway

    def gateway(self, keys: int = 3, name: str = "gateway.db", **settings: str) -> GatewayFile:
        """Make a gateway with as many keys."""
        return self._make_gateway([key(i) for i in range(keys)], name, **settings)

    def source(self, path: Path) -> Source:
        """Return what the window follows to show the gateway at `path`."""

        def open_monitor() -> Monitor:
            self.opened.append(path)
            return Monitor(location_of(path), UTC, now=lambda: self.now)

        return Source(path.name, open_monitor)

    def follow(self, gateway: GatewayFile) -> Snapshot:
        """Show a gateway and wait for its figures."""
        return self.follow_path(gateway.path)

    def follow_path(self, path: Path) -> Snapshot:
        """Show the gateway whose file is at `path` and wait for its figures."""
        with self.qtbot.waitSignal(self.poller.refreshed):
            self.window.follow(self.source(path))
        return self.snapshot

    def fail(self, path: Path) -> None:
        """Show what cannot be shown and wait for the failure."""
        with self.qtbot.waitSignal(self.poller.failed):
            self.window.follow(self.source(path))

    def refresh(self) -> Snapshot:
        """Refresh and wait for the figures."""
        with self.qtbot.waitSignal(self.poller.refreshed):
            self.poller.refresh()
        return self.snapshot

    def settle(self) -> None:
        """Wait until the worker has answered all that it was asked."""
        answers: list[object] = []
        self.poller.ask(Request(lambda _: None, answers.append, answers.append))
        self.qtbot.waitUntil(lambda: len(answers) == 1)

    def scroll(self, table: KeyTable, to: int) -> None:
        """Scroll a table once it knows how far that goes."""
        bar = table.verticalScrollBar()
        self.qtbot.waitUntil(lambda: bar.maximum() >= to and table.rowAt(0) == 0)
        bar.setValue(to)

    @property
    def snapshot(self) -> Snapshot:
        """What the window shows."""
        assert self.window.snapshot is not None
        return self.window.snapshot


def select(table: KeyTable, row: int, also: bool = False) -> None:
    """Select a row, whatever keys an earlier test has left pressed."""
    flag = QItemSelectionModel.SelectionFlag
    how = (flag.Select if also else flag.ClearAndSelect) | flag.Rows
    table.selectionModel().setCurrentIndex(table.keys.index(row, 0), how)


def call(
    gateway: GatewayFile,
    number: int,
    times: int = 1,
    status: object = 200,
    model: object = "gemini-2.5-flash",
    ago: timedelta = timedelta(minutes=1),
) -> None:
    """Log calls of a key that started `ago`, a second apart."""
    started = ((NOW - ago).replace(tzinfo=None) + timedelta(seconds=i) for i in range(times))
    gateway.calls([(None, f"{at:%F %T.%f}", model, key(number), status == 200, status, 100) for at in started])


def invalidate(gateway: GatewayFile, *numbers: int) -> None:
    """Log as many failures of each key as make it invalid."""
    for one in numbers:
        call(gateway, one, times=3, status=400)


def mend(gateway: GatewayFile, number: int) -> None:
    """Log a passed health check of an invalid key."""
    call(gateway, number, model="gemini-2.5-flash-lite", ago=timedelta(seconds=10))


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Where the window keeps its geometry."""
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


MakeWindow = Callable[[], tuple[MainWindow, Poller]]


@pytest.fixture
def make_window(qtbot: QtBot, settings: QSettings) -> Iterator[MakeWindow]:
    """Make main windows with pollers that refresh only when a test asks for it, closed afterwards."""
    made: list[MainWindow] = []

    def make() -> tuple[MainWindow, Poller]:
        poller = Poller(interval_ms=3_600_000)
        window = MainWindow(settings)
        window.complete(poller)
        window.show_welcome()
        window.show()
        qtbot.waitExposed(window)
        made.append(window)
        return window, poller

    yield make
    for window in made:
        window.close()
        window.deleteLater()


@pytest.fixture
def bench(qtbot: QtBot, make_window: MakeWindow, make_gateway: MakeGateway) -> Iterator[Bench]:
    """A window, and gateways to show in it."""
    window, poller = make_window()
    yield Bench(qtbot, window, poller, make_gateway)
    QGuiApplication.clipboard().clear()
