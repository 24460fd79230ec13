"""The last calls of the gateway or of one key, newest first; a failed one opens what was logged for it.

Nothing is looked for while the panel is not seen. While rows are selected, or the operator reads further down,
nothing moves: newer calls are counted, and come when they are asked for.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QWidget

from keymon.gui import choices
from keymon.gui.browser_panel import BrowserPanel
from keymon.gui.call_columns import COLUMNS
from keymon.gui.choices import ChoiceBox
from keymon.gui.listed import ListedCalls
from keymon.gui.row_table import RowTable
from keymon.gui.translation import number, tr

if TYPE_CHECKING:
    from keymon.call_list import Call, CallFilter, CallList
    from keymon.gui.window_state import Choice
    from keymon.monitor import Monitor, Snapshot


class CallsPanel(BrowserPanel):
    """Calls, filtered."""

    def __init__(self, parent: QWidget | None = None) -> None:
        table = RowTable("callTable", tr("Calls"), COLUMNS, opens=tr("Text of the error"))
        super().__init__(table, parent)
        self.setObjectName("calls")
        self._shown: CallList | None = None
        self._listed: ListedCalls | None = None
        self._pinned: str | None = None
        self.newer.setToolTip(tr("Clear the selection and show the newest calls"))
        self.export.setToolTip(tr("Export the calls that are listed"))
        self._arrange(self._filters(), (), ())
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
        super().set_key(key)
        self._filter()

    def clear(self) -> None:
        """Show nothing: the gateway was left."""
        self._snapshot = self._shown = self._listed = None
        self.put_text_away()
        self.table.show_rows((), None)
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
        if self._shown is not None and self.is_held:
            self._tell_of_newer(snapshot)
        else:
            self._show(snapshot)

    @Slot()
    def show_newest(self) -> None:
        """Let go of what is held, and show the newest calls."""
        super().show_newest()
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
        self.put_text_away()
        if self._snapshot is not None and self.isVisible():
            self.show_newest()

    def _show(self, snapshot: "Snapshot") -> None:
        from keymon.call_list import CallFilter

        wanted = self._wanted()
        calls = self._shown = snapshot.stats.call_list(wanted)
        self._listed = ListedCalls(calls, wanted, snapshot)
        self.table.show_rows(calls, snapshot)
        self.newer.hide()
        if snapshot.loading is None:
            is_filtered = wanted != CallFilter(wanted.period, wanted.key)
            self.table.set_placeholder(tr("No call matches") if is_filtered else tr("No calls in this period"))
            self._foot.setText(tr("Calls: {n}").format(n=number(len(calls))))
        else:
            self.table.set_placeholder(tr("Reading the log…"))
            self._foot.setText(tr("Calls so far: {n}; older ones are being read").format(n=number(len(calls))))

    def _tell_of_newer(self, snapshot: "Snapshot") -> None:
        calls = snapshot.stats.call_list(self._wanted())
        newer = calls.later_than(self._shown[0].started) if self._shown else len(calls)
        held = tr("Nothing moves while rows are selected or scrolled, or a text is open.")
        self._foot.setText(held + (" " + tr("Newer calls: {n}").format(n=number(newer)) if newer else ""))
        self.newer.setVisible(newer > 0)

    def _offer(self, snapshot: "Snapshot") -> None:
        self.model.offer(choices.models(snapshot.stats.model_names))
        self.status.offer(choices.statuses({200, *snapshot.stats.failures()}))

    @Slot(int)
    def _open_row(self, place: int) -> None:
        call: Call = self.table.content.rows[place]
        key, started, latency_ms = call.key, call.started, call.latency_ms
        if call.success or key is None:
            return

        def work(monitor: "Monitor") -> str | None:
            return monitor.error_text(key, started, latency_ms)

        self._read(call, (started, key, call.model, call.status), work)
