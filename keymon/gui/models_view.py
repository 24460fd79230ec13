"""The calls of a key model by model: as bars, and below as a table."""

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from keymon.gui.charts import ModelChart
from keymon.gui.model_table import model_lines, model_table
from keymon.gui.period_buttons import PeriodButtons, in_words
from keymon.gui.translation import tr
from keymon.model_use import SUFFIXES
from keymon.stats import DAY, CallCount, ModelCalls

if TYPE_CHECKING:
    from keymon.monitor import Snapshot

_BELOW_CHART = 10


class ModelsView(QWidget):
    """The models that `key` called in a period.

    `period_chosen(period)` and `folding_chosen(folded)` tell what the operator chose.
    """

    period_chosen = Signal(object)
    folding_chosen = Signal(bool)

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = key
        self._snapshot: Snapshot | None = None
        self._is_old = self._is_arranged = False
        self.buttons = PeriodButtons(DAY)
        self.buttons.chosen.connect(self._choose)
        self.fold = QCheckBox(tr("&Fold {suffixes}").format(suffixes=", ".join(SUFFIXES)))
        self.fold.setToolTip(tr("Count a model together with its ways of being called"))
        self.fold.toggled.connect(self._fold)
        self.chart = ModelChart()
        self.chart.went_to.connect(self._scroll_to)
        self.table = model_table()
        self._arrange()
        self._name()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.buttons)
        row.addWidget(self.fold)
        row.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.chart)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self._scroll)
        self._splitter.addWidget(self.table)
        self._splitter.splitterMoved.connect(self._keep_arrangement)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        self._nothing = QLabel()
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._splitter)
        self._pages.addWidget(self._nothing)
        self._pages.setCurrentWidget(self._nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self._pages, 1)

    @property
    def has_calls(self) -> bool:
        """Whether there are calls to show."""
        return self._pages.currentWidget() is self._splitter

    def set_period(self, period: timedelta) -> None:
        """Show another period."""
        if period != self.buttons.period:
            self.buttons.set_period(period)
            self._name()
            self._renew()

    @Slot(object)
    def _choose(self, period: timedelta) -> None:
        self._name()
        self._renew()
        self.period_chosen.emit(period)

    @Slot(bool)
    def _fold(self, folded: bool) -> None:
        self._renew()
        self.folding_chosen.emit(folded)

    def _name(self) -> None:
        name = tr("Calls per model: {period}").format(period=in_words(self.buttons.period))
        for widget in (self.chart, self.table):
            widget.setAccessibleName(name)

    def show_snapshot(self, snapshot: "Snapshot") -> None:
        """Show the figures of `snapshot`."""
        self._snapshot = snapshot
        self._renew()

    def showEvent(self, event: QShowEvent) -> None:
        """Show what has changed while the view was hidden."""
        super().showEvent(event)
        if self._is_old:
            self._renew()
        self._share_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room out anew."""
        super().resizeEvent(event)
        self._share_room()

    def _renew(self) -> None:
        self._is_old = not self.isVisible()
        if self._is_old or self._snapshot is None:
            return
        uses = self._snapshot.stats.models(self._key, self.buttons.period, folded=self.fold.isChecked())
        self.chart.set_rows([ModelCalls(use.model, CallCount(use.success, use.failure)) for use in uses])
        self.table.set_lines(model_lines(uses), sum_last=True)
        self._nothing.setText(self._why_nothing(self._snapshot))
        had_calls = self.has_calls
        self._pages.setCurrentWidget(self._splitter if uses else self._nothing)
        if not had_calls:
            self._share_room()

    def _why_nothing(self, snapshot: "Snapshot") -> str:
        if snapshot.loading is not None:
            return tr("Reading the log…")
        hours = self.buttons.period // timedelta(hours=1)
        return tr("No calls in the last hour") if hours == 1 else tr("No calls in the last {n} hours").format(n=hours)

    def _share_room(self) -> None:
        """Give the chart room for its bars, up to three fifths of what there is, unless the operator has shared it."""
        if self._is_arranged or not self.has_calls or not self.isVisible():
            return
        for one in (self.window().layout(), self.layout()):
            if one is not None:
                one.activate()
        room = self._splitter.height()
        chart = min(self.chart.sizeHint().height() + _BELOW_CHART, 3 * room // 5)
        self._splitter.setSizes([chart, room - chart])

    @Slot()
    def _keep_arrangement(self) -> None:
        self._is_arranged = True

    @Slot(QRect)
    def _scroll_to(self, bar: QRect) -> None:
        self._scroll.ensureVisible(0, bar.center().y(), 0, bar.height())
