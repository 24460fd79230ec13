"""The table of keys, with a Details button in every row."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from keymon.gui.key_cells import Cell, DetailsButton, ReasonCell, SparklineCell
from keymon.gui.key_columns import COLUMNS, DETAILS_COLUMN, MODEL_COLUMN, column_number
from keymon.gui.key_header import KeyHeader
from keymon.gui.key_model import Index, KeyTableModel
from keymon.gui.translation import tr

if TYPE_CHECKING:
    from keymon.gui.key_rows import Bools, KeyRows, Places, Pool
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures

_MANY = 200
_LEAST_MODEL, _MODEL_BEYOND = 24, 150
"""How narrow models become before the table scrolls sideways; then they may as well be read."""
_CELL_ROOM = 22
"""The margins."""
_TITLE_ROOM = 28
"""The margins, and the arrow of a column that is sorted by."""


class KeyTable(QTableView):
    """Shows a `KeyTableModel`.

    `details_wanted(key)` is emitted by the button, a double click and Enter; `keys_copied(keys)` and
    `table_copied(text)` ask for the clipboard, `export_wanted()` for a file of what is selected.
    """

    details_wanted = Signal(str)
    keys_copied = Signal(list)
    table_copied = Signal(str)
    export_wanted = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.keys = KeyTableModel(self)
        self.setModel(self.keys)
        self._placeholder = ""
        self._held: tuple[Pool, Places] | None = None
        self.keys.rearranging.connect(self._take_selection)
        self.keys.rearranged.connect(self._put_selection_back)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # Always there, so that the columns of both tables stay in line and no row changes its width.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self._set_up_headers()
        self.setItemDelegate(Cell(self))
        self.setItemDelegateForColumn(column_number("reason"), ReasonCell(self))
        self.setItemDelegateForColumn(column_number("last_hour"), SparklineCell(self))
        button = DetailsButton(self)
        button.clicked.connect(self._open_row)
        self.setItemDelegateForColumn(DETAILS_COLUMN, button)
        self.doubleClicked.connect(self._open_index)
        self._add_actions()

    def _set_up_headers(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        # Fixed heights: a view that asks every row for its size cannot hold 100,000 of them.
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = self.header = KeyHeader(self.keys, self.objectName(), self)
        self.setHorizontalHeader(header)
        header.setHighlightSections(False)
        # It would look at every selected row to find out whether a whole column is selected.
        header.setSelectionModel(QItemSelectionModel(self.keys, header))
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        header.setMinimumSectionSize(24)
        metrics = self.fontMetrics()
        for i, column in enumerate(COLUMNS):
            title = metrics.horizontalAdvance(f"{tr(column.title)} ²") + _TITLE_ROOM
            # The key is in another font, which is wider.
            sample = metrics.horizontalAdvance(tr(column.sample)) + (_TITLE_ROOM if i == 0 else _CELL_ROOM)
            header.resizeSection(i, max(title, sample))
        header.setStretchLastSection(False)
        header.setSectionResizeMode(MODEL_COLUMN, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(DETAILS_COLUMN, QHeaderView.ResizeMode.Fixed)
        header.show_first_columns()
        header.columns_changed.connect(self._fill)
        header.sectionResized.connect(self._fill)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the models the room that the other columns leave."""
        super().resizeEvent(event)
        self._fill()

    def _fill(self, resized: int = -1) -> None:
        if resized == MODEL_COLUMN or self.header.isSectionHidden(MODEL_COLUMN):
            return
        others = self.header.length() - self.header.sectionSize(MODEL_COLUMN)
        room = self.viewport().width() - others
        self.header.resizeSection(MODEL_COLUMN, room if room >= _LEAST_MODEL else _MODEL_BEYOND)

    def _add_actions(self) -> None:
        def add(text: str, shortcuts: list[QKeySequence], run: Callable[[], None]) -> None:
            action = QAction(text, self)
            action.setShortcuts(shortcuts)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(run)
            self.addAction(action)

        enter = [QKeySequence(Qt.Key.Key_Return), QKeySequence(Qt.Key.Key_Enter)]
        add(tr("Details"), enter, self._open_current)
        add(tr("Copy keys in full"), [QKeySequence(QKeySequence.StandardKey.Copy)], self._copy_keys)
        add(tr("Copy as table, keys masked"), [QKeySequence("Ctrl+Shift+C")], self._copy_table)
        add(tr("Export selected…"), [], self.export_wanted.emit)
        add(tr("Select all"), [QKeySequence(QKeySequence.StandardKey.SelectAll)], self.selectAll)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the selected keys."""
        if self.selectionModel().hasSelection():
            menu = QMenu(self)
            menu.addActions(self.actions())
            menu.exec(event.globalPos())
            menu.deleteLater()

    def set_placeholder(self, text: str) -> None:
        """Show `text` in the middle of the table while it has no rows."""
        self._placeholder = text
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows, or why there are none, and a frame around the row that the keyboard is on."""
        super().paintEvent(event)
        if self.hasFocus() and self.currentIndex().isValid():
            self._draw_focus(self.currentIndex().row())
        if self.placeholder:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().placeholderText().color())
            area = self.viewport().rect().adjusted(16, 0, -16, 0)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(flags), self._placeholder)
            painter.end()

    def _draw_focus(self, row: int) -> None:
        painter = QPainter(self.viewport())
        painter.setPen(self.palette().highlight().color())
        width = min(self.horizontalHeader().length(), self.viewport().width())
        painter.drawRect(0, self.rowViewportPosition(row), width - 1, self.rowHeight(row) - 1)
        painter.end()

    def show_rows(self, rows: "KeyRows", members: "Bools", snapshot: "Snapshot") -> None:
        """Show those `rows` that are `members`.

        While any is selected nothing moves: rows stay in their order and where they are seen.
        """
        held = self.has_selection()
        scrolled = self.verticalScrollBar().value()
        seen = self._seen_keys() if held else []
        self.keys.set_rows(rows, members, snapshot, keep_order=held)
        # Where the current row has gone the view would scroll to the one that takes its place.
        self.verticalScrollBar().setValue(scrolled)
        for key, y in seen:
            row = self.keys.row_of(key)
            if row >= 0:
                self.verticalScrollBar().setValue(scrolled + self.rowViewportPosition(row) - y)
                break

    def _seen_keys(self) -> list[tuple[str, int]]:
        """Return the keys that can be seen, each with where it is."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return []
        last = self.keys.rowCount() - 1 if last < 0 else last
        return [(self.keys.key_at(row).key, self.rowViewportPosition(row)) for row in range(first, last + 1)]

    @property
    def placeholder(self) -> str:
        """What is shown in place of rows; empty while there are rows."""
        return "" if self.keys.rowCount() else self._placeholder

    def has_selection(self) -> bool:
        """Tell whether any key is selected."""
        return self.selectionModel().hasSelection()

    def selected_keys(self) -> "list[KeyFigures]":
        """Return the selected keys from top to bottom."""
        return [self.keys.key_at(row) for row in self._selected_rows()]

    def _selected_rows(self) -> list[int]:
        # Ranges: asking for selected indexes is slow where all of 100,000 rows are selected.
        ranges = self.selectionModel().selection().toList()
        return sorted({row for one in ranges for row in range(one.top(), one.bottom() + 1)})

    def selected_places(self) -> "Places":
        """Return the places in the pool of the selected keys, from top to bottom."""
        import numpy as np

        places = self.keys.places()
        if places is None:
            return np.empty(0, np.int32)
        chosen = np.zeros(len(places), np.bool_)
        for one in self.selectionModel().selection().toList():
            chosen[one.top() : one.bottom() + 1] = True
        return places[chosen]

    def select_places(self, places: "Places") -> None:
        """Select the keys at `places` in the pool, as far as they are shown, besides those that are."""
        import numpy as np

        from keymon.gui.key_rows import runs

        shown = self.keys.places()
        if shown is None or len(places) == 0:
            return
        selection = QItemSelection()
        for first, end in runs(np.isin(shown, places)):
            selection.append(QItemSelectionRange(self.keys.index(first, 0), self.keys.index(end - 1, DETAILS_COLUMN)))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.Select)

    def _take_selection(self) -> None:
        """Hold a large selection while rows change places: Qt would take it along row by row, which takes seconds."""
        self._held = None
        pool = self.keys.pool
        ranges = self.selectionModel().selection().toList()
        if pool is not None and sum(one.height() for one in ranges) > _MANY:
            self._held = pool, self.selected_places()
            self.clearSelection()

    def _put_selection_back(self) -> None:
        if self._held is not None and self.keys.pool is not None:
            self.select_places(self.keys.pool.places_of(*self._held))
        self._held = None

    def _open_index(self, index: Index) -> None:
        self.details_wanted.emit(self.keys.key_at(index.row()).key)

    def _open_row(self, row: int) -> None:
        self.details_wanted.emit(self.keys.key_at(row).key)

    def _open_current(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            self._open_index(index)

    def _copy_keys(self) -> None:
        keys = [figures.key for figures in self.selected_keys()]
        if keys:
            self.keys_copied.emit(keys)

    def _copy_table(self) -> None:
        columns = self.header.shown()
        lines = [[tr(COLUMNS[column].title) for column in columns]]
        rows = self._selected_rows()
        lines += [[str(self.keys.index(row, column).data()) for column in columns] for row in rows]
        if len(lines) > 1:
            from keymon.export import pasted_text

            self.table_copied.emit(pasted_text(lines))
