"""The main window: summary, banner, valid and invalid keys, status line; details dialogs hang off it.

It is drawn before anything is read, shows what snapshots say, and never asks a database. While keys are
selected rows stay where they are, so that nothing moves under the pointer.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QGuiApplication, QKeySequence, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from keymon import __version__
from keymon.gui.banner import Banner
from keymon.gui.clipboard import SecretClipboard
from keymon.gui.details_dialog import DetailsDialog
from keymon.gui.key_table import KeyTable, ago
from keymon.gui.poller import Poller, Source
from keymon.gui.shortcuts import ShortcutsDialog
from keymon.gui.summary import SummaryStrip
from keymon.gui.theme import Theme, apply_theme
from keymon.gui.translation import error_advice, error_text, number, plain_tip, tr
from keymon.gui.verdict_badge import VerdictBadge
from keymon.gui.welcome import WelcomePage
from keymon.masking import visible

if TYPE_CHECKING:
    from keymon.monitor import Snapshot


class MainWindow(QMainWindow):
    """One gateway at a time.

    `file_chosen(path)`, `env_chosen(path)` and `demo_chosen()` ask for another gateway; `first_painted()`
    tells that the window can be seen. `settings` keeps geometry and header state only.
    """

    file_chosen = Signal(Path)
    env_chosen = Signal(Path)
    demo_chosen = Signal()
    first_painted = Signal()

    def __init__(self, poller: Poller, settings: QSettings) -> None:
        super().__init__()
        self._poller = poller
        self._settings = settings
        self._snapshot: Snapshot | None = None
        self._failure: BaseException | None = None
        self._is_painted = False
        self.dialogs: dict[str, DetailsDialog] = {}
        self.clipboard = SecretClipboard(self)
        self.setWindowTitle("keymon")
        self._build()
        self._build_menus()
        self._build_status_line()
        self._connect()
        self._restore()

    # What is in the window

    def _build(self) -> None:
        self.welcome = WelcomePage()
        self.summary = SummaryStrip()
        self.banner = Banner()
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search keys and models (Ctrl+F)"))
        self.search.setAccessibleName(tr("Search keys and models"))
        self.search.setClearButtonEnabled(True)
        self.valid = KeyTable("valid")
        self.valid.setAccessibleName(tr("Valid keys"))
        self.invalid = KeyTable("invalid")
        self.invalid.setAccessibleName(tr("Invalid keys"))
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self._headings: dict[KeyTable, QLabel] = {}
        self.splitter.addWidget(self._section(self.valid, is_valid=True))
        self.splitter.addWidget(self._section(self.invalid, is_valid=False))
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self._gateway_page = QWidget()
        layout = QVBoxLayout(self._gateway_page)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(10)
        layout.addWidget(self.summary)
        layout.addWidget(self.banner)
        layout.addLayout(self._tool_row())
        layout.addWidget(self.splitter, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self._gateway_page)
        self.setCentralWidget(self._pages)

    def _tool_row(self) -> QHBoxLayout:
        self._pause_button = QPushButton(tr("Pause"))
        self._pause_button.setCheckable(True)
        self._pause_button.setToolTip(tr("Stop refreshing every 5 seconds (Ctrl+P)"))
        self._refresh_button = QPushButton(tr("Refresh"))
        self._refresh_button.setToolTip(tr("Refresh now (F5)"))
        row = QHBoxLayout()
        row.addWidget(self.search, 1)
        row.addWidget(self._pause_button)
        row.addWidget(self._refresh_button)
        return row

    def _section(self, table: KeyTable, is_valid: bool) -> QWidget:
        badge = VerdictBadge(with_word=False)
        badge.set_verdict(is_valid)
        heading = QLabel()
        heading.setTextFormat(Qt.TextFormat.PlainText)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        self._headings[table] = heading
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(badge)
        head.addWidget(heading, 1)
        section = QWidget()
        layout = QVBoxLayout(section)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addWidget(table, 1)
        return section

    def _build_menus(self) -> None:
        gateway = self.menuBar().addMenu(tr("&Gateway"))
        self._action(gateway, tr("&Open database…"), QKeySequence.StandardKey.Open, self._choose_file)
        self._action(gateway, tr("Open by a gateway's .&env…"), "Ctrl+E", self._choose_env)
        self._action(gateway, tr("Open the &demo"), None, self.demo_chosen.emit)
        gateway.addSeparator()
        self._action(gateway, tr("&Quit"), QKeySequence("Ctrl+Q"), self.close)
        view = self.menuBar().addMenu(tr("&View"))
        self._action(view, tr("&Refresh now"), QKeySequence.StandardKey.Refresh, self._poller.refresh)
        self.pause_action = self._action(view, tr("&Pause refreshing"), "Ctrl+P", None)
        self.pause_action.setCheckable(True)
        self._action(view, tr("&Search"), QKeySequence.StandardKey.Find, self._go_to_search)
        view.addSeparator()
        self._add_theme_menu(view)
        aid = self.menuBar().addMenu(tr("&Help"))
        self._action(aid, tr("&Keyboard shortcuts"), QKeySequence.StandardKey.HelpContents, self._show_shortcuts)
        self._action(aid, tr("&About keymon"), None, self._show_about)

    def _action(
        self,
        menu: QMenu,
        text: str,
        shortcut: QKeySequence | QKeySequence.StandardKey | str | None,
        run: Callable[[], object] | None,
    ) -> QAction:
        action = menu.addAction(text)
        if shortcut is not None:
            action.setShortcut(QKeySequence(shortcut))
        if run is not None:
            action.triggered.connect(run)
        return action

    def _add_theme_menu(self, view: QMenu) -> None:
        menu = view.addMenu(tr("&Theme"))
        group = QActionGroup(self)
        themes: tuple[tuple[str, Theme | None], ...] = (
            (tr("As the &desktop"), None),
            (tr("&Light"), "light"),
            (tr("D&ark"), "dark"),
        )
        for text, theme in themes:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(theme is None)
            action.setData(theme)
            group.addAction(action)
        group.triggered.connect(self._change_theme)

    def _build_status_line(self) -> None:
        line = self.statusBar()
        self._gateway_label = _status_label()
        self._gateway_label.setMinimumWidth(80)
        self._zone_label = _status_label()
        self._age_label = _status_label()
        self._progress = QProgressBar()
        self._progress.setObjectName("progress")
        self._progress.setAccessibleName(tr("Reading"))
        self._progress.setRange(0, 0)
        self._progress.setMaximumWidth(140)
        self._progress.setTextVisible(False)
        self._progress.hide()
        line.addWidget(self._gateway_label, 1)
        for widget in (self._progress, self._zone_label, self._age_label):
            line.addPermanentWidget(widget)
        self._clock = QTimer(self)
        self._clock.setInterval(1_000)
        self._clock.timeout.connect(self._show_age)

    def _connect(self) -> None:
        poller = self._poller
        poller.refreshed.connect(self.show_snapshot)
        poller.failed.connect(self._show_failure)
        poller.progress.connect(self._show_progress)
        poller.paused_changed.connect(self._show_paused)
        poller.error_text_found.connect(self._pass_error_text)
        self.pause_action.toggled.connect(poller.pause)
        self._pause_button.toggled.connect(poller.pause)
        self._refresh_button.clicked.connect(poller.refresh)
        self.banner.retry.connect(poller.refresh)
        self.banner.choose_other.connect(self._choose_file)
        self.search.textChanged.connect(self._search)
        self.welcome.file_wanted.connect(self._choose_file)
        self.welcome.env_wanted.connect(self._choose_env)
        self.welcome.demo_wanted.connect(self.demo_chosen)
        for table in (self.valid, self.invalid):
            table.details_wanted.connect(self.open_details)
            table.keys_copied.connect(self._copy_keys)
            table.table_copied.connect(self._copy_text)

    # Following a gateway

    def follow(self, source: Source) -> None:
        """Leave the gateway that was shown and follow that of `source`."""
        self.show_gateway(source.title)
        self._progress.show()
        self._clock.start()
        self._poller.follow(source)

    def show_gateway(self, title: str) -> None:
        """Make room for the figures of another gateway."""
        for dialog in list(self.dialogs.values()):
            dialog.close()
        title = visible(title)
        self._snapshot, self._failure = None, None
        self.setWindowTitle(tr("{gateway} – keymon").format(gateway=title))
        self.summary.clear()
        self.banner.hide()
        for table in (self.valid, self.invalid):
            table.keys.clear()
            table.set_placeholder(tr("Reading the gateway's database…"))
        self._show_headings()
        self._gateway_label.setText(tr("{gateway} (read-only)").format(gateway=title))
        self._zone_label.clear()
        self._pages.setCurrentWidget(self._gateway_page)
        self.valid.setFocus()
        self._show_age()

    @property
    def snapshot(self) -> "Snapshot | None":
        """What is shown now, None before the first figures."""
        return self._snapshot

    @Slot(object)
    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the figures of `snapshot` in the tables, the strip and all open dialogs."""
        self._snapshot, self._failure = snapshot, None
        self._progress.hide()
        self.summary.show_snapshot(snapshot)
        self.banner.show_notices(snapshot.notices)
        self._show_keys(snapshot)
        clock = snapshot.clock
        sources = {"set": tr("set"), "detected": tr("detected"), "assumed": tr("assumed")}
        self._zone_label.setText(
            tr("Gateway's zone {zone} ({source})").format(zone=clock.name, source=sources[clock.source])
        )
        self._gateway_label.setToolTip(plain_tip(snapshot.database))
        for dialog in self.dialogs.values():
            dialog.show_snapshot(snapshot)
        self._show_age()

    def _show_keys(self, snapshot: "Snapshot") -> None:
        for table, is_valid in ((self.valid, True), (self.invalid, False)):
            keys = [figures for figures in snapshot.keys if figures.verdict.valid == is_valid]
            table.show_keys(keys, snapshot)
        self._show_headings()
        self._show_placeholders()

    def _show_headings(self) -> None:
        for table, text in ((self.valid, tr("Valid keys")), (self.invalid, tr("Invalid keys"))):
            heading = text
            if self._snapshot is not None:
                shown, total = table.keys.rowCount(), table.keys.total()
                heading += f" ({number(total)})" if shown == total else f" ({number(shown)} / {number(total)})"
            self._headings[table].setText(heading)

    def _show_placeholders(self) -> None:
        text = self.search.text().strip()
        for table, nothing in ((self.valid, tr("No key is valid")), (self.invalid, tr("No key is invalid"))):
            if self._snapshot is not None and not self._snapshot.keys:
                table.set_placeholder(tr("The gateway's key pool is empty"))
            elif text and table.keys.total():
                table.set_placeholder(tr("No key here matches the search"))
            else:
                table.set_placeholder(nothing)

    @Slot(object)
    def _show_failure(self, error: BaseException) -> None:
        self._failure = error
        self._progress.hide()
        since = f"{self._snapshot.as_of.astimezone():%H:%M:%S}" if self._snapshot is not None else None
        self.banner.show_error(error, since)
        if self._snapshot is None:
            for table in (self.valid, self.invalid):
                table.set_placeholder(tr("Nothing is known of the keys yet"))
        for dialog in self.dialogs.values():
            dialog.show_error(error)
        self._show_age()

    @Slot(int)
    def _show_progress(self, rows: int) -> None:
        if self._snapshot is None:
            for table in (self.valid, self.invalid):
                table.set_placeholder(tr("Reading the log: {rows} calls so far").format(rows=number(rows)))

    @Slot()
    def _show_age(self) -> None:
        if self._snapshot is None:
            self._age_label.setText(tr("no data yet"))
            return
        age = ago(self._snapshot.as_of, datetime.now(UTC))
        if not self._snapshot.is_live:
            text = tr("As of {time}").format(time=f"{self._snapshot.as_of.astimezone():%Y-%m-%d %H:%M:%S}")
        elif self._failure is not None:
            text = tr("Stale since {time}").format(time=f"{self._snapshot.as_of.astimezone():%H:%M:%S}")
        elif self._poller.paused:
            text = tr("Paused, updated {ago}").format(ago=age)
        else:
            text = tr("Updated {ago}").format(ago=age)
        self._age_label.setText(text)

    @Slot(bool)
    def _show_paused(self, paused: bool) -> None:
        self.pause_action.setChecked(paused)
        self._pause_button.setChecked(paused)
        self._pause_button.setText(tr("Resume") if paused else tr("Pause"))
        self._show_age()

    # What the operator does

    @Slot(str)
    def open_details(self, key: str) -> DetailsDialog:
        """Open the details of a key, or raise them where they are open."""
        dialog = self.dialogs.get(key)
        if dialog is None:
            dialog = self.dialogs[key] = DetailsDialog(key, self)
            dialog.copy_wanted.connect(self._copy_key)
            dialog.retry_wanted.connect(self._poller.refresh)
            dialog.error_text_wanted.connect(self._poller.ask_error_text)
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
    def _search(self, text: str) -> None:
        for table in (self.valid, self.invalid):
            table.keys.set_search(text)
        self._show_headings()
        self._show_placeholders()

    @Slot()
    def _go_to_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    @Slot(str)
    def _copy_key(self, key: str) -> None:
        self._copy_keys([key])

    @Slot(list)
    def _copy_keys(self, keys: list[str]) -> None:
        self.clipboard.put(keys)
        text = tr("Keys copied: {n}. They leave the clipboard in 30 seconds.").format(n=number(len(keys)))
        self.statusBar().showMessage(text, 6_000)

    @Slot(str)
    def _copy_text(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.statusBar().showMessage(tr("Table copied, keys masked."), 6_000)

    @Slot()
    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Open a gateway's database"))
        if name:
            self.file_chosen.emit(Path(name))

    @Slot()
    def _choose_env(self) -> None:
        dialog = QFileDialog(self, tr("Open by a gateway's .env"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setFilter(dialog.filter() | dialog.filter().Hidden)
        if dialog.exec():
            self.env_chosen.emit(Path(dialog.selectedFiles()[0]))
        dialog.deleteLater()

    @Slot(QAction)
    def _change_theme(self, action: QAction) -> None:
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
    def _show_shortcuts(self) -> None:
        ShortcutsDialog(self).open()

    @Slot()
    def _show_about(self) -> None:
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
            ("splitter", self.splitter.restoreState),
            ("valid_columns", self.valid.horizontalHeader().restoreState),
            ("invalid_columns", self.invalid.horizontalHeader().restoreState),
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
        self._settings.setValue("splitter", self.splitter.saveState())
        self._settings.setValue("valid_columns", self.valid.horizontalHeader().saveState())
        self._settings.setValue("invalid_columns", self.invalid.horizontalHeader().saveState())
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
        self._clock.stop()
        self.clipboard.clear()
        self._poller.stop()


def _status_label() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setContentsMargins(6, 0, 6, 0)
    return label
