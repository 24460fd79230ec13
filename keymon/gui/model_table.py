"""The twin of the chart: the same figures as a table, for the eye that compares and for screen readers."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from keymon.gui.translation import number, percent, shown_model, tr

if TYPE_CHECKING:
    from keymon.stats import ModelCalls


def model_table() -> QTableWidget:
    """Return the table, empty."""
    table = QTableWidget(0, 5)
    table.setObjectName("models")
    table.setAccessibleName(tr("Calls per model in the last 24 hours"))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setMinimumSectionSize(1)
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 10)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column, title in enumerate((tr("Model"), tr("Calls"), tr("Successful"), tr("Failed"), tr("Success"))):
        item = QTableWidgetItem(title)
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        table.setHorizontalHeaderItem(column, item)
        if column:
            header.resizeSection(column, max(90, table.fontMetrics().horizontalAdvance(title) + 28))
    return table


def fill(table: QTableWidget, usage: "tuple[ModelCalls, ...]") -> None:
    """Show `usage` and its sum in the table."""
    success = sum(row.calls.success for row in usage)
    failure = sum(row.calls.failure for row in usage)
    lines = [(shown_model(row.model), row.calls.success, row.calls.failure) for row in usage]
    lines.append((tr("All models"), success, failure))
    table.setRowCount(len(lines))
    for i, (name, good, bad) in enumerate(lines):
        rate = good / (good + bad) if good + bad else None
        cells = (name, number(good + bad), number(good), number(bad), percent(rate))
        for column, text in enumerate(cells):
            _set_cell(table, i, column, text, bold=i == len(lines) - 1)


def _set_cell(table: QTableWidget, row: int, column: int, text: str, bold: bool) -> None:
    item = table.item(row, column)
    if item is None:
        item = QTableWidgetItem()
        if column:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        table.setItem(row, column, item)
    item.setText(text)
    font = table.font()
    font.setBold(bold)
    item.setFont(font)
