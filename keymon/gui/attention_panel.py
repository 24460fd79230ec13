"""Keys that want looking at: those with most calls of one status in the last 24 hours, with what to do about them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QPalette
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from keymon.gui.evidence import status_name
from keymon.gui.key_columns import NOT_YET, why
from keymon.gui.key_tips import told_by
from keymon.gui.row_table import RowColumn, RowTable
from keymon.gui.translation import number, percent, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from keymon.gui.window_state import Choice
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

_ALWAYS: tuple[int, ...] = (429, 403, 400)
"""Statuses that are offered even where none occurs, as the gateway's own page has them."""
_USUAL_LIMIT, _MOST_KEYS = 20, 100_000


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """A key of the pool, how many of its calls had the status, and its other figures."""

    key: str = field(repr=False)
    count: int
    figures: "KeyFigures" = field(repr=False)


def rows_of(snapshot: "Snapshot", status: int | str | None, limit: int) -> list[AttentionRow]:
    """Return the keys with most calls of a `status`, at most `limit`, most first."""
    counts = snapshot.stats.attention(status, limit)
    wanted = {one.key for one in counts}
    figures = {one.key: one for one in snapshot.keys if one.key in wanted}
    return [AttentionRow(one.key, one.count, figures[one.key]) for one in counts]


def _share(row: AttentionRow, snapshot: "Snapshot") -> str:
    total = row.figures.calls_24h.total
    return percent(row.count / total if total else None) if snapshot.loading is None else NOT_YET


def _verdict(row: AttentionRow, _snapshot: "Snapshot") -> str:
    return "✓ " + tr("Valid") if row.figures.verdict.valid else "✗ " + tr("Invalid")


def _reason(row: AttentionRow, snapshot: "Snapshot") -> str:
    return why(row.figures, snapshot)


def _reason_tip(row: AttentionRow, snapshot: "Snapshot") -> str | None:
    return told_by(row.figures, snapshot)


COLUMNS = (
    RowColumn("Key", "AIzaSy…WWWW", lambda row, _: mask_key(row.key), is_key=True),
    RowColumn("With this status", "999,999", lambda row, _: number(row.count), is_number=True),
    RowColumn("Calls 24 h", "9,999,999", lambda row, _: number(row.figures.calls_24h.total), is_number=True),
    RowColumn("Share", "100.0 %", _share, is_number=True),
    RowColumn("Verdict", "✗ Invalid", _verdict),
    RowColumn("Reason", "", _reason, _reason_tip),
)


class AttentionPanel(QWidget):
    """Which status and how many keys is chosen above the table; what is done with keys, beside that.

    `details_wanted(key)`, `keys_copied(keys)`, `table_copied(text)` and `export_wanted()` ask the window.
    """

    details_wanted = Signal(str)
    keys_copied = Signal(list)
    table_copied = Signal(str)
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._rows: list[AttentionRow] = []
        self.status = QComboBox()
        self.status.setAccessibleName(tr("Status"))
        self.status.setToolTip(tr("The status that calls are counted of"))
        self.status.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.status.setMinimumContentsLength(16)
        self.limit = QSpinBox()
        self.limit.setRange(1, _MOST_KEYS)
        self.limit.setValue(_USUAL_LIMIT)
        self.limit.setAccessibleName(tr("Keys at most"))
        self.limit.setToolTip(tr("As many keys are shown at most"))
        self.table = RowTable("attentionTable", tr("Keys with most calls of the status"), COLUMNS)
        self._note = QLabel()
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.details = QPushButton(tr("&Details"))
        self.copy = QPushButton(tr("&Copy keys"))
        self.export = QPushButton(tr("E&xport…"))
        self.setFocusProxy(self.table)
        self._arrange()
        self._connect()
        self._offer({})
        self.clear()

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        for label, widget in ((tr("&Status"), self.status), (tr("&Keys"), self.limit)):
            name = QLabel(label)
            name.setBuddy(widget)
            head.addWidget(name)
            head.addWidget(widget)
        head.addWidget(self._note, 1)
        for button in (self.details, self.copy, self.export):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        self.details.setToolTip(tr("Details of the current key (Enter)"))
        self.copy.setToolTip(tr("Copy the selected keys in full (Ctrl+C)"))
        self.export.setToolTip(tr("Export the table"))

    def _connect(self) -> None:
        # A key is copied by the same shortcuts as in the tables of keys.
        for action in self.table.actions():
            if QKeySequence(QKeySequence.StandardKey.Copy) in action.shortcuts():
                action.setShortcuts([QKeySequence("Ctrl+Shift+C")])
        self.table.add_action(tr("Copy keys in full"), [QKeySequence(QKeySequence.StandardKey.Copy)], self._copy)
        self.table.opened.connect(self._open)
        self.table.text_copied.connect(self.table_copied)
        self.table.selectionModel().selectionChanged.connect(self._enable)
        self.status.activated.connect(self._choose)
        self.limit.valueChanged.connect(self._choose)
        self.details.clicked.connect(self._open_current)
        self.copy.clicked.connect(self._copy)
        self.export.clicked.connect(self._export)

    @property
    def rows(self) -> list[AttentionRow]:
        """The keys that are shown."""
        return self._rows

    @property
    def chosen_status(self) -> int | str | None:
        """The status that calls are counted of; None stands for NULL."""
        status: int | str | None = self.status.currentData()[0]
        return status

    @property
    def choices(self) -> "dict[str, Choice]":
        """What is remembered: numbers only, no text from a database."""
        choices: dict[str, Choice] = {"limit": self.limit.value()}
        if isinstance(self.chosen_status, int):
            choices["status"] = self.chosen_status
        return choices

    def choose(self, choices: "dict[str, Choice]") -> None:
        """Begin with that."""
        limit, status = choices.get("limit"), choices.get("status")
        if isinstance(limit, int):
            self.limit.setValue(limit)
        if isinstance(status, int):
            self._offer({status: 0})
            self.status.setCurrentIndex(self.status.findText(f"{status} (0)"))

    def clear(self) -> None:
        """Show nothing, and say that it is being read."""
        self._snapshot = None
        self._rows = []
        self.table.content.set_rows((), None)
        self.table.set_placeholder(tr("Reading the gateway's database…"))
        self._note.setText("")
        self._enable()

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the keys as of `snapshot`; while any are selected nothing moves."""
        self._snapshot = snapshot
        self._offer(snapshot.stats.failures())
        self._show(is_held=self.table.selectionModel().hasSelection())

    def _offer(self, failures: "dict[int | str | None, int]") -> None:
        """Offer the statuses that occur, most first, and those that always are; keep what is chosen."""
        if self.status.view().isVisible():
            return
        chosen = self.status.currentData() or (_ALWAYS[0],)
        counts = dict.fromkeys((*_ALWAYS, chosen[0]), 0) | failures
        with QSignalBlocker(self.status):
            self.status.clear()
            for status, count in sorted(counts.items(), key=lambda one: -one[1]):
                # In tuples: None is a status, too.
                self.status.addItem(f"{status_name(status)} ({number(count)})", (status,))
            self.status.setCurrentIndex(
                next(i for i in range(self.status.count()) if tuple(self.status.itemData(i)) == tuple(chosen))
            )

    @Slot()
    def _choose(self) -> None:
        self.table.clearSelection()
        self.table.scrollToTop()
        self._show(is_held=False)

    def _show(self, is_held: bool) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        rows = rows_of(snapshot, self.chosen_status, self.limit.value())
        if is_held:
            places = {row.key: i for i, row in enumerate(self.rows)}
            rows.sort(key=lambda row: places.get(row.key, len(places)))
        self._set_rows(rows, snapshot)
        is_all = snapshot.loading is None
        self.table.set_placeholder(
            tr("No call of a key in the pool had this status") if is_all else tr("Reading the log…")
        )
        keys = tr("Keys: {n}").format(n=number(len(rows)))
        self._note.setText(keys if is_all else keys + tr(", as far as the log has been read"))

    def _set_rows(self, rows: list[AttentionRow], snapshot: "Snapshot") -> None:
        """Show `rows`; what was selected, and what the keyboard was on, stays so."""
        selected = {row.key for row in self.selected()}
        current = self.table.currentIndex().row()
        on = self.rows[current].key if current >= 0 else None
        scrolled = self.table.verticalScrollBar().value()
        self._rows = rows
        self.table.content.set_rows(rows, snapshot)
        flag = QItemSelectionModel.SelectionFlag
        chosen = self.table.selectionModel()
        for i, row in enumerate(rows):
            index = self.table.content.index(i, 0)
            if row.key in selected:
                chosen.select(index, flag.Select | flag.Rows)
            if row.key == on:
                chosen.setCurrentIndex(index, flag.NoUpdate)
        self.table.verticalScrollBar().setValue(scrolled)
        self._enable()

    # What the operator does with keys

    def selected(self) -> list[AttentionRow]:
        """Return the selected keys from top to bottom."""
        rows = self.rows
        ranges = self.table.selectionModel().selection().toList()
        return [rows[i] for i in sorted({i for one in ranges for i in range(one.top(), one.bottom() + 1)})]

    @Slot()
    def _enable(self) -> None:
        has_selection = self.table.selectionModel().hasSelection()
        self.details.setEnabled(has_selection)
        self.copy.setEnabled(has_selection)
        self.export.setEnabled(self._snapshot is not None)

    @Slot(int)
    def _open(self, row: int) -> None:
        self.details_wanted.emit(self.rows[row].key)

    @Slot()
    def _open_current(self) -> None:
        selected = self.selected()
        if selected:
            self.details_wanted.emit(selected[0].key)

    @Slot()
    def _copy(self) -> None:
        selected = self.selected()
        if selected:
            self.keys_copied.emit([row.key for row in selected])

    @Slot()
    def _export(self) -> None:
        self.export_wanted.emit()
