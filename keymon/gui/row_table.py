"""A table of rows that are read, not changed: single calls, errors, groups of errors.

The rows are any sequence, and a cell's text is made when it is seen, so that a million of them cost nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from keymon.gui.theme import monospace
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.monitor import Snapshot

Index = QModelIndex | QPersistentModelIndex

_NUMERIC = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CELL_ROOM = 24
_MOST_COPIED = 10_000

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


def _no_tip(_row: object, _snapshot: "Snapshot") -> None:
    return None


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column: its title, what it shows of a row and in its tooltip; `sample` fits into it. An empty one: all room."""

    title: str
    sample: str
    text: "Callable[[Any, Snapshot], str]"
    tip: "Callable[[Any, Snapshot], str | None]" = _no_tip
    is_number: bool = False
    is_key: bool = False


class RowModel(QAbstractTableModel):
    """Rows in `columns`, told by the snapshot that they were set with."""

    def __init__(self, columns: Sequence[RowColumn], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns = columns
        self.rows: Rows = ()
        self._count = 0
        self._snapshot: Snapshot | None = None
        self._font = monospace()

    def set_rows(self, rows: Rows, snapshot: "Snapshot | None") -> None:
        """Show `rows` in place of all others."""
        self.beginResetModel()
        self.rows, self._count, self._snapshot = rows, len(rows), snapshot
        self.endResetModel()

    def grow(self, rows: Rows) -> None:
        """Show `rows`, which begin with those that are shown; these stay where they are."""
        if len(rows) > self._count:
            self.beginInsertRows(QModelIndex(), self._count, len(rows) - 1)
            self.rows, self._count = rows, len(rows)
            self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows."""
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the titles of the columns."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(self.columns[section].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_number = self.columns[section].is_number
            return _NUMERIC if is_number else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        if self._snapshot is None or not index.isValid():
            return None
        column = self.columns[index.column()]
        if role in (_DISPLAY, _ACCESSIBLE_TEXT):
            return column.text(self.rows[index.row()], self._snapshot)
        if role == _ALIGNMENT:
            return _NUMERIC if column.is_number else None
        if role == _FONT:
            return self._font if column.is_key else None
        if role == _TIP:
            return column.tip(self.rows[index.row()], self._snapshot)
        return None


class RowTable(QTableView):
    """Shows a `RowModel`. `opened(row)` by double click or Enter; `text_copied(text)` by Ctrl+C."""

    opened = Signal(int)
    text_copied = Signal(str)

    def __init__(self, name: str, title: str, columns: Sequence[RowColumn], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.content = RowModel(columns, self)
        self.setModel(self.content)
        self._placeholder = ""
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setItemDelegate(_Cell(self))
        self._set_up_headers()
        self.doubleClicked.connect(self._open_index)
        self.add_action(tr("Open"), [QKeySequence(Qt.Key.Key_Return), QKeySequence(Qt.Key.Key_Enter)], self._open)
        self.add_action(tr("Copy as table, keys masked"), [QKeySequence(QKeySequence.StandardKey.Copy)], self._copy)

    def _set_up_headers(self) -> None:
        rows, header, metrics = self.verticalHeader(), self.horizontalHeader(), self.fontMetrics()
        rows.hide()
        # Fixed heights: a view that asks every row for its size cannot hold many of them.
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(metrics.height() + 8)
        header.setHighlightSections(False)
        # It would look at every selected row to find out whether a whole column is selected.
        header.setSelectionModel(QItemSelectionModel(self.content, header))
        for i, column in enumerate(self.content.columns):
            widest = max(metrics.horizontalAdvance(text) for text in (tr(column.sample), tr(column.title)))
            header.resizeSection(i, widest + _CELL_ROOM)
            if not column.sample:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Stretch)

    def add_action(self, text: str, shortcuts: list[QKeySequence], run: Callable[[], None]) -> QAction:
        """Offer something to be done with the selected rows, by shortcut and by the context menu."""
        action = QAction(text, self)
        action.setShortcuts(shortcuts)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(run)
        self.addAction(action)
        return action

    def show_keys(self, is_shown: bool) -> None:
        """Show the columns that tell a row's key, or leave them out, where it is the same in all."""
        for i, column in enumerate(self.content.columns):
            self.setColumnHidden(i, column.is_key and not is_shown)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the selected rows."""
        if self.selectionModel().hasSelection():
            menu = QMenu(self)
            menu.addActions(self.actions())
            menu.exec(event.globalPos())
            menu.deleteLater()

    @property
    def is_held(self) -> bool:
        """Whether rows must stay where they are: some are selected, or the operator reads further down."""
        return self.selectionModel().hasSelection() or self.verticalScrollBar().value() > 0

    @property
    def placeholder(self) -> str:
        """What is shown in place of rows; empty while there are rows."""
        return "" if self.content.rowCount() else self._placeholder

    def set_placeholder(self, text: str) -> None:
        """Show `text` in the middle of the table while it has no rows."""
        self._placeholder = text
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows, or why there are none, and a frame around the row that the keyboard is on."""
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        if self.hasFocus() and self.currentIndex().isValid():
            row = self.currentIndex().row()
            painter.setPen(self.palette().highlight().color())
            width = min(self.horizontalHeader().length(), self.viewport().width())
            painter.drawRect(0, self.rowViewportPosition(row), width - 1, self.rowHeight(row) - 1)
        if self.placeholder:
            painter.setPen(self.palette().placeholderText().color())
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 0, -16, 0), int(flags), self._placeholder)
        painter.end()

    def _open_index(self, index: Index) -> None:
        self.opened.emit(index.row())

    def _open(self) -> None:
        if self.currentIndex().isValid():
            self._open_index(self.currentIndex())

    def _copy(self) -> None:
        """Copy the selected rows as they are shown: keys are masked in them."""
        ranges = self.selectionModel().selection().toList()
        chosen = sorted({row for one in ranges for row in range(one.top(), one.bottom() + 1)})[:_MOST_COPIED]
        columns = range(len(self.content.columns))
        lines = ["\t".join(tr(column.title) for column in self.content.columns)]
        lines += ["\t".join(str(self.content.index(row, i).data()) for i in columns) for row in chosen]
        if chosen:
            self.text_copied.emit("\n".join(lines))


class _Cell(QStyledItemDelegate):
    """Draws no focus of its own: a row is chosen, not a cell, and the table draws that."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Leave the focus out."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus
