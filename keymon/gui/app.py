"""Builds the application and wires it: the only place where windows meet services."""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from keymon import DESKTOP_ID as DESKTOP_ID  # noqa: PLC0414 - handed on to whoever looks for it here
from keymon.display import platform_errors
from keymon.gui.main_window import MainWindow
from keymon.gui.theme import Theme, adopt, apply_theme
from keymon.gui.translation import language_of, speak
from keymon.gui.watch import Watch

if TYPE_CHECKING:
    from datetime import datetime

    from keymon.gateways import Gateway
    from keymon.gui.instances import Instance

_SIGNAL_CHECK_MS = 200
FIRST_PAINT_VARIABLE = "KEYMON_TELL_FIRST_PAINT"
"""For measurements: a window that finds it in its environment tells when it was painted first, and ends."""


def application(arguments: Sequence[str] = ("keymon",), theme: Theme | None = None) -> QApplication:
    """Return the application, made if there is none yet, in the `theme`."""
    from keymon.gui.style import dress

    made = _bare_application(arguments)
    dress(made)
    apply_theme(made, theme)
    return made


def _bare_application(arguments: Sequence[str] = ("keymon",)) -> QApplication:
    running = QApplication.instance()
    if running is None and sys.platform == "win32":
        _name_for_taskbar()
    if isinstance(running, QApplication):
        made = running
    else:
        with platform_errors():
            made = QApplication(list(arguments))
    made.setApplicationName("keymon")
    made.setOrganizationName("keymon")
    made.setDesktopFileName(DESKTOP_ID)
    return made


def _name_for_taskbar() -> None:
    """Let Windows group keymon's windows under keymon, not under Python; before the first of them."""
    import ctypes

    ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(DESKTOP_ID)  # type: ignore[attr-defined]


Naming = Callable[[], "Gateway"]
"""Gives the gateway to begin with; what that takes to import is not there before the first paint."""


def run_window(
    naming: Naming | None,
    title: str = "",
    gateway_tz: str | None = None,
    as_of: "datetime | None" = None,
    about: str | None = None,
) -> int:
    """Open the main window on the gateway that `naming` gives; return the exit code when the window is closed.

    With no `naming` it is the profile that was followed last, and where there is none the operator is asked. `title`
    is what the gateway is called until it is followed; `gateway_tz` and `as_of` are as on the command line. Where a
    window that was started with the same `about` is open already, that is raised instead; None: it is not looked for.
    """
    instance = _instance(about)
    if instance is not None and not instance.is_first():
        if instance.raise_first():
            return 0
        if not instance.is_first():
            print("keymon: its other window does not answer, so this is a second one", file=sys.stderr)
    app = _bare_application()
    window = MainWindow(QSettings())
    watch = Watch(window)
    try:
        speak(language_of(window.state.language))
        if instance is not None:
            window.all_painted.connect(instance.listen)
            instance.raise_wanted.connect(partial(_raise, window, instance))
        adopt(app, window.state.theme)
        if naming is not None:
            window.announce(title)
        window.first_painted.connect(partial(_complete, app, window, naming, title, gateway_tz, as_of))
        if FIRST_PAINT_VARIABLE in os.environ:
            window.first_painted.connect(_tell_first_paint)
        window.all_painted.connect(watch.begin)
        _close_on_signals(window)
        window.show()
        return app.exec()
    finally:
        gc.enable()
        watch.close()
        window.deleteLater()
        if instance is not None:
            instance.close()


def _instance(about: str | None) -> "Instance | None":
    """Return this start among others; None where others do not matter, or there is no place to meet."""
    if about is None:
        return None
    from keymon.gui.instances import Instance

    try:
        return Instance(about)
    except (OSError, KeyError):
        return None


def _raise(window: MainWindow, instance: "Instance") -> None:
    window.come_to_front()
    instance.raised()


def _complete(
    app: QApplication,
    window: MainWindow,
    naming: Naming | None,
    title: str,
    gateway_tz: str | None,
    as_of: "datetime | None",
) -> None:
    """Build what has not been built for the sake of an early first paint, then follow the gateway."""
    from keymon.gui.garbage import Garbage
    from keymon.gui.poller import Poller
    from keymon.gui.session import Session
    from keymon.gui.style import dress

    dress(app)
    if window.state.theme is not None:
        apply_theme(app, window.state.theme)
    window.complete(Poller())
    window.state.check_writable()
    window.tell_of_settings()
    session = Session(window, gateway_tz, as_of)
    Garbage(window)
    if naming is not None:
        window.show_gateway(title)
    # Not before: opening imports SQLAlchemy, numpy and the driver, which would slow the paint down.
    window.all_painted.connect(lambda: session.begin(naming() if naming is not None else None))


def _close_on_signals(window: MainWindow) -> None:
    """Close the window properly on Ctrl+C in the terminal and on a request to terminate, even before it is shown."""

    def close(_number: int, _frame: object) -> None:
        # Not at once: a window that is not shown yet would be shown after all.
        QTimer.singleShot(0, window, window.close)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, close)
    # Python runs signal handlers only between its own instructions: give it some.
    heartbeat = QTimer(window)
    heartbeat.timeout.connect(_nothing)
    heartbeat.start(_SIGNAL_CHECK_MS)


def _tell_first_paint() -> None:
    print(time.monotonic(), flush=True)
    os._exit(0)


def _nothing() -> None:
    pass
