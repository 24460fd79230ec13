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
    from datetime import tzinfo

    from keymon.monitor import Monitor, Snapshot

__all__ = ["Source", "application", "demo_source", "render", "run_window"]

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


def run_window(source: Source | None, zone_of_files: "tzinfo | None" = None) -> int:
    """Open the main window on `source`, or on the welcome page, and return the exit code when it is closed.

    `zone_of_files` is the gateway's zone, where it was set, for databases that are opened in the window.
    """
    app = application()
    window = MainWindow(Poller(), QSettings())
    window.file_chosen.connect(partial(_follow_file, window, zone_of_files))
    window.env_chosen.connect(partial(_follow_env, window, zone_of_files))
    window.demo_chosen.connect(partial(_follow_demo, window))
    if source is not None:
        # Not before: opening imports SQLAlchemy, numpy and the driver, which slows the first paint down.
        window.first_painted.connect(partial(window.follow, source))
    window.show()
    _close_on_signals(window)
    try:
        return app.exec()
    finally:
        window.deleteLater()


def demo_source() -> Source:
    """Return the living sample gateway; it is made when it is opened and gone when it is closed."""
    from keymon.demo import DemoGateway

    demo = DemoGateway()
    return Source("sample gateway", lambda: _monitor_at(demo.open()), demo.close)


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
    """Print what Qt complains about, except that there is no window manager where there is no screen."""
    if text is not None and not text.startswith("This plugin does not support "):
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


def _monitor_at(path: Path, zone: "tzinfo | None" = None) -> "Monitor":
    from keymon.database import location_of
    from keymon.monitor import Monitor

    return Monitor(location_of(path), zone)


def _follow_file(window: MainWindow, zone: "tzinfo | None", path: Path) -> None:
    window.follow(Source(path.name, partial(_monitor_at, path, zone)))


def _follow_env(window: MainWindow, zone: "tzinfo | None", path: Path) -> None:
    from keymon.database import locate_by_env

    try:
        location = locate_by_env(path)
    except KeymonError as error:
        window.show_problem(error)
        return
    _follow_file(window, zone, location.path)


def _follow_demo(window: MainWindow) -> None:
    window.follow(demo_source())


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
