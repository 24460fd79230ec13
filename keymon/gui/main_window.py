"""The main window: summary, banner, valid and invalid keys, status line; details dialogs hang off it.

It is seen at once, as an empty ground that says what it waits for: Python needs as long to build what belongs
on it as it needs to start, so that is done by `complete` after the first paint, and nothing is imported here
that the first paint can do without (`Qt`, with its hundred enumerations, costs 15 ms; every module that is
imported costs a third of one). It shows what snapshots say, and never asks a database. While keys are selected
rows stay where they are, so that nothing moves under the pointer.
"""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QMainWindow

from keymon.gui.translation import number, tr
from keymon.gui.window_state import WindowState, fit
from keymon.masking import visible

if TYPE_CHECKING:
    from keymon.gui.details_dialog import DetailsDialog
    from keymon.gui.details_windows import DetailsWindows
    from keymon.gui.exporting import Exporting
    from keymon.gui.key_rows import KeyRows
    from keymon.gui.poller import Poller, Source
    from keymon.gui.welcome import WelcomePage
    from keymon.monitor import Snapshot


class MainWindow(QMainWindow):
    """One gateway at a time.

    `file_chosen(path)`, `env_chosen(path)`, `demo_chosen()` and `profile_chosen(name)` ask for another gateway,
    `zone_chosen(text)` for another reading of its times (empty: detect it), `connections_wanted()` and
    `password_wanted()` for what the operator has to tell, `export_wanted(panel)` for a file of what
    the panel of that name shows. `first_painted()` tells that the window can be seen,
    `all_painted()` that all that is in it can be, `closed()` that it is at its end.
    `settings` keeps geometry, header state, the panel seen last and the names of profiles only.
    """

    file_chosen = Signal(Path)
    env_chosen = Signal(Path)
    demo_chosen = Signal()
    profile_chosen = Signal(str)
    zone_chosen = Signal(str)
    connections_wanted = Signal()
    password_wanted = Signal()
    export_wanted = Signal(str)
    closed = Signal()
    first_painted = Signal()
    all_painted = Signal()

    poller: "Poller"
    details: "DetailsWindows"

    def __init__(self, settings: QSettings) -> None:
        super().__init__()
        self.state = WindowState(settings)
        self._snapshot: Snapshot | None = None
        self._failure: BaseException | None = None
        self._prepared: KeyRows | None = None
        self._prepared_of: Snapshot | None = None
        self._is_painted = self._is_all_painted = self.is_complete = False
        self._waits_for = ""
        self._welcome: WelcomePage | None = None
        self._exporting: Exporting | None = None
        self.setWindowTitle("keymon")
        fit(self, 1120, 760)
        self.state.restore_geometry(self)

    def announce(self, title: str) -> None:
        """Name the gateway that will be followed, before there is room for its figures."""
        self.setWindowTitle(tr("{gateway} – keymon").format(gateway=visible(title)))
        self._waits_for = tr("Reading the gateway's database…")

    def complete(self, poller: "Poller") -> None:
        """Build all that is in the window; its figures will come from `poller`."""
        from keymon.gui.clipboard import SecretClipboard
        from keymon.gui.menus import build_menus

        self.poller = poller
        self.clipboard = SecretClipboard(self)
        self._build()
        self.pause_action = build_menus(self)
        self._connect()
        self.state.restore(self.panel, self.panels)
        self.tell_of_settings()
        self.is_complete = True

    def _build(self) -> None:
        from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

        from keymon.gui.banner import Banner
        from keymon.gui.details_windows import DetailsWindows
        from keymon.gui.key_panel import KeyPanel
        from keymon.gui.note_bar import NoteBar
        from keymon.gui.panels import Panels
        from keymon.gui.status_line import StatusLine
        from keymon.gui.summary import SummaryStrip
        from keymon.gui.switcher import GatewaySwitcher

        self.summary = SummaryStrip()
        self.banner = Banner()
        self.switcher = GatewaySwitcher(self)
        self.panel = KeyPanel()
        self.panels = Panels(self, self.panel, self.switcher.button)
        self.details = DetailsWindows(self)
        self.status_line = StatusLine()
        self.setStatusBar(self.status_line)
        self._gateway_page = QWidget()
        layout = QVBoxLayout(self._gateway_page)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(10)
        layout.addWidget(self.summary)
        layout.addWidget(self.banner)
        layout.addWidget(self.panels, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._gateway_page)
        self.note = NoteBar()
        self.note.acted.connect(self.note.hide)
        everything = QWidget()
        rows = QVBoxLayout(everything)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        above = QVBoxLayout()
        above.setContentsMargins(12, 10, 12, 0)
        above.addWidget(self.note)
        rows.addLayout(above)
        rows.addWidget(self._pages, 1)
        self.setCentralWidget(everything)

    def _connect(self) -> None:
        poller, panel = self.poller, self.panel
        poller.refreshed.connect(self.show_snapshot)
        poller.failed.connect(self._show_failure)
        poller.started.connect(self.banner.show_trying)
        poller.resting.connect(self.banner.show_rest)
        poller.prepare = self.prepare
        poller.progress.connect(panel.show_progress)
        poller.progress.connect(self.status_line.show_progress)
        poller.paused_changed.connect(self._show_paused)
        self.pause_action.toggled.connect(poller.pause)
        panel.pause.toggled.connect(poller.pause)
        panel.refresh.clicked.connect(poller.refresh)
        panel.figures_wanted.connect(poller.refresh)
        self.banner.retry.connect(poller.refresh)
        self.banner.password_wanted.connect(self.password_wanted)
        self.banner.choose_other.connect(self.connections_wanted)
        self.switcher.chosen.connect(self.profile_chosen)
        for table in panel.tables:
            table.details_wanted.connect(self.open_details)
            table.keys_copied.connect(self.copy_keys)
            table.table_copied.connect(self.copy_text)
            table.export_wanted.connect(self.export_keys)
        self.export_wanted.connect(self._export_panel)

    @property
    def exporting(self) -> "Exporting":
        """What writes tables and charts into files."""
        if self._exporting is None:
            from keymon.gui.exporting import Exporting

            self._exporting = Exporting(self)
        return self._exporting

    @Slot(str)
    def _export_panel(self, name: str) -> None:
        self.exporting.export_panel(name)

    @Slot()
    def export_keys(self) -> None:
        """Let the operator export the tables of keys."""
        self.exporting.export_keys()

    @property
    def welcome(self) -> "WelcomePage":
        """The page for an operator who has named no gateway."""
        if self._welcome is None:
            from keymon.gui.welcome import WelcomePage

            self._welcome = WelcomePage()
            self._pages.addWidget(self._welcome)
            self._welcome.connection_wanted.connect(self.connections_wanted)
            self._welcome.file_wanted.connect(self.choose_file)
            self._welcome.env_wanted.connect(self.choose_env)
            self._welcome.demo_wanted.connect(self.demo_chosen)
        return self._welcome

    def show_welcome(self) -> None:
        """Ask which gateway to follow."""
        self._pages.setCurrentWidget(self.welcome)

    # Following a gateway

    def follow(self, source: "Source", profile: str = "", colour: str = "") -> None:
        """Leave the gateway that was shown and follow that of `source`; name and colour are those of its profile."""
        self.state.switch(self.panel, self.panels, profile)
        self.show_gateway(source.title, colour, is_profile=bool(profile))
        self.status_line.start()
        self.poller.follow(source)

    def rename(self, title: str) -> None:
        """Call the profile that is followed by another name."""
        self.state.rename(title)
        self.announce(title)
        self.status_line.rename(visible(title))
        self.switcher.rename(title)

    def show_gateway(self, title: str, colour: str = "", *, is_profile: bool = False) -> None:
        """Make room for the figures of another gateway; a profile has a colour."""
        self.switcher.show_current(title, is_profile, colour)
        self.details.close()
        self._snapshot = self._failure = self._prepared = self._prepared_of = None
        self.announce(title)
        self.summary.clear()
        self.banner.clear()
        self.panel.clear()
        self.panels.clear()
        self.status_line.show_gateway(visible(title))
        self._pages.setCurrentWidget(self._gateway_page)
        self.panel.valid.setFocus()

    @property
    def snapshot(self) -> "Snapshot | None":
        """What is shown now, None before the first figures."""
        return self._snapshot

    @property
    def failure(self) -> BaseException | None:
        """Why there are no newer figures; None where they are as new as can be."""
        return self._failure

    def prepare(self, snapshot: "Snapshot") -> "KeyRows":
        """Put the keys of `snapshot` into columns, in whichever thread: what is done is not done again."""
        from keymon.gui.key_rows import prepare

        rows = self._prepared
        if rows is None or self._prepared_of is not snapshot:
            rows = self._prepared = prepare(snapshot, rows, self.panel.needs)
            self._prepared_of = snapshot
        return rows

    @Slot(object)
    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the figures of `snapshot` in the tables, the strip and all open dialogs."""
        rows = self.prepare(snapshot)
        self._snapshot, self._failure = snapshot, None
        self.summary.show_snapshot(snapshot, rows)
        self.banner.show_notices(snapshot.notices)
        self.panel.show_snapshot(snapshot, rows)
        self.panels.show_snapshot(snapshot)
        self.status_line.show_snapshot(snapshot)
        self.details.show_snapshot(snapshot)

    @Slot(object)
    def _show_failure(self, error: BaseException) -> None:
        self._failure = error
        since = f"{self._snapshot.as_of.astimezone():%H:%M:%S}" if self._snapshot is not None else None
        self.banner.show_error(error, since)
        if since is not None:
            self.summary.show_stale(since)
        self.panel.show_failure()
        self.status_line.show_failure()
        self.panels.show_failure()
        self.details.show_error(error)

    @Slot(bool)
    def _show_paused(self, paused: bool) -> None:
        self.pause_action.setChecked(paused)
        self.panel.show_paused(paused)
        self.status_line.show_paused(paused)

    # What the operator does

    @Slot(str)
    def open_details(self, key: str) -> "DetailsDialog":
        """Open the details of a key, or raise them where they are open."""
        return self.details.open(key)

    @Slot(str)
    def copy_key(self, key: str) -> None:
        """Put a key on the clipboard, in full, for as long as keys stay there."""
        self.copy_keys([key])

    @Slot(list)
    def copy_keys(self, keys: list[str]) -> None:
        """Put keys on the clipboard, in full, for as long as keys stay there."""
        self.clipboard.put(keys)
        text = tr("Keys copied: {n}. They leave the clipboard in 30 seconds.").format(n=number(len(keys)))
        self.status_line.showMessage(text, 6_000)

    @Slot(str)
    def copy_text(self, text: str) -> None:
        """Put rows on the clipboard; the keys in them are masked."""
        QGuiApplication.clipboard().setText(text)
        self.status_line.showMessage(tr("Table copied, keys masked."), 6_000)

    @Slot()
    def choose_file(self) -> None:
        """Let the operator choose a gateway's database."""
        from keymon.gui import questions

        questions.ask_file(self, self.file_chosen.emit)

    @Slot()
    def choose_env(self) -> None:
        """Let the operator choose a gateway's `.env`."""
        from keymon.gui import questions

        questions.ask_env(self, self.env_chosen.emit)

    @Slot()
    def choose_zone(self) -> None:
        """Let the operator say in which zone the gateway runs."""
        from keymon.gui import questions

        clock = self._snapshot.clock if self._snapshot is not None else None
        zone = clock.name if clock is not None and clock.source == "set" else ""
        questions.ask_zone(self, zone, self.zone_chosen.emit)

    def tell_of_settings(self) -> None:
        """Tell above all else what is wrong with the file of what the window looks like, if anything is."""
        from keymon.gui.translation import error_advice, error_text

        problem = self.state.problem
        if problem is not None:
            self.note.say(f"{error_text(problem)} {error_advice(problem)}", action=tr("Close"))

    def show_problem(self, error: BaseException) -> None:
        """Tell in a dialog why what was asked for cannot be done."""
        from keymon.gui import questions

        questions.tell_problem(self, error)

    @Slot()
    def search_commands(self) -> None:
        """Let the operator search all that can be done, and all keys."""
        from keymon.gui.command_search import CommandSearch

        CommandSearch(self).open()

    @Slot()
    def show_shortcuts(self) -> None:
        """List the keyboard shortcuts."""
        from PySide6.QtWidgets import QApplication

        from keymon.gui.shortcuts import ShortcutsDialog

        ShortcutsDialog(QApplication.activeWindow() or self).open()

    @Slot()
    def show_about(self) -> None:
        """Tell what keymon is, and which version."""
        from keymon.gui import questions

        questions.tell_about(self)

    def come_to_front(self) -> None:
        """Be seen, before all other windows as far as the desktop lets us."""
        if self.isMinimized():
            self.showNormal()
        self.raise_()
        self.activateWindow()

    # Geometry

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say what the window waits for until it is complete; tell of the first paint when it is over."""
        super().paintEvent(event)
        if not self.is_complete:
            self._draw_waiting()
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self.first_painted.emit)
        if self.is_complete and not self._is_all_painted:
            self._is_all_painted = True
            QTimer.singleShot(0, self, self.all_painted.emit)

    def _draw_waiting(self) -> None:
        painter = QPainter(self)
        # A pen of another colour would need `Qt`.
        painter.setOpacity(0.6)
        width = self.fontMetrics().horizontalAdvance(self._waits_for)
        painter.drawText((self.width() - width) // 2, self.height() // 2, self._waits_for)
        painter.end()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the geometry, take keys off the clipboard, end the worker."""
        self.state.keep_geometry(self)
        if self.is_complete:
            self.state.keep(self.panel, self.panels)
            self.panels.keep_choices()
            self.details.keep_habits()
        problem = self.state.save()
        if problem is not None and self.state.problem is None and sys.stderr is not None:
            with suppress(OSError):  # nobody sees the window any more
                print(f"keymon: {problem.line}", file=sys.stderr)
        self._end()
        super().closeEvent(event)

    def discard(self) -> None:
        """End without remembering anything."""
        self._end()
        self.hide()
        self.deleteLater()

    def _end(self) -> None:
        if self.is_complete:
            self.details.close()
        self.closed.emit()
        if not self.is_complete:
            return
        self.status_line.stop()
        self.banner.clear()
        self.clipboard.clear()
        self.poller.stop()
