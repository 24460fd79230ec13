"""The last calls of the gateway or of one key, newest first; a failed one opens what was logged for it.

Nothing is looked for while the panel is not seen. While rows are selected, or the operator reads further down,
nothing moves: newer calls are counted, and come when they are asked for.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from keymon.gui import choices
from keymon.gui.choices import ChoiceBox
from keymon.gui.error_view import ErrorView
from keymon.gui.evidence import status_name
from keymon.gui.listed import ListedCalls
from keymon.gui.moments import both_clocks, second
from keymon.gui.request import Request
from keymon.gui.row_table import RowColumn, RowTable
from keymon.gui.translation import number, plain_tip, shown_model, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from keymon.call_list import Call, CallFilter, CallList
    from keymon.gui.window_state import Choice
    from keymon.monitor import Monitor, Snapshot


def _time(call: "Call", snapshot: "Snapshot") -> str:
    return second(call.started, snapshot)


def _time_tip(call: "Call", snapshot: "Snapshot") -> str:
    return both_clocks(call.started, snapshot)


def _key(call: "Call", _snapshot: "Snapshot") -> str:
    return tr("no key") if call.key is None else mask_key(call.key)


def _model(call: "Call", _snapshot: "Snapshot") -> str:
    return shown_model(call.model)


def _model_tip(call: "Call", _snapshot: "Snapshot") -> str:
    return plain_tip(shown_model(call.model))


def _status(call: "Call", _snapshot: "Snapshot") -> str:
    return ("✓ " if call.success else "✗ ") + status_name(call.status)


def _status_tip(call: "Call", _snapshot: "Snapshot") -> str:
    return plain_tip(
        status_name(call.status)
        if call.success
        else tr("{status}: open it for the text of its error").format(status=status_name(call.status))
    )


def _latency(call: "Call", _snapshot: "Snapshot") -> str:
    return "–" if call.latency_ms is None else tr("{ms} ms").format(ms=number(call.latency_ms))


COLUMNS = (
    RowColumn("Time", "2026-11-23 23:59:59", _time, _time_tip),
    RowColumn("Key", "AIzaSy…WWWW", _key, is_key=True),
    RowColumn("Model", "", _model, _model_tip),
    RowColumn("Status", "✗ All connection at", _status, _status_tip),
    RowColumn("Latency", "999,999 ms", _latency, is_number=True),
)


class CallsPanel(QWidget):
    """Calls, filtered.

    `ask_wanted(Request)` is for the poller, `copy_wanted(text)` for the clipboard (keys are masked in it),
    `details_wanted(key)` for whoever opens the details of a key, `export_wanted()` for a file of what is listed.
    """

    ask_wanted = Signal(object)
    copy_wanted = Signal(str)
    details_wanted = Signal(str)
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("calls")
        self._snapshot: Snapshot | None = None
        self._shown: CallList | None = None
        self._listed: ListedCalls | None = None
        self._pinned: str | None = None
        self._request: Request[str | None] | None = None
        self.table = RowTable("callTable", tr("Calls"), COLUMNS)
        self.table.opened.connect(self._open)
        self.table.text_copied.connect(self.copy_wanted)
        self._details = self.table.add_action(
            tr("Details of the key"), [QKeySequence("Ctrl+Return")], self._open_details
        )
        self.error = ErrorView()
        self.error.copy_wanted.connect(self.copy_wanted)
        self.error.closed.connect(self._forget_error)
        self.error.hide()
        self._foot = QLabel()
        self._foot.setTextFormat(Qt.TextFormat.PlainText)
        self._foot.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.newer = QPushButton(tr("Show ne&west"))
        self.newer.setToolTip(tr("Clear the selection and show the newest calls"))
        self.newer.clicked.connect(self.show_newest)
        export = QPushButton(tr("E&xport…"))
        export.setToolTip(tr("Export the calls that are listed"))
        export.clicked.connect(self.export_wanted)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(self.error)
        splitter.setSizes([300, 200])
        foot = QHBoxLayout()
        foot.addWidget(self._foot, 1)
        foot.addWidget(self.newer)
        foot.addWidget(export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(self._filters())
        layout.addWidget(splitter, 1)
        layout.addLayout(foot)
        self.clear()

    def _filters(self) -> QHBoxLayout:
        self.period = QComboBox()
        self.period.setAccessibleName(tr("Period"))
        for text, hours in choices.periods():
            self.period.addItem(text, hours)
        self.period.activated.connect(self._filter)
        self.ending = QLineEdit()
        self.ending.setPlaceholderText(tr("Key or its ending"))
        self.ending.setAccessibleName(tr("Key or its ending"))
        self.ending.setClearButtonEnabled(True)
        self.ending.setMinimumWidth(90)
        self.ending.textChanged.connect(self._filter)
        self.model = ChoiceBox(tr("Model"), tr("All models"))
        self.status = ChoiceBox(tr("Status"), tr("All statuses"))
        for box in (self.model, self.status):
            box.chosen.connect(self._filter)
        self.failures = QCheckBox(tr("Only &failures"))
        self.failures.toggled.connect(self._filter)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.period)
        row.addWidget(self.ending, 1)
        row.addWidget(self.model)
        row.addWidget(self.status)
        row.addWidget(self.failures)
        return row

    @property
    def foot(self) -> str:
        """What is said below the table."""
        return self._foot.text()

    @property
    def listed(self) -> ListedCalls | None:
        """What is listed now; None while nothing has been looked for."""
        return self._listed if self._shown is not None else None

    @property
    def choices(self) -> "dict[str, Choice]":
        """What is remembered: numbers only, no key and no text from a database."""
        return {"hours": int(self.period.currentData())}

    def choose(self, choices: "dict[str, Choice]") -> None:
        """Begin with that."""
        self.period.setCurrentIndex(max(0, self.period.findData(choices.get("hours"))))

    @property
    def search_field(self) -> QLineEdit:
        """Where the operator types what to look for."""
        return self.ending

    def set_key(self, key: str | None) -> None:
        """Show the calls of `key` only, or of all keys."""
        self._pinned = key
        if key is not None:
            self.period.setCurrentIndex(self.period.findData(24))  # of one key even a day's calls can be looked over
        self.ending.setVisible(key is None)
        self._details.setVisible(key is None)
        self.table.show_keys(key is None)
        self._filter()

    def clear(self) -> None:
        """Show nothing: the gateway was left."""
        self._snapshot = self._shown = self._listed = None
        self.error.put_away()
        self.table.content.set_rows((), None)
        self.table.set_placeholder(tr("Reading the gateway's database…"))
        self._foot.setText("")
        self.newer.hide()

    @Slot(object)
    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the calls of `snapshot`, as far as nothing is held."""
        self._snapshot = snapshot
        if not self.isVisible():
            return
        self._offer(snapshot)
        if self._shown is not None and self.table.is_held:
            self._tell_of_newer(snapshot)
        else:
            self._show(snapshot)

    @Slot()
    def show_newest(self) -> None:
        """Let go of what is held, and show the newest calls."""
        self.table.clearSelection()
        self.table.scrollToTop()
        if self._snapshot is not None:
            self._show(self._snapshot)

    def _wanted(self) -> "CallFilter":
        from keymon.call_list import CallFilter

        model, status = self.model.choice, self.status.choice
        return CallFilter(
            period=timedelta(hours=int(self.period.currentData())),
            key=self._pinned,
            ending=self.ending.text().strip() if self._pinned is None else "",
            model=None if model is None else (None if model[0] is None else str(model[0]),),
            status=status,
            only_failures=self.failures.isChecked(),
        )

    def _filter(self) -> None:
        """Show what is wanted now, whatever was selected."""
        self._shown = None
        self.error.put_away()
        if self._snapshot is not None and self.isVisible():
            self.show_newest()

    def _show(self, snapshot: "Snapshot") -> None:
        wanted = self._wanted()
        calls = self._shown = snapshot.stats.call_list(wanted)
        self._listed = ListedCalls(calls, wanted, snapshot)
        self.table.content.set_rows(calls, snapshot)
        self.newer.hide()
        if snapshot.loading is None:
            self.table.set_placeholder(tr("No call matches"))
            self._foot.setText(tr("Calls: {n}").format(n=number(len(calls))))
        else:
            self.table.set_placeholder(tr("Reading the log…"))
            self._foot.setText(tr("Calls so far: {n}; older ones are being read").format(n=number(len(calls))))

    def _tell_of_newer(self, snapshot: "Snapshot") -> None:
        calls = snapshot.stats.call_list(self._wanted())
        newer = calls.later_than(self._shown[0].started) if self._shown else len(calls)
        held = tr("Nothing moves while rows are selected or scrolled. Newer calls: {n}")
        self._foot.setText(held.format(n=number(newer)))
        self.newer.show()

    def _offer(self, snapshot: "Snapshot") -> None:
        self.model.offer(choices.models(snapshot.stats.model_names))
        self.status.offer(choices.statuses({200, *snapshot.stats.failures()}))

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while nothing was seen."""
        super().showEvent(event)
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def hideEvent(self, event: QHideEvent) -> None:
        """Wait for nothing that nobody sees."""
        self._forget_error()
        super().hideEvent(event)

    # What the operator does with a call

    def _call(self, row: int) -> "Call | None":
        return self._shown[row] if self._shown is not None and row < len(self._shown) else None

    @Slot(int)
    def _open(self, row: int) -> None:
        call, snapshot = self._call(row), self._snapshot
        if call is None or snapshot is None or call.success or call.key is None:
            return
        self._forget_error()
        self.error.show_waiting(call.started, call.key, call.model, status_name(call.status), snapshot)
        key, started = call.key, call.started
        self._ask(key, started, call.latency_ms)

    def _ask(self, key: str, started: datetime, latency_ms: int | None) -> None:
        def work(monitor: "Monitor") -> str | None:
            return monitor.error_text(key, started, latency_ms)

        def done(text: str | None) -> None:
            self.error.show_text(text, key)

        self._request = Request(work, done, self.error.show_error)
        self.ask_wanted.emit(self._request)

    def _forget_error(self) -> None:
        if self._request is not None:
            self._request.cancel()
            self._request = None

    def _open_details(self) -> None:
        call = self._call(self.table.currentIndex().row()) if self.table.currentIndex().isValid() else None
        if call is not None and call.key is not None:
            self.details_wanted.emit(call.key)
