"""Builds the application and wires it: the only place where windows meet services."""

import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QSettings, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QWidget

from keymon.errors import KeymonError, OutputError
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller, Source
from keymon.gui.theme import KeymonStyle, Theme, apply_theme
from keymon.masking import visible
from keymon.resources import resource

if TYPE_CHECKING:
    from keymon.monitor import Monitor, Snapshot

__all__ = ["Session", "Source", "application", "demo_source", "render", "run_window"]

_SIGNAL_CHECK_MS = 200


def application(arguments: Sequence[str] = ("keymon",), theme: Theme | None = None) -> QApplication:
    """Return the application, made if there is none yet, in the `theme`."""
    running = QApplication.instance()
    made = running if isinstance(running, QApplication) else QApplication(list(arguments))
    made.setApplicationName("keymon")
    made.setOrganizationName("keymon")
    made.setDesktopFileName("keymon")
    made.setWindowIcon(QIcon(str(resource("keymon.svg"))))
    if sys.platform.startswith("linux"):
        made.setStyle(KeymonStyle())
    apply_theme(made, theme)
    return made


Gateway = Callable[[str | None], Source]
"""Makes the source of a gateway, given its zone as the operator wrote it; None to detect it."""


def run_window(gateway: Gateway | None, zone: str | None = None) -> int:
    """Open the main window on `gateway`, or on the welcome page; return the exit code when it is closed."""
    app = application()
    window = MainWindow(Poller(), QSettings())
    session = Session(window, zone)
    if gateway is not None:
        window.show_gateway(gateway(zone).title)
        # Not before: opening imports SQLAlchemy, numpy and the driver, which slows the first paint down.
        window.first_painted.connect(partial(session.follow, gateway))
    window.show()
    _close_on_signals(window)
    try:
        return app.exec()
    finally:
        window.deleteLater()


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


def demo_source(zone: str | None = None) -> Source:
    """Return the living sample gateway; it is made when it is opened and gone when it is closed."""
    from keymon.demo import DemoGateway

    demo = DemoGateway()
    return Source("sample gateway", lambda: _monitor_at(demo.open(), zone), demo.close)


def render(open_monitor: "Callable[[], Monitor]", title: str, folder: Path, theme: Theme) -> list[Path]:
    """Draw the main window and the busiest key's details as PNG files into `folder`; return their paths.

    Raises `OutputError`, and what reading the gateway raises.
    """
    monitor = open_monitor()
    told_before = qInstallMessageHandler(_tell_qt_message)
    try:
        snapshot = monitor.refresh()
        application(theme=theme)
        window = MainWindow(Poller(), QSettings(str(folder / "unused.ini"), QSettings.Format.IniFormat))
        try:
            return _render(window, monitor, snapshot, title, folder, theme)
        finally:
            window.discard()
    finally:
        qInstallMessageHandler(told_before)
        monitor.close()


def _render(
    window: MainWindow, monitor: "Monitor", snapshot: "Snapshot", title: str, folder: Path, theme: Theme
) -> list[Path]:
    window.show_gateway(title)
    window.show()
    window.show_snapshot(snapshot)
    made = [_save(window, folder / f"main-window-{theme}.png")]
    busiest = max(snapshot.keys, key=lambda figures: figures.calls_24h.total, default=None)
    if busiest is not None:
        dialog = window.open_details(busiest.key)
        failed_at = busiest.verdict.last_failure_at
        if failed_at is not None:
            dialog.show_error_text(failed_at, monitor.error_text(busiest.key, failed_at, 600_000))
        made.append(_save(dialog, folder / f"details-{theme}.png"))
    return made


def _tell_qt_message(_kind: QtMsgType, _context: QMessageLogContext, text: str | None) -> None:
    """Print what Qt complains about, except for the locale, and for what cannot be done without a screen."""
    if text is not None and not text.startswith(("This plugin does not support ", "Detected locale ")):
        print(text, file=sys.stderr)


def _save(widget: QWidget, path: Path) -> Path:
    QApplication.processEvents()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=visible(str(path.parent)), reason=error.strerror) from None
    if not widget.grab().save(str(path), "PNG"):
        raise OutputError(path=visible(str(path)), reason="the image could not be saved")
    return path


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
