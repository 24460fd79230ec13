"""keymon in a process of its own, in which something goes wrong: `python -m tests.faults.own_faults FAULT ARGUMENTS`.

Prints as JSON what the operator was told, and closes the window as the operator would.
"""

import ctypes
import faulthandler
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer, qFatal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from keymon.cli import main
from keymon.gui.fault_dialog import FaultDialog
from keymon.gui.main_window import MainWindow
from keymon.known_secrets import remember_password

CANARY = "the password of a canary"
_LIMIT_MS = 30_000


def fail(*_: object) -> None:
    """Go wrong, with a secret in what is said of it."""
    password = CANARY
    raise ValueError(f"it was {password}")


class Broken(QWidget):
    """A widget that cannot be drawn."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        fail()


class Odd:
    """What cannot be thrown away."""

    def __del__(self) -> None:
        fail()


def in_thread() -> None:
    threading.Thread(target=fail).start()


def in_painting() -> None:
    broken = Broken(the_window())
    broken.resize(20, 20)
    broken.show()


def twice_and_another() -> None:
    for _ in range(2):
        QTimer.singleShot(0, fail)
    QTimer.singleShot(0, in_thread)


def in_throwing_away() -> None:
    Odd()


WHILE_OPEN: dict[str, Callable[[], object]] = {
    "slot": fail,
    "thread": in_thread,
    "painting": in_painting,
    "throwing away": in_throwing_away,
    "several": twice_and_another,
}
"""What keymon goes on after."""
ENDS: dict[str, Callable[[], object]] = {
    "segmentation fault": faulthandler._sigsegv,  # type: ignore[attr-defined]
    "null pointer": partial(ctypes.string_at, 0),
    "abort": os.abort,
    "fatal to Qt": partial(qFatal, f"it was {CANARY}"),
    "killed": partial(os.kill, os.getpid(), signal.SIGKILL),
}
"""What keymon does not survive."""


METHODS = {"before": "__init__", "first paint": "paintEvent", "building": "complete", "closing": "closeEvent"}
"""Of the main window, which fail."""


class Operator(QObject):
    """Does `fault` once there are figures, waits until it is told and there are newer figures, and closes."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self._fault = fault
        self._is_done = False
        self._refreshes = 0
        self._told: list[tuple[str, str]] = []
        self._look = QTimer(self)
        self._look.timeout.connect(self.look)
        QTimer.singleShot(_LIMIT_MS, self, lambda: os._exit(99))

    def begin(self) -> None:
        self._look.start(10)

    def look(self) -> None:
        dialogs = [one for one in QApplication.topLevelWidgets() if isinstance(one, FaultDialog) and one.isVisible()]
        window = the_window()
        if dialogs and (not dialogs[0].close_button.isVisible() or window is None or not window.isVisible()):
            self._tell(dialogs)  # that there is no window
            dialogs[0].close()
        elif window is not None and window.snapshot is not None and window.isVisible():
            self._go_on(window, dialogs)

    def _go_on(self, window: MainWindow, dialogs: list[FaultDialog]) -> None:
        if not self._is_done:
            self._is_done = True
            window.poller.refreshed.connect(self._count)
            QTimer.singleShot(0, WHILE_OPEN.get(self._fault, ENDS.get(self._fault, bool)))
        elif self._refreshes < 2:
            window.poller.refresh()
        elif dialogs or self._fault not in WHILE_OPEN:
            if dialogs:
                self._tell(dialogs)
            window.close()

    def _count(self) -> None:
        self._refreshes += 1

    def _tell(self, dialogs: list[FaultDialog]) -> None:
        told = [[one.title.text(), one.more.text(), one.report.toPlainText()] for one in dialogs]
        print(json.dumps(told), flush=True)


def the_window() -> MainWindow | None:
    windows = [one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow)]
    return windows[0] if windows else None


def run(fault: str, arguments: list[str]) -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    remember_password(CANARY)
    if fault in METHODS:
        setattr(MainWindow, METHODS[fault], fail)
    made: list[Operator] = []
    show = MainWindow.show

    def show_and_begin(window: MainWindow) -> None:
        made.append(Operator(fault))
        made[0].begin()
        show(window)

    setattr(MainWindow, "show", show_and_begin)  # noqa: B010 - mypy takes it for that of QWidget
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
