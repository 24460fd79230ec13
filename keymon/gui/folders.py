"""Folders that the desktop is asked to show."""

from contextlib import suppress

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from keymon.crashes import log_folder
from keymon.gui.translation import tr
from keymon.masking import visible


def show_log_folder() -> str:
    """Let the desktop show the folder of the log, and return words that say where it is."""
    folder = log_folder()
    with suppress(OSError):  # then there is none to be shown
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shown = visible(str(folder), 400)
    if folder.is_dir() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        return tr("The log is in {folder}").format(folder=shown)
    return tr("The desktop cannot show the folder of the log: {folder}").format(folder=shown)
