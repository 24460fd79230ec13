"""Draws the windows into files, for the README and for whoever has no display."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QMessageLogContext, QSettings, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QWidget

from keymon.errors import ExportError, OutputError
from keymon.export import output_file
from keymon.gui.app import application
from keymon.gui.main_window import MainWindow
from keymon.gui.poller import Poller
from keymon.gui.theme import Theme
from keymon.masking import visible

if TYPE_CHECKING:
    from keymon.monitor import Monitor, Snapshot


def render(monitor: "Monitor", title: str, folder: Path, theme: Theme) -> list[Path]:
    """Draw the main window and the busiest key's details as PNG files into `folder`; return their paths.

    Raises `OutputError`, and what reading the gateway raises.
    """
    told_before = qInstallMessageHandler(tell_qt_message)
    try:
        snapshot = monitor.refresh()
        application(theme=theme)
        window = MainWindow(QSettings(str(folder / "unused.ini"), QSettings.Format.IniFormat))
        window.complete(Poller())
        try:
            return _render(window, monitor, snapshot, title, folder, theme)
        finally:
            window.discard()
    finally:
        qInstallMessageHandler(told_before)


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
        told_by = busiest.verdict.told_by
        if told_by is not None:
            dialog.show_error_text(monitor.error_text(busiest.key, told_by.started_at))
        made.append(_save(dialog, folder / f"details-{theme}.png"))
    return made


def tell_qt_message(_kind: QtMsgType, _context: QMessageLogContext, text: str | None) -> None:
    """Print what Qt complains about, except for the locale, and for what cannot be done without a screen."""
    if text is not None and not text.startswith(("This plugin does not support ", "Detected locale ")):
        print(text, file=sys.stderr)


def _save(widget: QWidget, path: Path) -> Path:
    QApplication.processEvents()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=visible(str(path.parent)), reason=error.strerror) from None
    save_picture(widget, path)
    return path


def save_picture(widget: QWidget, path: Path) -> None:
    """Draw a widget into a file, which is there whole or not at all. Raises `ExportError`."""
    content = QBuffer()
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    if not widget.grab().save(content, "PNG"):
        raise ExportError(path=visible(str(path)), reason="the image could not be made")
    with output_file(path) as file:
        file.write(bytes(content.data().data()))
