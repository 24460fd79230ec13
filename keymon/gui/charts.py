"""The bar chart of calls per model: drawn by hand, so that it can be read without a mouse or without eyes.

Successes and failures are stacked in one bar, failures hatched besides their colour. Every bar has a value
beside it and a tooltip; the arrow keys walk along the bars; the accessible description says it all in words.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from keymon.gui.bars import draw_legend, fill, legend_height
from keymon.gui.translation import number, percent, plain_tip, shown_model, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keymon.stats import CallCount, ModelCalls

_GAP = 10
_LABEL_SHARE = 0.34
_LEAST_BAR = 2.0


class ModelChart(QWidget):
    """Horizontal bars, one a model, most calls first, all to the same scale.

    `went_to(area)` tells where the bar is that was gone to, so that whatever scrolls the chart can show it.
    """

    went_to = Signal(QRect)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ModelCalls, ...] = ()
        self._current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(tr("Calls per model"))

    def set_rows(self, rows: "Sequence[ModelCalls]") -> None:
        """Show `rows` in their order."""
        if tuple(rows) == self._rows:
            return
        models = [row.model for row in rows]
        before = self._rows[self._current].model if self._current >= 0 else None
        # The keyboard stays on the same model, wherever it has moved.
        gone = min(self._current, len(rows) - 1)
        self._current = models.index(before) if self._current >= 0 and before in models else gone
        self._rows = tuple(rows)
        self.setAccessibleDescription("; ".join(describe(row) for row in rows))
        self.updateGeometry()
        self.update()

    @property
    def current(self) -> int:
        """The number of the bar that the keyboard is on, -1 for none."""
        return self._current

    def sizeHint(self) -> QSize:
        """Return room for the legend and every bar."""
        return QSize(520, self._top() + self._pitch() * len(self._rows) + 4)

    def minimumSizeHint(self) -> QSize:
        """Return a narrower room of the same height."""
        return QSize(320, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw legend and bars, and where the keyboard is."""
        painter = QPainter(self)
        self.paint(painter, QRectF(self.rect()))
        if self._current >= 0 and self.hasFocus():
            area = QRectF(0, self._top() + self._current * self._pitch(), self.width(), self._pitch())
            painter.setPen(QPen(self.palette().highlight().color(), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw the chart, without the keyboard's frame, into `area` of a widget, a picture or a file."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        painter.translate(area.topLeft())
        draw_legend(painter, self.palette(), 0, 0)
        label, value = self._label_width(area.width()), self._value_width()
        room = max(area.width() - label - value - 2 * _GAP, 20)
        most = max((row.calls.total for row in self._rows), default=1)
        for i, row in enumerate(self._rows):
            line = QRectF(0, self._top() + i * self._pitch(), area.width(), self._pitch())
            self._draw_row(painter, line, row, label, room * row.calls.total / most)
        painter.restore()

    def _draw_row(self, painter: QPainter, area: QRectF, row: "ModelCalls", label: int, length: float) -> None:
        metrics = self.fontMetrics()
        painter.setPen(self.palette().windowText().color())
        name = metrics.elidedText(shown_model(row.model), Qt.TextElideMode.ElideMiddle, label)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, area.top(), label, area.height()), right, name)
        bar = QRectF(label + _GAP, area.top() + 4, length, area.height() - 8)
        self._draw_bar(painter, bar, row)
        beside = QRectF(bar.right() + _GAP, area.top(), self._value_width(), area.height())
        painter.setPen(self.palette().windowText().color())
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, _value(row))

    def _draw_bar(self, painter: QPainter, bar: QRectF, row: "ModelCalls") -> None:
        """Draw the stacked bar."""
        succeeded, failed = split_bar(bar.width(), row.calls)
        fill(painter, self.palette(), QRectF(bar.left(), bar.top(), succeeded, bar.height()), failed=False)
        failures = QRectF(bar.left() + succeeded, bar.top(), failed, bar.height())
        fill(painter, self.palette(), failures, failed=True)

    def event(self, event: QEvent) -> bool:
        """Show the tooltip of the bar under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self._row_at(event.pos().y())
            if row >= 0:
                QToolTip.showText(event.globalPos(), plain_tip(describe(self._rows[row])), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk along the bars."""
        steps = {
            Qt.Key.Key_Down: self._current + 1,
            Qt.Key.Key_Up: self._current - 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self._rows) - 1,
        }
        key = Qt.Key(event.key())
        if key not in steps or not self._rows:
            super().keyPressEvent(event)
            return
        self._go_to(min(max(steps[key], 0), len(self._rows) - 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the bar that is clicked."""
        row = self._row_at(int(event.position().y()))
        if row >= 0:
            self._go_to(row)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Begin at the first bar."""
        super().focusInEvent(event)
        by_keyboard = event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
        if self._current < 0 and self._rows and by_keyboard:
            self._go_to(0)

    def _go_to(self, row: int) -> None:
        self._current = row
        area = QRect(0, self._top() + row * self._pitch(), self.width(), self._pitch())
        self.went_to.emit(area)
        QToolTip.showText(self.mapToGlobal(area.center()), plain_tip(describe(self._rows[row])), self, area)
        self.update()

    def _row_at(self, y: int) -> int:
        row = (y - self._top()) // self._pitch()
        return row if 0 <= row < len(self._rows) else -1

    def _top(self) -> int:
        return legend_height(self.fontMetrics())

    def _pitch(self) -> int:
        return self.fontMetrics().height() + 14

    def _label_width(self, room: float) -> int:
        metrics = QFontMetrics(self.font())
        widest = max((metrics.horizontalAdvance(shown_model(row.model)) for row in self._rows), default=0)
        return min(widest + 2, int(room * _LABEL_SHARE))

    def _value_width(self) -> int:
        metrics = QFontMetrics(self.font())
        return max((metrics.horizontalAdvance(_value(row)) for row in self._rows), default=0) + 2


def split_bar(length: float, calls: "CallCount") -> tuple[float, float]:
    """Share the length of a bar out to successes and failures; whatever is not zero can be seen."""
    if not calls.total:
        return 0.0, 0.0
    failed = length * calls.failure / calls.total
    succeeded = length - failed
    if calls.failure:
        failed = max(failed, _LEAST_BAR)
    if calls.success:
        succeeded = max(length - failed, _LEAST_BAR)
    return succeeded, failed


def describe(row: "ModelCalls") -> str:
    """Return the figures of one bar as a sentence."""
    return tr("{model}: {total} calls, {success} successful, {failure} failed ({rate} success)").format(
        model=shown_model(row.model),
        total=number(row.calls.total),
        success=number(row.calls.success),
        failure=number(row.calls.failure),
        rate=percent(row.calls.success_rate),
    )


def _value(row: "ModelCalls") -> str:
    total = number(row.calls.total)
    if not row.calls.failure:
        return total
    return tr("{total} ({failure} failed)").format(total=total, failure=number(row.calls.failure))
