"""The choice of a period: 1 h, 8 h or 24 h."""

from datetime import timedelta

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from keymon.gui.translation import number, tr
from keymon.trend import HOUR, PERIODS


class PeriodButtons(QWidget):
    """A button for each period, of which one is down; `chosen(period)` tells which the operator presses."""

    chosen = Signal(object)

    def __init__(self, period: timedelta, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for hours in (one // HOUR for one in PERIODS):
            button = QPushButton(tr("{n} h").format(n=number(hours)))
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance("00000 h"))
            button.setAccessibleName(in_words(hours * HOUR))
            button.setToolTip(in_words(hours * HOUR))
            button.toggled.connect(self._mark)
            self._group.addButton(button, hours)
            row.addWidget(button)
        self._group.idClicked.connect(self._choose)
        self.set_period(period)

    @property
    def period(self) -> timedelta:
        """The period whose button is down."""
        return self._group.checkedId() * HOUR

    def set_period(self, period: timedelta) -> None:
        """Press the button of a period."""
        self._group.button(period // HOUR).setChecked(True)

    @Slot()
    def _mark(self) -> None:
        """Make the button that is down stand out: in the dark its ground hardly does. Tab goes to it alone."""
        for button in self._group.buttons():
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if button.isChecked() else Qt.FocusPolicy.ClickFocus)
            font = button.font()
            font.setBold(button.isChecked())
            button.setFont(font)

    def _choose(self, hours: int) -> None:
        self.chosen.emit(hours * HOUR)


def period_of(hours: object, otherwise: timedelta) -> timedelta:
    """Return the period of so many hours, `otherwise` where there is none."""
    period = hours * HOUR if isinstance(hours, int) else otherwise
    return period if period in PERIODS else otherwise


def in_words(period: timedelta) -> str:
    """Return a period as it is spoken of."""
    hours = period // HOUR
    return tr("The last hour") if hours == 1 else tr("The last {n} hours").format(n=number(hours))
