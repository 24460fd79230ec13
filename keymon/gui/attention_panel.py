"""Keys that want looking at: those with most calls of one status in the last 24 hours, with what to do about them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QPalette
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from keymon.gui.attention_columns import COLUMNS, AttentionRow, rows_of
from keymon.gui.evidence import status_name
from keymon.gui.row_table import RowTable
from keymon.gui.translation import number, tr

if TYPE_CHECKING:
    from keymon.gui.window_state import Choice
    from keymon.monitor import Snapshot

_ALWAYS: tuple[int, ...] = (429, 403, 400)
"""Statuses that are offered even where none occurs, as the gateway's own page has them."""
_USUAL_LIMIT, _MOST_KEYS = 20, 100_000
_LEAST_STATUS = 120


def _key(row: AttentionRow) -> str:
    return row.key


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
        self.status = QComboBox()
        self.status.setAccessibleName(tr("Status"))
        self.status.setToolTip(tr("The status that calls are counted of, with those of all keys of the pool"))
        # Texts of network errors are long: as wide as it takes, but it gives way where there is no room.
        self.status.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.status.setMinimumWidth(_LEAST_STATUS)
        self.limit = QSpinBox()
        self.limit.setRange(1, _MOST_KEYS)
        self.limit.setValue(_USUAL_LIMIT)
        self.limit.setAccessibleName(tr("Keys at most"))
        self.limit.setToolTip(tr("As many keys are shown at most"))
        title = tr("Keys with most calls of the status")
        self.table = RowTable("attentionTable", title, COLUMNS, opens=tr("Details"), same=_key)
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
        for label, widget in ((tr("Stat&us"), self.status), (tr("Keys at &most"), self.limit)):
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
        self.table.selectionModel().currentChanged.connect(self._enable)
        self.status.activated.connect(self._choose)
        self.limit.valueChanged.connect(self._choose)
        self.details.clicked.connect(self._open_current)
        self.copy.clicked.connect(self._copy)
        self.export.clicked.connect(self._export)

    @property
    def rows(self) -> list[AttentionRow]:
        """The keys that are shown."""
        rows = self.table.content.rows
        return [rows[i] for i in range(len(rows))]

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
        self.table.show_rows((), None)
        self.table.set_placeholder(tr("Reading the gateway's database…"))
        self._note.setText("")
        self._enable()

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the keys as of `snapshot`; while any are selected nothing moves."""
        self._snapshot = snapshot
        self._offer(snapshot.stats.failures(in_pool=True))
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
        self.table.show_rows(rows, snapshot, keep_order=is_held)
        self._enable()
        is_all = snapshot.loading is None
        self.table.set_placeholder(
            tr("No call of a key in the pool had this status") if is_all else tr("Reading the log…")
        )
        keys = tr("Shown: {n}").format(n=number(len(rows)))
        self._note.setText(keys if is_all else keys + tr(", as far as the log has been read"))

    # What the operator does with keys

    def selected(self) -> list[AttentionRow]:
        """Return the selected keys from top to bottom."""
        return [self.table.content.rows[i] for i in self.table.selected_rows()]

    @Slot()
    def _enable(self) -> None:
        has_selection = self.table.selectionModel().hasSelection()
        self.details.setEnabled(self.table.currentIndex().isValid())
        self.copy.setEnabled(has_selection)
        self.export.setEnabled(self._snapshot is not None)

    @Slot(int)
    def _open(self, row: int) -> None:
        self.details_wanted.emit(self.table.content.rows[row].key)

    @Slot()
    def _open_current(self) -> None:
        if self.table.currentIndex().isValid():
            self._open(self.table.currentIndex().row())

    @Slot()
    def _copy(self) -> None:
        selected = self.selected()
        if selected:
            self.keys_copied.emit([row.key for row in selected])

    @Slot()
    def _export(self) -> None:
        self.export_wanted.emit()
