"""Dialogs that the main window opens: which file, which zone, what is wrong, what keymon is."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from keymon import __version__
from keymon.gui.translation import error_advice, error_text, tr
from keymon.log import whereabouts
from keymon.versions import versions


def ask_file(parent: QWidget, chosen: Callable[[Path], object]) -> None:
    """Let the operator choose a gateway's database."""
    name, _ = QFileDialog.getOpenFileName(parent, tr("Open a gateway's database"))
    if name:
        chosen(Path(name))


def ask_env(parent: QWidget, chosen: Callable[[Path], object]) -> None:
    """Let the operator choose a gateway's `.env`, which is hidden from an ordinary dialog."""
    dialog = QFileDialog(parent, tr("Open by a gateway's .env"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setFilter(dialog.filter() | dialog.filter().Hidden)
    if dialog.exec():
        chosen(Path(dialog.selectedFiles()[0]))
    dialog.deleteLater()


def ask_zone(parent: QWidget, zone: str, chosen: Callable[[str], object]) -> None:
    """Let the operator say in which zone the gateway runs; `zone` is what was said before, empty where detected."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(tr("The gateway's time zone"))
    dialog.setLabelText(tr("A name such as Asia/Shanghai, or an offset such as +08:00:"))
    detect = tr("Detect it")
    dialog.setComboBoxItems([detect, "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York"])
    dialog.setComboBoxEditable(True)
    if zone:
        dialog.setTextValue(zone)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.textValueSelected.connect(lambda text: chosen("" if text == detect else text))
    dialog.open()


def ask_to_save(parent: QWidget, name: str, answered: Callable[[int], object]) -> None:
    """Ask what becomes of the changes to `name`; `answered` is told Save, Discard or Cancel of `QMessageBox`."""
    box = QMessageBox(QMessageBox.Icon.Question, "keymon", "", parent=parent)
    box.setObjectName("leave")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(tr("Save the changes to “{name}”?").format(name=name))
    buttons = QMessageBox.StandardButton
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.setDefaultButton(buttons.Save)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.finished.connect(answered)
    box.open()


def tell_problem(parent: QWidget, error: BaseException) -> None:
    """Tell why what was asked for cannot be done."""
    box = QMessageBox(QMessageBox.Icon.Warning, "keymon", error_text(error), parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(error_advice(error))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()


def tell_what_was_printed(text: str) -> None:
    """Show what a program without a console had to say, and wait until it has been read."""
    from keymon.gui.app import application

    application()
    box = QMessageBox(QMessageBox.Icon.Information, "keymon", text.strip())
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.exec()


def tell_about(parent: QWidget) -> None:
    """Tell what keymon is, and which version."""
    name = f"keymon {__version__}"
    box = QMessageBox(QMessageBox.Icon.NoIcon, name, name, QMessageBox.StandardButton.Close, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIconPixmap(parent.windowIcon().pixmap(64, 64))
    box.setDetailedText(f"{versions()}\nLog: {whereabouts()}")
    box.setInformativeText(
        tr("Watches the API keys of a gemini-balance gateway. It only ever reads the gateway's database.")
    )
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
