"""What the gateway logged for failed calls: filtered, grouped by message, page by page into the past.

A page is looked for in the worker, a little at a time, so that nothing else waits long; what is found is shown at
once. Errors that come later are not mixed in: they are there when it is looked anew.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QPalette, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QSplitter, QVBoxLayout, QWidget

from keymon.gui.error_columns import GROUPS, ROWS
from keymon.gui.error_filters import ErrorFilters
from keymon.gui.error_view import ErrorView
from keymon.gui.evidence import status_name
from keymon.gui.listed import ListedErrors
from keymon.gui.moments import second
from keymon.gui.request import Request
from keymon.gui.row_table import RowTable
from keymon.gui.translation import error_advice, error_text, number, tr

if TYPE_CHECKING:
    from datetime import datetime

    from keymon.error_browser import ErrorFilter, ErrorPage, ErrorRow
    from keymon.error_groups import ErrorGroup
    from keymon.gui.window_state import Choice
    from keymon.monitor import Monitor, Snapshot

AT_ONCE = 200
"""So many errors are looked for before the operator is asked whether to look further."""
MOST_ROWS = 10_000
_TYPING_MS = 300


class ErrorsPanel(QWidget):
    """Errors, filtered.

    `ask_wanted(Request)` is for the poller, `copy_wanted(text)` for the clipboard (keys are masked in it),
    `details_wanted(key)` for whoever opens the details of a key, `export_wanted()` for a file of what is listed.
    """

    ask_wanted = Signal(object)
    copy_wanted = Signal(str)
    details_wanted = Signal(str)
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errors")
        self._snapshot: Snapshot | None = None
        self._looking: Request[ErrorPage] | None = None
        self._reading: Request[str | None] | None = None
        self._rows: list[ErrorRow] = []
        self._shown: list[ErrorRow] = []
        self._groups: tuple[ErrorGroup, ...] = ()
        self._group: str | None = None
        self._before: int | None = None
        self._looked_at = self._goal = 0
        self._has_begun = False
        self._reached: datetime | None = None
        self._wanted: tuple[ErrorFilter, datetime] | None = None
        self.filters = ErrorFilters()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.look_anew)
        self.filters.changed.connect(self._typing.start)
        self._build()
        self.clear()

    def _build(self) -> None:
        self.groups = RowTable("errorGroups", tr("Errors by message"), GROUPS)
        self.groups.setSelectionMode(RowTable.SelectionMode.SingleSelection)
        self.groups.selectionModel().selectionChanged.connect(self._choose_group)
        self.groups.text_copied.connect(self.copy_wanted)
        self.table = RowTable("errorTable", tr("Errors"), ROWS)
        self.table.opened.connect(self._open)
        self.table.text_copied.connect(self.copy_wanted)
        self._details = self.table.add_action(
            tr("Details of the key"), [QKeySequence("Ctrl+Return")], self._open_details
        )
        self.error = ErrorView()
        self.error.copy_wanted.connect(self.copy_wanted)
        self.error.closed.connect(self._forget_text)
        self.error.hide()
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        for widget, height in ((self.groups, 140), (self.table, 260), (self.error, 200)):
            splitter.addWidget(widget)
            splitter.setStretchFactor(splitter.count() - 1, height)
        splitter.setSizes([140, 260, 200])
        self._foot = QLabel()
        self._foot.setTextFormat(Qt.TextFormat.PlainText)
        self._foot.setWordWrap(True)
        self._foot.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.further = QPushButton(tr("Look &further back"))
        self.further.clicked.connect(self.look_further)
        self.stop = QPushButton(tr("&Stop"))
        self.stop.setToolTip(tr("Stop looking"))
        self.stop.clicked.connect(self.stop_looking)
        self.anew = QPushButton(tr("Look &anew"))
        self.anew.setToolTip(tr("Begin again with the newest errors"))
        self.anew.clicked.connect(self.look_anew)
        foot = QHBoxLayout()
        foot.addWidget(self._foot, 1)
        export = QPushButton(tr("E&xport…"))
        export.setToolTip(tr("Export the errors that are listed"))
        export.clicked.connect(self.export_wanted)
        for button in (self.stop, self.further, self.anew, export):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.filters)
        layout.addWidget(splitter, 1)
        layout.addLayout(foot)

    @property
    def foot(self) -> str:
        """What is said below the tables."""
        return self._foot.text()

    @property
    def is_looking(self) -> bool:
        """Whether errors are being looked for."""
        return self._looking is not None

    @property
    def listed(self) -> ListedErrors | None:
        """What is listed now; None where nothing has been found."""
        if self._wanted is None or not self._rows:
            return None
        is_all = self._looking is None and self._before is None
        back_to = None if is_all else self._reached
        return ListedErrors(self._shown[:], self._groups, *self._wanted, self._group, back_to)

    @property
    def choices(self) -> "dict[str, Choice]":
        """What is remembered: numbers only, no key and no text from a database."""
        return {"hours": int(self.filters.period.currentData())}

    def choose(self, choices: "dict[str, Choice]") -> None:
        """Begin with that."""
        self.filters.period.setCurrentIndex(max(0, self.filters.period.findData(choices.get("hours"))))

    @property
    def search_field(self) -> QLineEdit:
        """Where the operator types what to look for."""
        return self.filters.text

    def set_key(self, key: str | None) -> None:
        """Show the errors of `key` only, or of all keys."""
        self.filters.set_key(key)
        self._details.setVisible(key is None)
        self.table.show_keys(key is None)
        self._begin_if_seen()

    def clear(self) -> None:
        """Show nothing: the gateway was left."""
        self._snapshot = None
        self._reset()
        self._say(tr("Reading the gateway's database…"))

    @Slot(object)
    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Take note of the newest figures; the first time errors are looked for."""
        is_first = self._snapshot is None
        self._snapshot = snapshot
        if not self.isVisible():
            return
        self.filters.offer(snapshot)
        if is_first or not self._has_begun:
            self._begin_if_seen()

    # Looking

    @Slot()
    def look_anew(self) -> None:
        """Begin with the newest errors."""
        self._reset()
        self._begin_if_seen()

    @Slot()
    def look_further(self) -> None:
        """Look for older errors than those that are shown."""
        if self._looking is None and self._before is not None:
            self._goal = min(len(self._rows) + AT_ONCE, MOST_ROWS)
            self._look()

    @Slot()
    def stop_looking(self) -> None:
        """Stop; what has been found stays, and it can be gone on from there."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._show_state()

    def _reset(self) -> None:
        self._typing.stop()
        self._has_begun = False
        self.stop_looking()
        self.error.put_away()
        self._rows, self._groups, self._group, self._before = [], (), None, None
        self._looked_at, self._reached = 0, None
        self._show_rows()

    def _begin_if_seen(self) -> None:
        self._has_begun = False
        if self._snapshot is None or not self.isVisible():
            return
        if self._rows or self._looking is not None:
            self._reset()
        self._has_begun = True
        self._wanted = self.filters.wanted(self._snapshot), self._snapshot.as_of
        self._goal = AT_ONCE
        self._look()

    def _look(self) -> None:
        if self._wanted is None:
            return
        (wanted, _), before, most = self._wanted, self._before, self._goal - len(self._rows)

        def work(monitor: "Monitor") -> "ErrorPage":
            return monitor.errors().page(wanted, before, most, goes_on=lambda: not request.is_over)

        request: Request[ErrorPage] = Request(work, self._take, self._fail)
        self._looking = request
        self._show_state()
        self.ask_wanted.emit(request)

    def _take(self, page: "ErrorPage") -> None:
        self._looking = None
        self._rows += page.rows
        self._before = page.before
        self._looked_at += page.looked_at
        self._reached = page.reached or self._reached
        self.filters.see(page.rows)
        self._show_rows()
        if page.before is not None and len(self._rows) < self._goal:
            self._look()

    def _fail(self, error: Exception) -> None:
        self._looking = None
        self._show_state()
        self._say(f"{error_text(error)} {error_advice(error)}")

    # Showing

    def _show_rows(self) -> None:
        from keymon.error_groups import group_name, grouped

        self._groups = grouped(self._rows)
        names = [group.message for group in self._groups]
        if self._group not in names:
            self._group = None
        with QSignalBlocker(self.groups.selectionModel()):
            self.groups.content.set_rows(self._groups, self._snapshot)
            if self._group is not None:
                self.groups.selectRow(names.index(self._group))
        chosen = self._rows[:]
        if self._group is not None:
            chosen = [row for row in chosen if group_name(row.head, row.key) == self._group]
        if chosen[: len(self._shown)] == self._shown and self._shown:
            self.table.content.grow(chosen)  # what is selected, and where it is seen, stays
        else:
            self.table.content.set_rows(chosen, self._snapshot)
        self._shown = chosen
        self._show_state()

    def _choose_group(self) -> None:
        chosen = self.groups.selectionModel().selectedRows()
        self._group = self._groups[chosen[0].row()].message if chosen else None
        self._shown = []
        self._show_rows()

    def _show_state(self) -> None:
        is_looking = self._looking is not None
        self.stop.setVisible(is_looking)
        self.further.setVisible(not is_looking and self._before is not None)
        self.further.setEnabled(len(self._rows) < MOST_ROWS)
        self.anew.setEnabled(not is_looking and self._has_begun)
        nothing = tr("Looking for errors…") if is_looking else tr("No error matches")
        self.table.set_placeholder(nothing)
        self.groups.set_placeholder("")
        self._foot.setText(self._state() if self._has_begun else "")

    def _state(self) -> str:
        found = tr("Errors: {n}, different messages: {m}, looked at: {all}").format(
            n=number(len(self._rows)), m=number(len(self._groups)), all=number(self._looked_at)
        )
        since = "–" if self._reached is None or self._snapshot is None else second(self._reached, self._snapshot)
        if self._looking is not None:
            return found + " " + tr("so far, back to {time}…").format(time=since)
        if self._before is None:
            return found + tr(": all there are in this period")
        if len(self._rows) >= MOST_ROWS:
            return found + ". " + tr("No more are shown at once: narrow the filters.")
        return found + ", " + tr("back to {time}; there are older ones").format(time=since)

    def _say(self, text: str) -> None:
        self.table.set_placeholder(text)
        self._foot.setText(text if self._rows else "")

    def showEvent(self, event: QShowEvent) -> None:
        """Look for errors once they are seen."""
        super().showEvent(event)
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def hideEvent(self, event: QHideEvent) -> None:
        """Look for nothing that nobody sees."""
        self._typing.stop()
        self.stop_looking()
        self._forget_text()
        super().hideEvent(event)

    # What the operator does with an error

    @Slot(int)
    def _open(self, place: int) -> None:
        if self._snapshot is None or place >= len(self._shown):
            return
        row = self._shown[place]
        self._forget_text()
        self.error.show_waiting(row.at, row.key, row.model, status_name(row.code), self._snapshot)

        def work(monitor: "Monitor") -> str | None:
            return monitor.errors().text(row)

        def done(text: str | None) -> None:
            self.error.show_text(text, row.key)

        self._reading = Request(work, done, self.error.show_error)
        self.ask_wanted.emit(self._reading)

    def _forget_text(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _open_details(self) -> None:
        index = self.table.currentIndex()
        if index.isValid() and (key := self._shown[index.row()].key) is not None:
            self.details_wanted.emit(key)
