"""A table of figures: the twin of a chart, for the eye that compares, for screen readers and for copying."""

from collections.abc import Hashable, Sequence

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from keymon.export import pasted_text
from keymon.gui.translation import plain_tip, tr

Line = tuple[Hashable, Sequence[str]]
"""What the line is about, by which it is known again, and its cells."""


class FigureTable(QTableWidget):
    """Words in the first column, and in that of number `wordy`; figures in the others.

    When lines are shown anew, those stay selected that tell of the same as before, wherever they have moved;
    the one that the keyboard is on stays too, and what is scrolled to.
    """

    def __init__(self, name: str, columns: Sequence[str], wordy: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(0, len(columns), parent)
        self.setObjectName(name)
        self._lines: tuple[Line, ...] = ()
        self._wordy = {0, wordy}
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
        self._set_up_columns(columns)
        copy = QAction(tr("Copy as table"), self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _set_up_columns(self, columns: Sequence[str]) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        for column in self._wordy:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        for column, title in enumerate(columns):
            item = QTableWidgetItem(title)
            item.setTextAlignment(self._side(column))
            self.setHorizontalHeaderItem(column, item)
            if column not in self._wordy:
                header.resizeSection(column, max(84, self.fontMetrics().horizontalAdvance(title) + 28))

    def set_lines(self, lines: Sequence[Line], sum_last: bool = False) -> None:
        """Show `lines`, the last of which may be their sum."""
        if tuple(lines) == self._lines:
            return
        scrolled = self.verticalScrollBar().value()
        selected = {self._lines[row][0] for row in self._selected_rows()}
        current = self._lines[self.currentRow()][0] if self.currentRow() >= 0 else None
        column = max(self.currentColumn(), 0)
        self._lines = tuple(lines)
        self.setRowCount(len(lines))
        for row, (_, cells) in enumerate(lines):
            for i, text in enumerate(cells):
                self._set_cell(row, i, text, bold=sum_last and row == len(lines) - 1)
        self._select(selected, current, column)
        self.verticalScrollBar().setValue(scrolled)

    def _select(self, selected: set[Hashable], current: Hashable, column: int) -> None:
        flag = QItemSelectionModel.SelectionFlag
        chosen, model = self.selectionModel(), self.model()
        self.clearSelection()
        for row, (about, _) in enumerate(self._lines):
            if about in selected:
                chosen.select(model.index(row, 0), flag.Select | flag.Rows)
        where = [about for about, _ in self._lines]
        if current in where:
            chosen.setCurrentIndex(model.index(where.index(current), column), flag.NoUpdate)

    def _selected_rows(self) -> list[int]:
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def _set_cell(self, row: int, column: int, text: str, bold: bool) -> None:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(self._side(column))
            self.setItem(row, column, item)
        item.setText(text)
        if column in self._wordy:
            item.setToolTip(plain_tip(text))
        font = self.font()
        font.setBold(bold)
        item.setFont(font)

    def copy(self) -> None:
        """Put the selected lines on the clipboard, all where none is, under the titles of the columns."""
        titles = (self.horizontalHeaderItem(i) for i in range(self.columnCount()))
        lines: list[Sequence[str]] = [[item.text() for item in titles if item is not None]]
        rows = self._selected_rows() or range(len(self._lines))
        lines += [self._lines[row][1] for row in rows]
        QGuiApplication.clipboard().setText(pasted_text(lines))

    def _side(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignLeft if column in self._wordy else Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter
