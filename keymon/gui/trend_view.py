"""Calls over time with all that belongs to the chart: the choice of a period, the sum, and the same as a table."""

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from keymon.gui.figure_table import FigureTable
from keymon.gui.period_buttons import PeriodButtons, in_words
from keymon.gui.translation import number, percent, tr
from keymon.gui.trend_chart import TrendChart
from keymon.gui.trend_times import bucket_time
from keymon.stats import DAY

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.trend import Trend


class TrendView(QWidget):
    """The trend of the whole gateway, or of `key`. Nothing is computed while it cannot be seen.

    `period_chosen(period)` tells that the operator chose another period.
    """

    period_chosen = Signal(object)

    def __init__(self, key: str | None = None, period: timedelta = DAY, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = key
        self._snapshot: Snapshot | None = None
        self._is_old = False
        self._buttons = PeriodButtons(period)
        self._buttons.chosen.connect(self._choose)
        self._sum = QLabel()
        self._sum.setTextFormat(Qt.TextFormat.PlainText)
        self._sum.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.as_table = QPushButton(tr("As &table"))
        self.as_table.setCheckable(True)
        self.as_table.setAutoDefault(False)
        self.as_table.setToolTip(tr("Show the figures of the chart as a table, which can be copied"))
        self.chart = TrendChart()
        titles = (tr("Time"), tr("Calls"), tr("Successful"), tr("Failed"), tr("Success"))
        self.table = FigureTable("trend", titles)
        self.table.hide()
        self.as_table.toggled.connect(self.table.setVisible)
        self._arrange()
        self._name()

    def _arrange(self) -> None:
        row = self._row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._buttons)
        row.addWidget(self._sum, 1)
        row.addWidget(self.as_table)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.chart)
        splitter.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(splitter, 1)

    def add_tool(self, widget: QWidget) -> None:
        """Put a widget beside those that belong to the chart."""
        self._row.addWidget(widget)

    @property
    def period(self) -> timedelta:
        """The period that is shown."""
        return self._buttons.period

    def set_period(self, period: timedelta) -> None:
        """Show another period."""
        if period != self.period:
            self._buttons.set_period(period)
            self._name()
            self._renew()

    @Slot(object)
    def _choose(self, period: timedelta) -> None:
        self._name()
        self._renew()
        self.period_chosen.emit(period)

    def _name(self) -> None:
        name = tr("Calls over time: {period}").format(period=in_words(self.period))
        for widget in (self.chart, self.table):
            widget.setAccessibleName(name)

    def clear(self) -> None:
        """Show that the figures are being read."""
        self._snapshot = None
        self._renew()

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the trend as of `snapshot`."""
        self._snapshot = snapshot
        self._renew()

    def showEvent(self, event: QShowEvent) -> None:
        """Show what has changed while the view was hidden."""
        super().showEvent(event)
        if self._is_old:
            self._renew()

    def _renew(self) -> None:
        self._is_old = not self.isVisible()
        if self._is_old:
            return
        snapshot = self._snapshot
        if snapshot is None:
            self.chart.set_trend(None, None)
            self.table.set_lines(())
            self._sum.setText("")
            return
        trend = snapshot.stats.trend(self.period, self._key)
        self.chart.set_trend(trend, snapshot)
        self.table.set_lines(_lines(trend, snapshot), sum_last=True)
        self._sum.setText(_sum(trend, snapshot))


def _lines(trend: "Trend", snapshot: "Snapshot") -> list[tuple[object, tuple[str, ...]]]:
    """Return the buckets as lines of a table, and their sum."""
    pairs = list(zip(trend.success.tolist(), trend.failure.tolist(), strict=True))
    lines: list[tuple[object, tuple[str, ...]]] = [
        # The end of the first is where it stays, and the beginning of the last.
        (trend.start(i) if i else trend.end(0) - trend.length, _cells(bucket_time(trend, i, snapshot), *pair))
        for i, pair in enumerate(pairs)
    ]
    lines.append(("sum", _cells(tr("Sum"), int(trend.success.sum()), int(trend.failure.sum()))))
    return lines


def _cells(name: str, success: int, failure: int) -> tuple[str, ...]:
    total = success + failure
    rate = success / total if total else None
    return name, number(total), number(success), number(failure), percent(rate)


def _sum(trend: "Trend", snapshot: "Snapshot") -> str:
    success, failure = int(trend.success.sum()), int(trend.failure.sum())
    text = tr("{total} calls, {failure} failed").format(total=number(success + failure), failure=number(failure))
    loading = snapshot.loading
    if loading is not None and (loading.known_since is None or loading.known_since > trend.start(0)):
        return tr("{sum} so far (older ones are being read)").format(sum=text)
    return text
