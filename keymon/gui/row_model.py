"""The rows of a table that are read, not changed: single calls, errors, groups of errors.

The rows are any sequence, and a cell's text is made when it is seen, so that a million of them cost nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from keymon.gui.theme import monospace
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.monitor import Snapshot

Index = QModelIndex | QPersistentModelIndex

_NUMERIC = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

# Comparing with members of Qt's enumerations takes most of the time of a paint.
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_ACCESSIBLE_TEXT = int(Qt.ItemDataRole.AccessibleTextRole)
_ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
_FONT = int(Qt.ItemDataRole.FontRole)
_TIP = int(Qt.ItemDataRole.ToolTipRole)


class Rows(Protocol):
    """Rows as they are looked at."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> Any: ...  # noqa: ANN401 - the columns know what it is


Arrange = Callable[[Any, "Snapshot", bool], Rows]
"""What returns given rows in the order of a column, descending or not."""


def by(value: "Callable[[Any, Snapshot], Any]") -> Arrange:
    """Return what arranges rows by a value of theirs: equal ones stay as they were, those without one come last."""

    def arrange(rows: Rows, snapshot: "Snapshot", descending: bool) -> list[Any]:
        pairs = [(value(row, snapshot), row) for row in (rows[i] for i in range(len(rows)))]
        known = sorted((one for one in pairs if one[0] is not None), key=itemgetter(0), reverse=descending)
        return [row for _, row in known] + [row for value, row in pairs if value is None]

    return arrange


def _no_tip(_row: object, _snapshot: "Snapshot") -> None:
    return None


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column: its title with a tooltip, what it shows of a row and in the tooltip of a cell, and how it sorts.

    `sample` fits into it; an empty one takes all room.
    """

    title: str
    tip: str
    sample: str
    text: "Callable[[Any, Snapshot], str]"
    cell_tip: "Callable[[Any, Snapshot], str | None]" = _no_tip
    arrange: Arrange | None = None
    is_number: bool = False
    is_key: bool = False


class RowModel(QAbstractTableModel):
    """Rows in `columns`, told by the snapshot that they were set with, in the order of the column that is sorted by.

    `sorting_changed()` asks the view, which knows what is selected, to set its rows anew.
    """

    sorting_changed = Signal()

    def __init__(self, columns: Sequence[RowColumn], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns = columns
        self.rows: Rows = ()
        """As they are shown."""
        self.natural: Rows = ()
        """As they were set."""
        self.snapshot: Snapshot | None = None
        self.sorted_by: tuple[int, bool] | None = None
        """The column that is sorted by, and whether it is descending."""
        self._font = monospace()

    def set_rows(self, rows: Rows, snapshot: "Snapshot | None", keep_order: bool = False) -> None:
        """Show `rows` in place of all others, sorted; with `keep_order` as they are."""
        self.beginResetModel()
        self.natural, self.snapshot = rows, snapshot
        self.rows = rows if keep_order else self._arranged()
        self.endResetModel()

    def _arranged(self) -> Rows:
        if self.sorted_by is None or self.snapshot is None:
            return self.natural
        column, descending = self.sorted_by
        arrange = self.columns[column].arrange
        return self.natural if arrange is None else arrange(self.natural, self.snapshot, descending)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column, as far as it can be sorted by; -1 returns to the natural order."""
        wanted = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        if wanted is None or self.columns[column].arrange is not None:
            self.sorted_by = wanted
        self.sorting_changed.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the titles of the columns, and what they tell."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(column.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{tr(column.tip)}\n{self._sorting(section)}".rstrip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, (tr(column.title), self._sorting(section))))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _NUMERIC if column.is_number else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            return Qt.SortOrder.DescendingOrder if column.is_number else Qt.SortOrder.AscendingOrder
        return None

    def _sorting(self, section: int) -> str:
        if self.sorted_by is not None and self.sorted_by[0] == section:
            return tr("sorted, descending") if self.sorted_by[1] else tr("sorted, ascending")
        return tr("Click to sort by it") if self.columns[section].arrange is not None else ""

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        if self.snapshot is None or not index.isValid():
            return None
        column = self.columns[index.column()]
        if role in (_DISPLAY, _ACCESSIBLE_TEXT):
            return column.text(self.rows[index.row()], self.snapshot)
        if role == _ALIGNMENT:
            return _NUMERIC if column.is_number else None
        if role == _FONT:
            return self._font if column.is_key else None
        if role == _TIP:
            return column.cell_tip(self.rows[index.row()], self.snapshot)
        return None
