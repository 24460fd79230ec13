"""Builds the application and wires it: the only place where windows meet services."""

import gc
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from keymon.errors import KeymonError
from keymon.gui.main_window import MainWindow
from keymon.gui.theme import Theme, adopt_desktop, apply_theme

if TYPE_CHECKING:
    from keymon.demo import DemoGateway
    from keymon.gui.poller import Source
    from keymon.monitor import Monitor

__all__ = ["Session", "application", "demo_source", "run_window"]

DEMO_TITLE = "sample gateway"
_SIGNAL_CHECK_MS = 200


def application(arguments: Sequence[str] = ("keymon",), theme: Theme | None = None) -> QApplication:
    """Return the application, made if there is none yet, in the `theme`."""
    from keymon.gui.style import dress

    made = _bare_application(arguments)
    dress(made)
    apply_theme(made, theme)
    return made


def _bare_application(arguments: Sequence[str] = ("keymon",)) -> QApplication:
    running = QApplication.instance()
    made = running if isinstance(running, QApplication) else QApplication(list(arguments))
    made.setApplicationName("keymon")
    made.setOrganizationName("keymon")
    made.setDesktopFileName("keymon")
    return made


Gateway = Callable[[str | None], "Source"]
"""Makes the source of a gateway, given its zone as the operator wrote it; None to detect it."""


def run_window(gateway: Gateway | None, zone: str | None = None, title: str = "") -> int:
    """Open the main window on `gateway`, or on the welcome page; return the exit code when it is closed.

    `title` is what the gateway is called until it is followed.
    """
    app = _bare_application()
    adopt_desktop(app)
    window = MainWindow(QSettings())
    if gateway is not None:
        window.announce(title)
    window.first_painted.connect(partial(_complete, app, window, gateway, zone, title))
    window.show()
    _close_on_signals(window)
    try:
        return app.exec()
    finally:
        gc.enable()
        window.deleteLater()


def _complete(app: QApplication, window: MainWindow, gateway: Gateway | None, zone: str | None, title: str) -> None:
    """Build what has not been built for the sake of an early first paint, then follow the gateway."""
    from keymon.gui.poller import Poller
    from keymon.gui.style import dress

    dress(app)
    window.complete(Poller())
    session = Session(window, zone)
    gc.enable()
    if gateway is None:
        window.show_welcome()
    else:
        window.show_gateway(title)
        # Not before: opening imports SQLAlchemy, numpy and the driver, which would slow the paint down.
        window.all_painted.connect(partial(session.follow, gateway))


class Session:
    """Which gateway a window follows, and in which zone."""

    def __init__(self, window: MainWindow, zone: str | None = None) -> None:
        self._window, self._zone = window, zone
        self._gateway: Gateway | None = None
        window.file_chosen.connect(self._follow_file)
        window.env_chosen.connect(self._follow_env)
        window.demo_chosen.connect(partial(self.follow, demo_source))
        window.zone_chosen.connect(self._set_zone)

    def follow(self, gateway: Gateway) -> None:
        """Let the window follow `gateway`."""
        self._gateway = gateway
        self._window.follow(gateway(self._zone))

    def _follow_file(self, path: Path) -> None:
        from keymon.gui.poller import Source

        self.follow(lambda zone: Source(path.name, partial(_monitor_at, path, zone)))

    def _follow_env(self, path: Path) -> None:
        from keymon.database import locate_by_env

        try:
            self._follow_file(locate_by_env(path).path)
        except KeymonError as error:
            self._window.show_problem(error)

    def _set_zone(self, text: str) -> None:
        from keymon.gateway_clock import parse_zone

        try:
            if text:
                parse_zone(text)
        except KeymonError as error:
            self._window.show_problem(error)
            return
        self._zone = text or None
        if self._gateway is not None:
            self.follow(self._gateway)


def demo_source(zone: str | None = None) -> "Source":
    """Return the living sample gateway; it is made when it is opened and gone when it is closed."""
    from keymon.gui.poller import Source

    made: list[DemoGateway] = []

    def open_monitor() -> "Monitor":
        from keymon.demo import DemoGateway

        made.append(DemoGateway())
        return _monitor_at(made[-1].open(), zone)

    def close() -> None:
        for demo in made:
            demo.close()

    return Source(DEMO_TITLE, open_monitor, close)


def _monitor_at(path: Path, zone: str | None) -> "Monitor":
    from keymon.database import location_of
    from keymon.gateway_clock import parse_zone
    from keymon.monitor import Monitor

    return Monitor(location_of(path), parse_zone(zone) if zone else None)


def _close_on_signals(window: MainWindow) -> None:
    """Close the window properly on Ctrl+C in the terminal and on a request to terminate."""

    def close(_number: int, _frame: object) -> None:
        window.close()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, close)
    # Python runs signal handlers only between its own instructions: give it some.
    heartbeat = QTimer(window)
    heartbeat.timeout.connect(_nothing)
    heartbeat.start(_SIGNAL_CHECK_MS)


def _nothing() -> None:
    pass
