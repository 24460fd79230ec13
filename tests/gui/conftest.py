"""Guards for every test of a window: nothing may be left behind."""

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QSettings, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from keymon.gui.app import application
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application as the program itself sets it up."""
    return application(theme="light")


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


MakeWindow = Callable[[], MainWindow]


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """A main window with a poller that refreshes only when a test asks for it, closed afterwards."""
    poller = Poller(interval_ms=3_600_000)
    made = MainWindow(poller, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    made.show()
    yield made
    made.close()
    made.deleteLater()
