"""The header of a table of keys: which columns are shown, and by which the table is sorted.

A click sorts by a column, Shift and a click by a further one besides. A menu on the header chooses the columns.
"""

from PySide6.QtCore import QByteArray, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QStyleOptionHeader, QWidget

from keymon.gui.key_columns import COLUMNS, DETAILS_COLUMN, Column, column_number
from keymon.gui.key_model import KeyTableModel
from keymon.gui.translation import tr

_ARROWS = {
    None: QStyleOptionHeader.SortIndicator.None_,
    False: QStyleOptionHeader.SortIndicator.SortDown,
    True: QStyleOptionHeader.SortIndicator.SortUp,
}


class KeyHeader(QHeaderView):
    """`columns_changed()` tells that other columns are shown; `name` is that of the table, as in `Column.at_first`."""

    columns_changed = Signal()

    def __init__(self, keys: KeyTableModel, name: str, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._keys, self._name = keys, name
        self._pressed = -1
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        keys.sorting_changed.connect(self._follow_sorting)

    def is_at_first(self, column: Column) -> bool:
        """Tell whether a column is shown until the operator chooses."""
        return column.at_first in {"both", self._name}

    def show_first_columns(self) -> None:
        """Show the columns that are shown until the operator chooses."""
        for i, column in enumerate(COLUMNS):
            self.setSectionHidden(i, not self.is_at_first(column))
            self.moveSection(self.visualIndex(i), i)
        self.columns_changed.emit()

    def shown(self) -> list[int]:
        """Return the columns that are shown, from left to right, without that of the buttons."""
        every = (self.logicalIndex(place) for place in range(self.count()))
        return [i for i in every if not self.isSectionHidden(i) and i != DETAILS_COLUMN]

    def show_column(self, column: int, is_shown: bool) -> None:
        """Show a column, or hide it; a hidden one no longer sorts."""
        self.setSectionHidden(column, not is_shown)
        if not is_shown:
            self._keys.sort_by([one for one in self._keys.sorted_by if one[0] != column])
        self.columns_changed.emit()

    def restore(self, state: QByteArray) -> None:
        """Show the columns as they were."""
        if self.restoreState(state):
            self.columns_changed.emit()

    @property
    def sorting(self) -> str:
        """By which columns the table is sorted, for `restore_sorting`."""
        return " ".join(f"{COLUMNS[i].sort_by}{'-' * descending}" for i, descending in self._keys.sorted_by)

    def restore_sorting(self, text: str) -> None:
        """Sort as `sorting` told; columns that are not known or not shown are left out."""
        named = ((column_number(word.removesuffix("-")), word.endswith("-")) for word in text.split())
        self._keys.sort_by([one for one in named if one[0] >= 0 and not self.isSectionHidden(one[0])])

    def menu(self) -> QMenu:
        """Return a menu of the columns, to be shown once."""
        menu = QMenu(self)
        menu.setObjectName("columns")
        menu.setToolTipsVisible(True)
        for i, column in enumerate(COLUMNS[1:DETAILS_COLUMN], 1):
            action = menu.addAction(tr(column.title))
            action.setToolTip(tr(column.tip))
            action.setCheckable(True)
            action.setChecked(not self.isSectionHidden(i))
            action.toggled.connect(lambda is_shown, i=i: self.show_column(i, is_shown))
        menu.addSeparator()
        menu.addAction(tr("Reset columns")).triggered.connect(self.show_first_columns)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def open_menu(self, place: QPoint | None = None) -> None:
        """Let the operator choose columns; `place` is on the screen, by default below the header."""
        self.menu().popup(place if place is not None else self.mapToGlobal(QPoint(0, self.height())))

    def open_menu_above(self) -> None:
        """Let the operator choose columns, at the right end of the header."""
        menu = self.menu()
        menu.popup(self.mapToGlobal(QPoint(self.width() - menu.sizeHint().width(), 0)))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Let the operator choose columns."""
        self.open_menu(event.globalPos())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take note of the column where Shift is held down."""
        is_further = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if event.button() == Qt.MouseButton.LeftButton and is_further:
            self._pressed = self.logicalIndexAt(event.position().toPoint())
        else:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Sort by a further column where the button went down and up on it."""
        pressed, self._pressed = self._pressed, -1
        if pressed < 0:
            super().mouseReleaseEvent(event)
        elif self.logicalIndexAt(event.position().toPoint()) == pressed:
            self._keys.sort_further(pressed)

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, logicalIndex: int) -> None:  # noqa: N803
        """Draw an arrow on every column that sorts; Qt knows of one only."""
        super().initStyleOptionForIndex(option, logicalIndex)
        direction = self._keys.direction(logicalIndex)
        option.sortIndicator = _ARROWS[direction]
        if direction is not None:
            option.textAlignment = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter  # off the arrow

    def _follow_sorting(self) -> None:
        column, descending = next(iter(self._keys.sorted_by), (-1, False))
        with QSignalBlocker(self):
            self.setSortIndicator(column, Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder)
        self.viewport().update()
