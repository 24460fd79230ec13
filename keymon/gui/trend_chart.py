"""The chart of calls over time: stacked bars that can be read without a mouse or without eyes.

Every bucket has the same width, the first and the last too, of which a part only lies in the period: so
bars stay where they are from one refresh to the next, until the next bucket begins.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from keymon.gui.bars import draw_frame, draw_legend, fill, legend_height, line
from keymon.gui.charts import split_bar
from keymon.gui.translation import number, plain_tip, tr
from keymon.gui.trend_times import describe_all, describe_bucket, gateway_time, marks
from keymon.stats import CallCount

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.trend import Trend

_GAP = 6
_LEAST_BAR = 2.0
_MARK_ROOM = 24
_MOST_LINES = 6
_TINY = timedelta(microseconds=1)


class TrendChart(QWidget):
    """Vertical bars, one a bucket, oldest at the left, with scales of calls and of time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trend: Trend | None = None
        self._snapshot: Snapshot | None = None
        self._current: datetime | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Calls over time"))
        self.setAccessibleDescription(self.message)

    def set_trend(self, trend: "Trend | None", snapshot: "Snapshot | None") -> None:
        """Show the `trend` that was made from `snapshot`; without them say that they are being read."""
        self._trend, self._snapshot = trend, snapshot
        if trend is None or self.current < 0:
            self._current = None
        self.setAccessibleDescription(
            self.message if trend is None or snapshot is None or self.message else describe_all(trend, snapshot)
        )
        self.update()

    @property
    def current(self) -> int:
        """The number of the bucket that the keyboard is on, -1 for none; it stays on the same time."""
        trend = self._trend
        if trend is None or self._current is None:
            return -1
        return next((i for i in range(len(trend)) if trend.start(i) <= self._current < trend.end(i)), -1)

    @property
    def message(self) -> str:
        """What is said in place of bars; empty where there are bars."""
        if self._trend is None:
            return tr("Reading the log…")
        if (self._trend.success + self._trend.failure).any():
            return ""
        if self._snapshot is not None and self._snapshot.loading is not None:
            return tr("Reading the log…")
        return tr("No calls in this period")

    def sizeHint(self) -> QSize:
        """Return room for bars of a good width."""
        return QSize(640, 240)

    def minimumSizeHint(self) -> QSize:
        """Return room in which bars can still be told apart."""
        return QSize(280, 130)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the chart, and a frame around the bucket that the keyboard is on."""
        painter = QPainter(self)
        self.paint(painter, QRectF(self.rect()))
        if self._trend is not None and self.current >= 0 and self.hasFocus():
            draw_frame(painter, self.palette(), self._plot().slot(self.current))
        painter.end()

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw the chart, without the keyboard's frame, into `area` of a widget, a picture or a file."""
        painter.save()
        painter.setFont(self.font())
        painter.fillRect(area, self.palette().window())
        draw_legend(painter, self.palette(), area.left(), area.top())
        if self.message:
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.message)
        elif self._trend is not None and self._snapshot is not None:
            plot = _Plot.of(self._trend, area, painter.fontMetrics())
            self._draw_scale(painter, plot)
            self._draw_bars(painter, plot, self._trend)
            self._draw_times(painter, plot, self._snapshot)
        painter.restore()

    def _draw_scale(self, painter: QPainter, plot: "_Plot") -> None:
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for calls in range(0, plot.top_value + 1, plot.step):
            y = plot.y(calls)
            painter.setPen(self.palette().mid().color())
            line(painter, plot.area.left(), y, plot.area.right(), y)
            painter.setPen(self.palette().placeholderText().color())
            label = QRectF(plot.area.left() - _GAP - 200, y - 20, 200, 40)
            painter.drawText(label, right, number(calls))

    def _draw_bars(self, painter: QPainter, plot: "_Plot", trend: "Trend") -> None:
        pairs = zip(trend.success.tolist(), trend.failure.tolist(), strict=True)
        for i, (success, failure) in enumerate(pairs):
            total = success + failure
            if not total:
                continue
            slot = plot.slot(i)
            inset = min(slot.width() * 0.12, 3.0)
            bottom = plot.area.bottom()
            height = max(bottom - plot.y(total), _LEAST_BAR)
            succeeded, failed = split_bar(height, CallCount(success, failure))
            left, width = slot.left() + inset, slot.width() - 2 * inset
            fill(painter, self.palette(), QRectF(left, bottom - succeeded, width, succeeded), failed=False)
            fill(painter, self.palette(), QRectF(left, bottom - succeeded - failed, width, failed), failed=True)

    def _draw_times(self, painter: QPainter, plot: "_Plot", snapshot: "Snapshot") -> None:
        metrics = painter.fontMetrics()
        widest = metrics.horizontalAdvance("00:00") + _MARK_ROOM
        bottom, free = plot.area.bottom(), plot.area.left() - widest
        for instant, text in marks(plot.trend, snapshot, max(int(plot.area.width() / widest), 2)):
            x = plot.x(instant)
            painter.setPen(self.palette().mid().color())
            line(painter, x, bottom, x, bottom + 4)
            width = metrics.horizontalAdvance(text)
            left = min(max(x - width / 2, plot.area.left() - _GAP), plot.area.right() - width)
            if left >= free:
                painter.setPen(self.palette().placeholderText().color())
                painter.drawText(
                    QRectF(left, bottom + 5, width + 2, metrics.height()), Qt.AlignmentFlag.AlignLeft, text
                )
                free = left + width + _GAP

    def _plot(self) -> "_Plot":
        assert self._trend is not None  # noqa: S101 - asked for only where there are bars
        return _Plot.of(self._trend, QRectF(self.rect()), self.fontMetrics())

    def _tip(self, bucket: int) -> str:
        if self._trend is None or self._snapshot is None:
            return ""
        lines = (
            describe_bucket(self._trend, bucket, self._snapshot),
            gateway_time(self._trend, bucket, self._snapshot),
        )
        return plain_tip("\n".join(filter(None, lines))).replace("\n", "<br>")

    def event(self, event: QEvent) -> bool:
        """Show the tooltip of the bucket under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            bucket = self._bucket_at(event.pos().x())
            if bucket >= 0:
                QToolTip.showText(event.globalPos(), self._tip(bucket), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk along the buckets."""
        last = -1 if self._trend is None or self.message else len(self._trend) - 1
        steps = {
            Qt.Key.Key_Right: self.current + 1,
            Qt.Key.Key_Left: self.current - 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if key not in steps or last < 0 or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        self._go_to(min(max(steps[key], 0), last))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the bucket that is clicked."""
        bucket = self._bucket_at(int(event.position().x()))
        if bucket >= 0:
            self._go_to(bucket)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Begin at the newest bucket."""
        super().focusInEvent(event)
        by_keyboard = event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
        if self.current < 0 and by_keyboard and self._trend is not None and not self.message:
            self._go_to(len(self._trend) - 1)

    def _go_to(self, bucket: int) -> None:
        assert self._trend is not None  # noqa: S101 - asked for only where there are bars
        # Its last instant: the beginning of the first bucket moves on with the time.
        self._current = self._trend.end(bucket) - _TINY if bucket == 0 else self._trend.start(bucket)
        area = self._plot().slot(bucket).toRect()
        QToolTip.showText(self.mapToGlobal(area.center()), self._tip(bucket), self, area)
        self.update()

    def _bucket_at(self, x: int) -> int:
        if self._trend is None or self.message:
            return -1
        plot = self._plot()
        bucket = int((x - plot.area.left()) // plot.pitch)
        return bucket if 0 <= bucket < len(self._trend) else -1


@dataclass(frozen=True, slots=True, eq=False)
class _Plot:
    """Where the bars are drawn: in `area`, up to `top_value` calls, with a line every `step` calls."""

    trend: "Trend"
    area: QRectF
    top_value: int
    step: int

    @classmethod
    def of(cls, trend: "Trend", area: QRectF, metrics: QFontMetrics) -> "_Plot":
        """Return the plot of a trend in a chart of this area and font."""
        top = legend_height(metrics) + metrics.height() / 2
        height = max(area.height() - top - metrics.height() - 8, 1.0)
        most = int((trend.success + trend.failure).max())
        step = round_step(most, min(max(int(height / (metrics.height() * 2)), 1), _MOST_LINES))
        top_value = max(-(-most // step), 1) * step
        left = metrics.horizontalAdvance(number(top_value)) + 2 * _GAP
        room = QRectF(area.left() + left, area.top() + top, max(area.width() - left - _GAP, 1.0), height)
        return cls(trend, room, top_value, step)

    @property
    def pitch(self) -> float:
        """The width of a bucket."""
        return self.area.width() / len(self.trend)

    def slot(self, bucket: int) -> QRectF:
        """Return the room of a bucket."""
        return QRectF(self.area.left() + bucket * self.pitch, self.area.top(), self.pitch, self.area.height())

    def x(self, instant: datetime) -> float:
        """Return where an instant is."""
        from_second = (instant - self.trend.end(0)) / self.trend.length
        return self.area.left() + (from_second + 1) * self.pitch

    def y(self, calls: float) -> float:
        """Return where so many calls are."""
        return self.area.bottom() - self.area.height() * calls / self.top_value


def round_step(most: int, lines: int) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50, ... of which at most `lines` reach up to `most`."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if most <= step * lines:
                return step
        power *= 10
