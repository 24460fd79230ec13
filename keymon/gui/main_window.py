"""The main window: summary, banner, valid and invalid keys, status line; details dialogs hang off it.

It is drawn before anything is read, shows what snapshots say, and never asks a database. While keys are
selected rows stay where they are, so that nothing moves under the pointer.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QInputDialog,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from keymon import __version__
from keymon.gui.banner import Banner
from keymon.gui.clipboard import SecretClipboard
from keymon.gui.details_dialog import DetailsDialog
from keymon.gui.key_panel import KeyPanel
from keymon.gui.menus import build_menus
from keymon.gui.poller import Poller, Source
from keymon.gui.shortcuts import ShortcutsDialog
from keymon.gui.status_line import StatusLine
from keymon.gui.summary import SummaryStrip
from keymon.gui.theme import apply_theme
from keymon.gui.translation import error_advice, error_text, number, tr
from keymon.gui.welcome import WelcomePage
from keymon.masking import visible

if TYPE_CHECKING:
    from keymon.monitor import Snapshot


class MainWindow(QMainWindow):
    """One gateway at a time.

    `file_chosen(path)`, `env_chosen(path)` and `demo_chosen()` ask for another gateway, `zone_chosen(text)`
    for another reading of its times (empty: detect it); `first_painted()` tells that the window can be seen.
    `settings` keeps geometry and header state only.
    """

    file_chosen = Signal(Path)
    env_chosen = Signal(Path)
    demo_chosen = Signal()
    zone_chosen = Signal(str)
    first_painted = Signal()

    def __init__(self, poller: Poller, settings: QSettings) -> None:
        super().__init__()
        self.poller = poller
        self._settings = settings
        self._snapshot: Snapshot | None = None
        self._failure: BaseException | None = None
        self._is_painted = False
        self.dialogs: dict[str, DetailsDialog] = {}
        self.clipboard = SecretClipboard(self)
        self.setWindowTitle("keymon")
        self._build()
        self.pause_action = build_menus(self)
        self._connect()
        self._restore()

    def _build(self) -> None:
        self.welcome = WelcomePage()
        self.summary = SummaryStrip()
        self.banner = Banner()
        self.panel = KeyPanel()
        self.status_line = StatusLine()
        self.setStatusBar(self.status_line)
        self._gateway_page = QWidget()
        layout = QVBoxLayout(self._gateway_page)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(10)
        layout.addWidget(self.summary)
        layout.addWidget(self.banner)
        layout.addWidget(self.panel, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self._gateway_page)
        self.setCentralWidget(self._pages)

    def _connect(self) -> None:
        poller, panel = self.poller, self.panel
        poller.refreshed.connect(self.show_snapshot)
        poller.failed.connect(self._show_failure)
        poller.progress.connect(panel.show_progress)
        poller.paused_changed.connect(self._show_paused)
        poller.error_text_found.connect(self._pass_error_text)
        self.pause_action.toggled.connect(poller.pause)
        panel.pause.toggled.connect(poller.pause)
        panel.refresh.clicked.connect(poller.refresh)
        self.banner.retry.connect(poller.refresh)
        self.banner.choose_other.connect(self.choose_file)
        self.welcome.file_wanted.connect(self.choose_file)
        self.welcome.env_wanted.connect(self.choose_env)
        self.welcome.demo_wanted.connect(self.demo_chosen)
        for table in panel.tables:
            table.details_wanted.connect(self.open_details)
            table.keys_copied.connect(self._copy_keys)
            table.table_copied.connect(self._copy_text)

    # Following a gateway

    def follow(self, source: Source) -> None:
        """Leave the gateway that was shown and follow that of `source`."""
        self.show_gateway(source.title)
        self.status_line.start()
        self.poller.follow(source)

    def show_gateway(self, title: str) -> None:
        """Make room for the figures of another gateway."""
        for dialog in list(self.dialogs.values()):
            dialog.close()
        title = visible(title)
        self._snapshot, self._failure = None, None
        self.setWindowTitle(tr("{gateway} – keymon").format(gateway=title))
        self.summary.clear()
        self.banner.hide()
        self.panel.clear()
        self.status_line.show_gateway(title)
        self._pages.setCurrentWidget(self._gateway_page)
        self.panel.valid.setFocus()

    @property
    def snapshot(self) -> "Snapshot | None":
        """What is shown now, None before the first figures."""
        return self._snapshot

    @Slot(object)
    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the figures of `snapshot` in the tables, the strip and all open dialogs."""
        self._snapshot, self._failure = snapshot, None
        self.summary.show_snapshot(snapshot)
        self.banner.show_notices(snapshot.notices)
        self.panel.show_snapshot(snapshot)
        self.status_line.show_snapshot(snapshot)
        for dialog in self.dialogs.values():
            dialog.show_snapshot(snapshot)

    @Slot(object)
    def _show_failure(self, error: BaseException) -> None:
        self._failure = error
        since = f"{self._snapshot.as_of.astimezone():%H:%M:%S}" if self._snapshot is not None else None
        self.banner.show_error(error, since)
        self.panel.show_failure()
        self.status_line.show_failure()
        for dialog in self.dialogs.values():
            dialog.show_error(error)

    @Slot(bool)
    def _show_paused(self, paused: bool) -> None:
        self.pause_action.setChecked(paused)
        self.panel.show_paused(paused)
        self.status_line.show_paused(paused)

    # What the operator does

    @Slot(str)
    def open_details(self, key: str) -> DetailsDialog:
        """Open the details of a key, or raise them where they are open."""
        dialog = self.dialogs.get(key)
        if dialog is None:
            dialog = self.dialogs[key] = DetailsDialog(key, self)
            dialog.copy_wanted.connect(self._copy_key)
            dialog.retry_wanted.connect(self.poller.refresh)
            dialog.error_text_wanted.connect(self.poller.ask_error_text)
            dialog.finished.connect(self._forget_dialogs)
            if self._snapshot is not None:
                dialog.show_snapshot(self._snapshot)
            if self._failure is not None:
                dialog.show_error(self._failure)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        return dialog

    @Slot()
    def _forget_dialogs(self) -> None:
        sender = self.sender()
        if isinstance(sender, DetailsDialog):
            self.dialogs.pop(sender.key, None)

    @Slot(str, object, object)
    def _pass_error_text(self, key: str, started: datetime, text: object) -> None:
        dialog = self.dialogs.get(key)
        if dialog is None:
            return
        if isinstance(text, BaseException):
            dialog.ask_again()
        else:
            dialog.show_error_text(started, text if isinstance(text, str) else None)

    @Slot(str)
    def _copy_key(self, key: str) -> None:
        self._copy_keys([key])

    @Slot(list)
    def _copy_keys(self, keys: list[str]) -> None:
        self.clipboard.put(keys)
        text = tr("Keys copied: {n}. They leave the clipboard in 30 seconds.").format(n=number(len(keys)))
        self.status_line.showMessage(text, 6_000)

    @Slot(str)
    def _copy_text(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.status_line.showMessage(tr("Table copied, keys masked."), 6_000)

    @Slot()
    def choose_file(self) -> None:
        """Let the operator choose a gateway's database."""
        name, _ = QFileDialog.getOpenFileName(self, tr("Open a gateway's database"))
        if name:
            self.file_chosen.emit(Path(name))

    @Slot()
    def choose_env(self) -> None:
        """Let the operator choose a gateway's `.env`."""
        dialog = QFileDialog(self, tr("Open by a gateway's .env"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setFilter(dialog.filter() | dialog.filter().Hidden)
        if dialog.exec():
            self.env_chosen.emit(Path(dialog.selectedFiles()[0]))
        dialog.deleteLater()

    @Slot()
    def choose_zone(self) -> None:
        """Let the operator say in which zone the gateway runs."""
        dialog = QInputDialog(self)
        dialog.setWindowTitle(tr("The gateway's time zone"))
        dialog.setLabelText(tr("A name such as Asia/Shanghai, or an offset such as +08:00:"))
        detect = tr("Detect it")
        dialog.setComboBoxItems([detect, "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York"])
        dialog.setComboBoxEditable(True)
        if self._snapshot is not None and self._snapshot.clock.source == "set":
            dialog.setTextValue(self._snapshot.clock.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(lambda text: self.zone_chosen.emit("" if text == detect else text))
        dialog.open()

    @Slot(QAction)
    def change_theme(self, action: QAction) -> None:
        """Show light or dark colours, as the action says."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, action.data())

    def show_problem(self, error: BaseException) -> None:
        """Tell in a dialog why what was asked for cannot be done."""
        box = QMessageBox(QMessageBox.Icon.Warning, "keymon", error_text(error), parent=self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText(error_advice(error))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    @Slot()
    def show_shortcuts(self) -> None:
        """List the keyboard shortcuts."""
        ShortcutsDialog(self).open()

    @Slot()
    def show_about(self) -> None:
        """Tell what keymon is, and which version."""
        name = f"keymon {__version__}"
        box = QMessageBox(QMessageBox.Icon.NoIcon, name, name, QMessageBox.StandardButton.Close, self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setIconPixmap(self.windowIcon().pixmap(64, 64))
        box.setInformativeText(
            tr("Watches the API keys of a gemini-balance gateway. It only ever reads the gateway's database.")
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # Geometry

    def _restore(self) -> None:
        self.resize(1120, 760)
        for name, restore in (
            ("geometry", self.restoreGeometry),
            ("splitter", self.panel.splitter.restoreState),
            ("valid_columns", self.panel.valid.horizontalHeader().restoreState),
            ("invalid_columns", self.panel.invalid.horizontalHeader().restoreState),
        ):
            value = self._settings.value(name)
            # A damaged file gives text or a number; the window then opens as it would the first time.
            if isinstance(value, QByteArray):
                restore(value)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell of the first paint when it is over."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self.first_painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the geometry, take keys off the clipboard, end the worker."""
        self._settings.setValue("geometry", self.saveGeometry())
        self._settings.setValue("splitter", self.panel.splitter.saveState())
        self._settings.setValue("valid_columns", self.panel.valid.horizontalHeader().saveState())
        self._settings.setValue("invalid_columns", self.panel.invalid.horizontalHeader().saveState())
        self._end()
        super().closeEvent(event)

    def discard(self) -> None:
        """End without remembering anything."""
        self._end()
        self.hide()
        self.deleteLater()

    def _end(self) -> None:
        for dialog in list(self.dialogs.values()):
            dialog.close()
        self.status_line.stop()
        self.clipboard.clear()
        self.poller.stop()
