"""A table of rows that are read, not changed: single calls, errors, groups of errors.

A click on a title sorts, another one the other way round, the third returns to the natural order.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QSignalBlocker, Qt, Signal, Slot
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

from keymon.gui.row_model import Index, RowColumn, RowModel, Rows
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.monitor import Snapshot

_CELL_ROOM, _TITLE_ROOM = 24, 38
"""Beside a text, and beside a title with the mark of sorting."""
_MOST_COPIED = 10_000


class RowTable(QTableView):
    """Shows a `RowModel`. `opened(row)` by double click or Enter; `text_copied(text)` by Ctrl+C.

    `opens` is what is opened, in words; empty where nothing is. `same` tells what a row is known by when rows are
    shown anew; without it nothing stays selected, which is right where there are too many to go through.
    """

    opened = Signal(int)
    text_copied = Signal(str)

    def __init__(
        self,
        name: str,
        title: str,
        columns: Sequence[RowColumn],
        opens: str = "",
        same: Callable[[Any], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._same = same
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
        if opens:
            self.add_action(opens, [QKeySequence(Qt.Key.Key_Return), QKeySequence(Qt.Key.Key_Enter)], self._open)
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
            title = metrics.horizontalAdvance(tr(column.title)) + _TITLE_ROOM
            header.resizeSection(i, max(title, metrics.horizontalAdvance(tr(column.sample)) + _CELL_ROOM))
            if not column.sample:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        self.content.sorting_changed.connect(self._sort)
        self.setSortingEnabled(True)

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

    def show_rows(self, rows: Rows, snapshot: "Snapshot | None", keep_order: bool = False) -> None:
        """Show `rows` in place of all others; of those that stay the selection does, and the view where it is.

        With `keep_order` those that stay keep their order, and new ones come last.
        """
        same, before = self._same, self.content.rows
        if same is None:
            self.content.set_rows(rows, snapshot)
            return
        selected = {same(before[row]) for row in self.selected_rows()}
        current = self.currentIndex().row()
        on = same(before[current]) if current >= 0 else None
        scrolled = self.verticalScrollBar().value()
        if keep_order:
            places = {same(before[i]): i for i in range(len(before))}
            all_rows = [rows[i] for i in range(len(rows))]
            rows = sorted(all_rows, key=lambda row: places.get(same(row), len(places)))
        self.content.set_rows(rows, snapshot, keep_order)
        if selected or current >= 0:
            self._put_back([same(self.content.rows[i]) for i in range(len(rows))], selected, on)
        self.verticalScrollBar().setValue(scrolled)

    def _put_back(self, names: list[object], selected: set[object], current: object) -> None:
        import numpy as np

        from keymon.gui.key_rows import runs

        selection, last = QItemSelection(), self.content.columnCount() - 1
        for first, end in runs(np.array([name in selected for name in names], np.bool_)):
            selection.select(self.content.index(first, 0), self.content.index(end - 1, last))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.Select)
        if current in names:
            index = self.content.index(names.index(current), 0)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    @Slot()
    def _sort(self) -> None:
        column, descending = self.content.sorted_by or (-1, False)
        header = self.horizontalHeader()
        with QSignalBlocker(header):  # a column that cannot be sorted by has been marked
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            header.setSortIndicator(column, order)
        self.show_rows(self.content.natural, self.content.snapshot)
        self.scrollToTop()

    def selected_rows(self) -> list[int]:
        """Return the places of the selected rows, from top to bottom."""
        ranges = self.selectionModel().selection().toList()
        return sorted({row for one in ranges for row in range(one.top(), one.bottom() + 1)})

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
        chosen = self.selected_rows()[:_MOST_COPIED]
        columns = range(len(self.content.columns))
        lines = [[tr(column.title) for column in self.content.columns]]
        lines += [[str(self.content.index(row, i).data()) for i in columns] for row in chosen]
        if chosen:
            from keymon.export import pasted_text

            self.text_copied.emit(pasted_text(lines))


class _Cell(QStyledItemDelegate):
    """Draws no focus of its own: a row is chosen, not a cell, and the table draws that."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Leave the focus out."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus
