"""How the cells of a table of keys are drawn: plain ones, reasons with their shapes, sparklines, the button."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QEvent, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
)

from keymon.gui.key_model import HOURS, REASON, Index
from keymon.gui.reason_shape import draw_reason
from keymon.gui.theme import failure_colour, failure_hatch, success_colour

if TYPE_CHECKING:
    from PySide6.QtGui import QColor


class Cell(QStyledItemDelegate):
    """Draws no focus of its own: a row is chosen, not a cell, and the table draws that."""

    def __init__(self, table: QAbstractItemView) -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Leave the focus out."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus

    def _draw_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, text: str = "") -> None:
        self.initStyleOption(option, index)
        option.text = text
        self._table.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, self._table)


class ReasonCell(Cell):
    """A shape, then the word."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row's ground, the shape, and the word beside it."""
        reason = index.data(REASON)
        if reason is None:
            super().paint(painter, option, index)
            return
        self._draw_ground(painter, option, index)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        side = option.fontMetrics.ascent()
        area = QRectF(option.rect.left() + 8, option.rect.center().y() + 0.5 - side / 2, side, side)
        if selected:
            colour = palette.highlightedText().color()
        else:
            colour = palette.placeholderText().color() if reason == "unproven" else failure_colour(palette)
        draw_reason(painter, area, reason, colour)
        painter.save()
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text))
        room = option.rect.adjusted(8 + side + 6, 0, -4, 0)
        word = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), word)
        painter.restore()


class SparklineCell(Cell):
    """Twenty-four bars: successes upwards, failures downwards and hatched."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row's ground, then the bars; a dash where there are none."""
        found = index.data(HOURS)
        if found is None:
            super().paint(painter, option, index)
            return
        self._draw_ground(painter, option, index)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        text = option.palette.highlightedText().color()
        passed = text if selected else success_colour(option.palette)
        failed = text if selected else failure_colour(option.palette)
        area = QRectF(option.rect.adjusted(8, 4, -8, -4))
        self._draw_bars(painter, area, found, passed, failed)

    def _draw_bars(
        self,
        painter: QPainter,
        area: QRectF,
        found: tuple[list[int], list[int]],
        passed: "QColor",
        failed: "QColor",
    ) -> None:
        success, failure = found
        up, down = max(success), max(failure)
        height = area.height() - 1
        # One scale for both; the line between them is where each has the room that it needs.
        scale = height / max(up + down, 1)
        line = area.top() + up * scale
        width = area.width() / len(success)
        hatch = failure_hatch(self._table.palette())
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        for hour, (good, bad) in enumerate(zip(success, failure, strict=True)):
            x, bar = area.left() + hour * width, max(width - 1, 1)
            if good:
                painter.fillRect(QRectF(x, line - max(good * scale, 1), bar, max(good * scale, 1)), passed)
            if bad:
                below = QRectF(x, line + 1, bar, max(bad * scale, 2))
                painter.fillRect(below, failed)
                painter.fillRect(below, hatch)
        painter.fillRect(QRectF(area.left(), line, area.width(), 1), self._table.palette().mid().color())
        painter.restore()


class DetailsButton(Cell):
    """Draws a push button in the cell; `clicked(row)` tells of it. No widget a row is needed."""

    clicked = Signal(int)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row's ground, then the button on it."""
        self._draw_ground(painter, option, index)
        button = QStyleOptionButton()
        button.rect = option.rect.adjusted(4, 3, -4, -3)
        button.text = str(index.data())
        button.palette = self._table.palette()
        button.fontMetrics = self._table.fontMetrics()
        button.state = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_Raised
        if option.state & QStyle.StateFlag.State_MouseOver and self._is_under_pointer(option.rect):
            button.state |= QStyle.StateFlag.State_MouseOver
        self._table.style().drawControl(QStyle.ControlElement.CE_PushButton, button, painter, self._table)

    def _is_under_pointer(self, rect: QRect) -> bool:
        viewport = self._table.viewport()
        return rect.contains(viewport.mapFromGlobal(viewport.cursor().pos()))

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """Tell when the button is released with the left mouse button."""
        if (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonRelease
            and event.button() == Qt.MouseButton.LeftButton
            and event.modifiers() == Qt.KeyboardModifier.NoModifier
            and option.rect.contains(event.position().toPoint())
        ):
            self.clicked.emit(index.row())
            return True
        return super().editorEvent(event, model, option, index)
